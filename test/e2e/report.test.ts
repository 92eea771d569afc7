import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  colourOf,
  complaints,
  data,
  dir,
  frames,
  inOrder,
  manyDocuments,
  open,
  overflow,
  PHONE,
  pixels,
  rows,
  status,
  texts,
  withBrowser,
} from './browser.js';
import { headlines } from './fixture.js';

withBrowser();

describe('the report in a browser', () => {
  it('shows facts, scores, stages and a card per cluster', async (test) => {
    const page = await open(test);
    expect(await page.title()).toBe(data.title);
    expect(await page.locator('.facts dt').allTextContents()).toEqual(data.facts.map(([label]) => label));
    expect(await page.locator('.scores b').allTextContents()).toEqual(['0.413', '0.586', '0.586']);
    expect(await page.locator('.time li').count()).toBe(data.seconds.length);
    const cards = page.locator('.card');
    expect(await cards.count()).toBe(20);
    const first = cards.first();
    const [cluster] = data.clusters;
    expect(await first.locator('.eyebrow').textContent()).toContain(`${cluster!.size} documents`);
    expect(await first.locator('.terms').first().locator('bdi').allTextContents()).toEqual(
      cluster!.terms.slice(0, 10).map(({ term }) => term),
    );
    expect(await first.locator('.nearest span').allTextContents()).toEqual(
      cluster!.exemplars.map(({ text }) => text),
    );
    expect(await first.locator('.fit b').textContent()).toBe(`${Math.round(cluster!.fit * 100)}%`);
    await first.locator('summary').click();
    expect(await first.locator('details .terms').isVisible()).toBe(true);
  });

  it('sorts the table by every column, both ways', async (test) => {
    const page = await open(test);
    const order = async (column: string, cell = `.${column}`) => {
      await page.locator(`[data-sort=${column}]`).click();
      await frames(page);
      return (await inOrder(page, cell)).slice(0, 8);
    };
    const sorted = (label: string) =>
      page.locator('[role=columnheader]', { hasText: label }).getAttribute('aria-sort');
    const ids = data.documents.map(({ id }) => id);
    expect(await sorted('Cluster')).toBe('ascending');
    expect(await order('id')).toEqual(ids.slice(0, 8));
    expect(await sorted('Id')).toBe('ascending');
    expect(await order('id')).toEqual(ids.slice(-8).reverse());
    expect(await sorted('Id')).toBe('descending');
    const near = Array.from(data.distances)
      .filter((distance) => !Number.isNaN(distance))
      .sort((a, b) => a - b);
    expect(await order('distance')).toEqual(near.slice(0, 8).map((distance) => distance.toFixed(3)));
    expect(new Set(await order('category'))).toEqual(new Set(['appliances']));
    const byText = await order('text');
    expect(byText).toEqual([...byText].sort(new Intl.Collator('ja', { numeric: true }).compare));
    expect(new Set(await order('cluster', '.cluster b'))).toEqual(new Set(['0']));
    expect(new Set(await order('cluster', '.cluster b'))).toEqual(new Set(['–']));
  });

  it('filters the table and the map by words, cluster and category', async (test) => {
    const page = await open(test);
    const counted = page.locator('#filter-count');
    expect(await status(page)).toBe('900 points');
    await page.keyboard.press('/');
    await page.keyboard.type('台風');
    const found = data.documents.filter(({ text, id }) => `${text}\n${id}`.includes('台風'));
    await expect.poll(() => counted.textContent()).toBe(`${found.length} of 900`);
    expect(await page.locator('#table-status').textContent()).toBe(`${found.length} of 900 documents`);
    expect(await status(page)).toBe(`900 points · ${found.length} highlighted`);
    for (const text of await texts(page)) expect(text).toContain('台風');

    await page.locator('#query').fill('');
    await page.locator('#cluster-filter').selectOption('2');
    const inCluster = data.documents.filter((_, i) => data.labels[i] === 2);
    await expect.poll(() => counted.textContent()).toBe(`${inCluster.length} of 900`);
    const category = inCluster[0]!.category!;
    await page.locator('#category-filter').selectOption({ label: category });
    const both = inCluster.filter((document) => document.category === category);
    await expect.poll(() => counted.textContent()).toBe(`${both.length} of 900`);
    expect(await page.locator('#table').getAttribute('aria-rowcount')).toBe(String(both.length + 1));
    expect(new Set(await inOrder(page, '.category'))).toEqual(new Set([category]));

    await page.locator('#query').fill('この言葉はどこにもない');
    await expect.poll(() => rows(page).count()).toBe(0);
    await page.locator('#clear').click();
    expect(await page.locator('#table-status').textContent()).toBe('900 documents');
    expect(await page.locator('#query').inputValue()).toBe('');
    expect(await counted.textContent()).toBe('');
  });

  it('scrolls the table to its last row with few rows in the page', async (test) => {
    const page = await open(test);
    await page.locator('[data-sort=id]').click();
    await page.locator('#table').evaluate((table) => {
      table.scrollTop = table.scrollHeight;
    });
    await expect.poll(() => inOrder(page, '.id').then((ids) => ids.at(-1))).toBe('n0900');
    expect(await rows(page).count()).toBeLessThan(60);
    const last = await rows(page).filter({ hasText: 'n0900' }).boundingBox();
    const table = await page.locator('#table').boundingBox();
    expect(last!.y + last!.height).toBeLessThanOrEqual(table!.y + table!.height + 1);
  });

  it('reads a document whole in a dialog and finds it on the map', async (test) => {
    const page = await open(test);
    const row = rows(page).nth(2);
    const text = await row.locator('.text').textContent();
    await row.locator('button').focus();
    await page.keyboard.press('Enter');
    expect(await page.locator('#detail-text').textContent()).toBe(text);
    await page.keyboard.press('Escape');
    expect(await page.locator('#detail').isVisible()).toBe(false);
    await row.click();
    const before = await page.locator('#overlay').screenshot();
    await page.locator('#detail-map').click();
    await frames(page);
    expect((await page.locator('#overlay').screenshot()).equals(before)).toBe(false);
    expect(await page.locator('#detail').isVisible()).toBe(false);
  });

  it('follows the system into the dark and back', async (test) => {
    const page = await open(test);
    const ground = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
    expect(await ground()).toBe('rgb(247, 246, 243)');
    expect((await pixels(page, '#ffffff')).count).toBeGreaterThan(100_000);
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await ground()).toBe('rgb(18, 20, 24)');
    expect((await pixels(page, '#1a1d22')).count).toBeGreaterThan(100_000);
    expect((await pixels(page, '#ffffff')).count).toBe(0);
    const colour = await colourOf(page.locator('#legend .mark').first());
    expect((await pixels(page, colour)).count).toBeGreaterThan(500);
    await page.emulateMedia({ colorScheme: 'light' });
    expect(await ground()).toBe('rgb(247, 246, 243)');
  });

  it('fits a phone', async (test) => {
    const page = await open(test);
    await page.setViewportSize(PHONE);
    await frames(page);
    expect(await overflow(page)).toBe(0);
    const points = (await page.locator('#points').boundingBox())!;
    expect(points.x).toBeGreaterThanOrEqual(0);
    expect(points.x + points.width).toBeLessThanOrEqual(PHONE.width);
    expect(await page.locator('.thead [data-sort=id]').isVisible()).toBe(true);
    await page.locator('#query').fill('映画');
    await expect.poll(() => page.locator('#filter-count').textContent()).toMatch(/ of 900$/);
    expect(await overflow(page)).toBe(0);
    await rows(page).first().click();
    const detail = (await page.locator('#detail').boundingBox())!;
    expect(detail.x + detail.width).toBeLessThanOrEqual(PHONE.width);
  });

  it('prints every row, all terms and one picture of the map', async (test) => {
    const page = await open(test);
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    await page.evaluate("dispatchEvent(new Event('beforeprint'))");
    expect(await rows(page).count()).toBe(900);
    expect(await page.locator('details:not([open])').count()).toBe(0);
    expect(await page.locator('#points').isVisible()).toBe(false);
    const colour = await colourOf(page.locator('#legend .mark').first());
    expect((await pixels(page, colour, '#paper')).count).toBeGreaterThan(500);
    await page.emulateMedia({ media: 'screen' });
    await page.evaluate("dispatchEvent(new Event('afterprint'))");
    await frames(page);
    expect(await rows(page).count()).toBeLessThan(60);
    expect(await page.locator('#paper').count()).toBe(0);
  });

  it('is usable without categories, terms, distances, or two places on the map', async (test) => {
    const small = headlines(3, { noise: 0 });
    const page = await open(test, {
      ...small,
      scores: undefined,
      documents: small.documents.map(({ id, text }) => ({ id, text })),
      clusters: small.clusters.map((cluster) => ({ ...cluster, terms: [], fit: Number.NaN })),
      distances: new Float32Array(3).fill(Number.NaN),
      map: { data: new Float32Array(6), rows: 3, cols: 2 },
    });
    expect(await page.locator('.scores, .switch, #category-filter, .table .category').count()).toBe(0);
    expect(await inOrder(page, '.distance')).toEqual(['–', '–', '–']);
    const colour = await colourOf(page.locator('#legend .mark').first());
    await page.locator('#legend button').first().dblclick();
    expect((await pixels(page, colour)).count).toBeGreaterThan(50);
  });

  it('says so when its folder is gone', async (test) => {
    const page = await open(test, manyDocuments(100_001));
    rmSync(join(dir, 'report-data'), { recursive: true });
    await page.locator('#query').fill('number 7777');
    await expect.poll(() => status(page)).toMatch(/cannot be read: keep that folder beside the report$/);
    expect(complaints.splice(0).join()).toMatch(/ERR_FILE_NOT_FOUND/);
  });

  it('holds a million documents: drawn, pointed at, searched, and scrolled to the last row', async (test) => {
    const n = 1_000_000;
    const page = await open(test, manyDocuments(n));
    expect(await status(page)).toBe('1,000,000 points');
    const [id] = readdirSync(join(dir, 'report-data'));
    expect(readdirSync(join(dir, 'report-data', id!)).length).toBeGreaterThan(100);
    await page.locator('#map').scrollIntoViewIfNeeded();
    const box = (await page.locator('#points').boundingBox())!;
    const tooltip = page.locator('#tooltip');
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await expect.poll(() => tooltip.locator('.title').textContent()).toMatch(/^document number \d+$/);

    await page.locator('#legend button').first().dblclick();
    await frames(page);
    expect(await status(page)).toBe('1,000,000 points · 950,000 hidden');
    await page.locator('#show-all').click();

    await page.locator('#table').evaluate((table) => {
      table.scrollTop = table.scrollHeight;
    });
    // The last in the order of clusters: of the last cluster, the last of those equally far from its centroid.
    await expect.poll(() => texts(page).then((all) => all.includes(`document number ${n - 1}`))).toBe(true);
    await frames(page);
    const last = (await rows(page)
      .filter({ hasText: `number ${n - 1}` })
      .boundingBox())!;
    const table = (await page.locator('#table').boundingBox())!;
    expect(last.y + last.height).toBeLessThanOrEqual(table.y + table.height + 4);
    expect(last.y).toBeGreaterThan(table.y);
    expect(await rows(page).count()).toBeLessThan(60);

    await page.locator('#query').fill('number 12345');
    await expect
      .poll(() => page.locator('#filter-count').textContent(), { timeout: 50_000 })
      .toBe('20 of 1,000,000');
    await expect.poll(() => inOrder(page, '.text button')).toContain('document number 912345');
    expect(await status(page)).toBe('1,000,000 points · 20 highlighted');
  }, 180_000);
});
