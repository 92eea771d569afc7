import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type BrowserContext, chromium, type Locator, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { writeReport } from '#dist/report/index.js';
import type { ReportData } from '../../src/pipeline/types.js';
import { headlines, theorems } from './fixture.js';

const BROWSERS = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/google-chrome'];
const browser = BROWSERS.find((path) => path !== undefined && path !== '' && existsSync(path));
const FLAGS =
  '--no-sandbox --disable-gpu --disable-quic --no-first-run --enable-unsafe-swiftshader --disable-background-networking --disable-component-update --disable-sync';
const WIDE = { width: 1280, height: 860 };
const PHONE = { width: 390, height: 844 };

const dir = mkdtempSync(join(tmpdir(), 'matomari-report-'));
let context: BrowserContext | undefined;
const data = headlines(900);
/** Whatever a page complains about, or fetches beside itself. */
const complaints: string[] = [];

beforeAll(async () => {
  if (!browser) return;
  context = await chromium.launchPersistentContext(join(dir, 'profile'), {
    executablePath: browser,
    headless: true,
    args: FLAGS.split(' '),
    viewport: WIDE,
    reducedMotion: 'reduce',
  });
});
afterAll(async () => {
  await context?.close();
  rmSync(dir, { recursive: true, force: true });
});
afterEach(async () => {
  for (const page of context?.pages() ?? []) await page.close();
  expect(complaints.splice(0)).toEqual([]);
});

/** Writes the report and opens it as a user would, from the disk. */
async function open(test: TestContext, report: ReportData = data, draw = ''): Promise<Page> {
  if (!context) return test.skip('no Chromium: set CHROMIUM, or install /usr/bin/chromium');
  const file = join(dir, 'report.html');
  await writeReport(file, report);
  const address = pathToFileURL(file).href;
  const page = await context.newPage();
  page.on('console', (message) => {
    // Only these tests read the pictures back, again and again.
    const ours = /willReadFrequently|GPU stall due to ReadPixels/.test(message.text());
    if (['error', 'warning'].includes(message.type()) && !ours) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    const own = request.url().split('?')[0] === address || request.url().startsWith(`${folderOf(address)}/`);
    if (!own && !request.url().startsWith('data:image/')) complaints.push(`request of ${request.url()}`);
  });
  await page.goto(`${address}${draw && `?draw=${draw}`}`);
  await page.waitForSelector('html.ready');
  await frames(page);
  return page;
}
const folderOf = (address: string) => address.replace(/\.html$/, '-data');

/** Waits until what was asked for is drawn. */
const frames = (page: Page) =>
  page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');

/** Pixels of an element, as they are on the screen, that have exactly this colour, and one well inside its mark. */
async function pixels(
  page: Page,
  colour: string,
  selector = '#points',
): Promise<{ count: number; x: number; y: number }> {
  await frames(page);
  const picture = await page.locator(selector).screenshot();
  return page.evaluate(`(async () => {
    const bytes = Uint8Array.from(atob('${picture.toString('base64')}'), (c) => c.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes]));
    const { width, height } = bitmap;
    const context = new OffscreenCanvas(width, height).getContext('2d');
    context.drawImage(bitmap, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    const wanted = parseInt('${colour.slice(1)}', 16);
    const is = (i) => (data[4 * i] << 16 | data[4 * i + 1] << 8 | data[4 * i + 2]) === wanted;
    let count = 0, x = -1, y = -1;
    for (let i = 0; i < width * height; i++) {
      if (!is(i)) continue;
      count++;
      if (x < 0 && is(i + 2) && is(i + 2 * width) && is(i + 2 * width + 2)) [x, y] = [i % width + 1, Math.floor(i / width) + 1];
    }
    return { count, x, y };
  })()`);
}
/** The colour in which a mark is drawn, here and on the map. */
async function colourOf(mark: Locator): Promise<string> {
  const colour = await mark.evaluate((element) => String(element.computedStyleMap().get('--mark')));
  expect(colour).toMatch(/^#[0-9a-f]{6}$/);
  return colour;
}

/** Documents in 20 clusters, spread evenly over the map. */
function manyDocuments(n: number): ReportData {
  return {
    ...data,
    documents: Array.from({ length: n }, (_, i) => ({ id: String(i), text: `document number ${i}` })),
    scores: undefined,
    labels: Int32Array.from({ length: n }, (_, i) => i % 20),
    distances: new Float32Array(n).fill(0.5),
    map: {
      data: Float32Array.from({ length: 2 * n }, (_, i) => (i % 2 ? Math.sin(i) : (i * 0.618) % 3)),
      rows: n,
      cols: 2,
    },
  };
}

const rows = (page: Page) => page.locator('#rows [role=row]');
const texts = (page: Page) => page.locator('#rows .text button').allTextContents();
const status = (page: Page) => page.locator('#map-status').textContent();
/** Rows in the order of the table: the page keeps them in the order in which they came into view. */
const inOrder = (page: Page, cell: string) =>
  page.evaluate(
    `Array.from(document.querySelectorAll('#rows [role=row]')).sort((a, b) => a.ariaRowIndex - b.ariaRowIndex).map((row) => row.querySelector('${cell}').textContent)`,
  ) as Promise<string[]>;
const overflow = (page: Page) =>
  page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');

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

  it('hides, isolates and shows clusters from the legend', async (test) => {
    const page = await open(test);
    const entry = page.locator('#legend button').first();
    const colour = await colourOf(entry.locator('.mark'));
    const shown = await pixels(page, colour);
    expect(shown.count).toBeGreaterThan(500);
    const [cluster] = data.clusters;
    await entry.click();
    expect(await entry.getAttribute('aria-pressed')).toBe('false');
    expect(await status(page)).toBe(`900 points · ${cluster!.size} hidden`);
    expect((await pixels(page, colour)).count).toBe(0);
    await entry.click();
    expect((await pixels(page, colour)).count).toBe(shown.count);

    await entry.dblclick();
    expect(await status(page)).toBe(`900 points · ${900 - cluster!.size} hidden`);
    expect(await page.locator('#legend [aria-pressed=true]').count()).toBe(1);
    expect((await pixels(page, colour)).count).toBeGreaterThan(shown.count);
    await page.locator('#show-all').click();
    expect(await status(page)).toBe('900 points');
    expect((await pixels(page, colour)).count).toBe(shown.count);
  });

  it('tells what a point is, and opens its cluster on a click', async (test) => {
    const page = await open(test);
    const entry = page.locator('#legend button').nth(3);
    await page.locator('#map').scrollIntoViewIfNeeded();
    const { x, y } = await pixels(page, await colourOf(entry.locator('.mark')));
    const points = page.locator('#points');
    await points.hover({ position: { x, y } });
    const tooltip = page.locator('#tooltip');
    await expect.poll(() => tooltip.isVisible()).toBe(true);
    const id = await tooltip.locator('.facts bdi').first().textContent();
    const document = data.documents.find((one) => one.id === id)!;
    expect(data.labels[data.documents.indexOf(document)]).toBe(3);
    expect(await tooltip.locator('.title').textContent()).toBe(document.text);
    expect(await tooltip.locator('.cluster').textContent()).toContain(
      data.clusters[3]!.terms.slice(0, 3)
        .map(({ term }) => term)
        .join(' · '),
    );
    expect(await tooltip.locator('.facts').textContent()).toContain(document.category!);

    await points.click({ position: { x, y } });
    await expect.poll(() => page.evaluate('document.activeElement.id')).toBe('cluster-3');
    await expect
      .poll(() => page.locator('#cluster-3').evaluate((card) => card.getBoundingClientRect().top))
      .toBeLessThan(WIDE.height / 2);
  });

  it('highlights a cluster from its card', async (test) => {
    const page = await open(test);
    const colour = await colourOf(page.locator('#cluster-4 .mark').first());
    const other = await colourOf(page.locator('#cluster-0 .mark').first());
    expect((await pixels(page, other)).count).toBeGreaterThan(500);
    const button = page.locator('#cluster-4 [data-show]');
    await button.click();
    expect(await status(page)).toBe(`900 points · ${data.clusters[4]!.size} highlighted`);
    expect(await button.getAttribute('aria-pressed')).toBe('true');
    expect((await pixels(page, other)).count).toBe(0);
    expect((await pixels(page, colour)).count).toBeGreaterThan(500);
    expect(await page.locator('#cluster-filter').inputValue()).toBe('4');
    await button.click();
    expect(await status(page)).toBe('900 points');
    await page.locator('#cluster-5 [data-list]').click();
    expect(new Set(await inOrder(page, '.cluster b'))).toEqual(new Set(['5']));
  });

  it('zooms, pans and resets with wheel, pointer, buttons and keys', async (test) => {
    const page = await open(test);
    const points = page.locator('#points');
    await points.scrollIntoViewIfNeeded();
    await page.waitForTimeout(300);
    const picture = async () => {
      await frames(page);
      return page.evaluate("document.querySelector('#points canvas').toDataURL()") as Promise<string>;
    };
    const start = await picture();
    const changes = async (act: () => Promise<unknown>) => {
      await act();
      expect(await picture()).not.toBe(start);
    };
    const box = (await points.boundingBox())!;
    const [x, y] = [box.x + box.width / 3, box.y + box.height / 3];
    await page.mouse.move(x, y);
    await changes(() => page.mouse.wheel(0, -240));
    // A double click far from any point; one on a point resets as well, but first shows what it is.
    await points.dblclick({ position: { x: box.width - 12, y: box.height - 40 } });
    expect(await picture()).toBe(start);
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x + 60, y + 30, { steps: 4 });
    await changes(() => page.mouse.up());
    await page.locator('#zoom-reset').click();
    expect(await picture()).toBe(start);
    await changes(() => page.locator('#zoom-in').click());
    await page.locator('#zoom-out').click();
    expect(await picture()).toBe(start);
    await points.focus();
    await changes(() => page.keyboard.press('ArrowLeft'));
    await page.keyboard.press('ArrowRight');
    await changes(() => page.keyboard.press('+'));
    await page.keyboard.press('0');
    expect(await picture()).toBe(start);
    expect(await page.evaluate('scrollX')).toBe(0);
  });

  it('colours by category', async (test) => {
    const page = await open(test);
    const before = await page.locator('#legend button').count();
    expect(before).toBe(21);
    await page.locator('.switch label', { hasText: 'Category' }).click();
    const entries = page.locator('#legend button');
    expect(await entries.count()).toBe(9);
    const sizes = (await entries.locator('b').allTextContents()).map(Number);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(900);
    await entries.first().click();
    expect(await status(page)).toBe(`900 points · ${sizes[0]} hidden`);
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

  it('writes the texts beside the points of a small corpus', async (test) => {
    const page = await open(test, headlines(40));
    const inked = () =>
      page.evaluate(`(() => {
        const canvas = document.getElementById('overlay');
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        let count = 0;
        for (let i = 3; i < data.length; i += 4) if (data[i] > 128) count++;
        return count;
      })()`) as Promise<number>;
    await frames(page);
    const all = await inked();
    await page.locator('#query').fill('この言葉はどこにもない');
    await expect.poll(() => status(page)).toBe('40 points · 0 highlighted');
    await frames(page);
    expect(all).toBeGreaterThan(4 * (await inked()));
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

  it('draws with WebGL what the raster draws', async (test) => {
    const counts: number[][] = [];
    for (const draw of ['raster', 'webgl']) {
      const page = await open(test, data, draw);
      expect(await page.locator('#points').getAttribute('data-draw')).toBe(draw);
      // Text would cover marks in places that depend on nothing but itself; without it only the marks are compared.
      await page.evaluate("document.getElementById('overlay').remove()");
      const entry = page.locator('#legend button').nth(2);
      const colour = await colourOf(entry.locator('.mark'));
      const all = (await pixels(page, colour)).count;
      await entry.dblclick();
      const alone = await pixels(page, colour);
      await entry.dblclick();
      await entry.click();
      expect((await pixels(page, colour)).count).toBe(0);
      await entry.click();
      await page.emulateMedia({ colorScheme: 'dark' });
      await frames(page);
      const dark = (await pixels(page, await colourOf(entry.locator('.mark')))).count;
      await page.emulateMedia({ colorScheme: 'light' });
      await page.locator('#query').fill('この言葉はどこにもない');
      await expect.poll(() => status(page)).toBe('900 points · 0 highlighted');
      expect((await pixels(page, colour)).count).toBe(0);
      counts.push([all, alone.count, dark]);
      await page.close();
    }
    // Marks lie between pixels with the one and on them with the other.
    counts[0]!.forEach((count, i) => {
      expect(count).toBeGreaterThan(500);
      expect(counts[1]![i]! / count).toBeGreaterThan(0.8);
      expect(counts[1]![i]! / count).toBeLessThan(1.25);
    });
  });

  it('goes on with the raster when WebGL is taken away', async (test) => {
    const page = await open(test, data, 'webgl');
    const colour = await colourOf(page.locator('#legend .mark').first());
    expect((await pixels(page, colour)).count).toBeGreaterThan(500);
    await page.evaluate(
      "document.querySelector('#points canvas').getContext('webgl2').getExtension('WEBGL_lose_context').loseContext()",
    );
    await expect.poll(() => page.locator('#points').getAttribute('data-draw')).toBe('raster');
    expect((await pixels(page, colour)).count).toBeGreaterThan(500);
    expect(await page.locator('#points canvas').count()).toBe(2);
  });

  it('lists the texts inside a lasso, and lets them go', async (test) => {
    const page = await open(test);
    await page.locator('#lasso').click();
    expect(await page.locator('#lasso').getAttribute('aria-pressed')).toBe('true');
    const box = (await page.locator('#points').boundingBox())!;
    const at = (x: number, y: number) => [box.x + x * box.width, box.y + y * box.height] as const;
    await page.mouse.move(...at(0.3, 0.3));
    await page.mouse.down();
    for (const corner of [at(0.7, 0.3), at(0.7, 0.7), at(0.3, 0.7)])
      await page.mouse.move(...corner, { steps: 5 });
    await page.mouse.up();
    await expect.poll(() => page.locator('#selection').isVisible()).toBe(true);
    const title = await page.locator('#selection-title').textContent();
    const selected = Number(/^(\d+) selected$/.exec(title!)![1]);
    expect(selected).toBeGreaterThan(50);
    expect(selected).toBeLessThan(850);
    expect(await page.locator('#filter-count').textContent()).toBe(`${selected} of 900`);
    expect(await page.locator('#table').getAttribute('aria-rowcount')).toBe(String(selected + 1));
    expect(await page.locator('#lasso').getAttribute('aria-pressed')).toBe('false');
    const listed = await page.locator('#selected button span').allTextContents();
    expect(listed).toHaveLength(Math.min(100, selected));
    await page.locator('#selected button').first().click();
    expect(await page.locator('#detail-text').textContent()).toBe(listed[0]);
    await page.keyboard.press('Escape');
    await page.locator('#selection-clear').click();
    expect(await page.locator('#selection').isVisible()).toBe(false);
    expect(await status(page)).toBe('900 points');
  });

  it('goes from point to point with keys, opens one, and selects what is in view', async (test) => {
    const page = await open(test);
    await page.locator('#points').focus();
    const said = page.locator('#map-said');
    await page.keyboard.press('Shift+ArrowRight');
    const first = await said.textContent();
    expect(data.documents.some(({ text }) => text === first)).toBe(true);
    expect(await page.locator('#tooltip .title').textContent()).toBe(first);
    await page.keyboard.press('Shift+ArrowUp');
    await expect.poll(() => said.textContent()).not.toBe(first);
    await page.keyboard.press('Enter');
    await expect.poll(() => page.evaluate('document.activeElement.className')).toMatch(/^card/);
    await page.locator('#points').focus();
    for (let i = 0; i < 4; i++) await page.keyboard.press('+');
    await page.keyboard.press('s');
    const count = /^(\d+) selected$/.exec((await page.locator('#selection-title').textContent())!)![1];
    expect(Number(count)).toBeGreaterThan(0);
    expect(Number(count)).toBeLessThan(400);
    await page.keyboard.press('Escape');
    expect(await status(page)).toBe('900 points');
  });

  it('goes to the place of a cluster from its card', async (test) => {
    const page = await open(test);
    const numbers = () => page.evaluate("document.querySelector('#points canvas').toDataURL()");
    const whole = await numbers();
    await page.locator('#cluster-7 [data-show]').click();
    await frames(page);
    expect(await page.locator('#points').getAttribute('class')).toContain('zoomed');
    const colour = await colourOf(page.locator('#cluster-7 .mark').first());
    const { x, y } = await pixels(page, colour);
    expect(x).toBeGreaterThan(0);
    expect(y).toBeGreaterThan(0);
    await page.locator('#cluster-7 [data-show]').click();
    await page.locator('#zoom-reset').click();
    await frames(page);
    expect(await numbers()).toBe(whole);
  });

  it('saves the map as a PNG and an SVG with title, axes, names and legend', async (test) => {
    const page = await open(test, theorems());
    const save = async (format: string) => {
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.locator(`#save-${format}`).click(),
      ]);
      expect(download.suggestedFilename()).toBe(`Theorems & formulas.${format}`);
      return readFileSync((await download.path())!);
    };
    const png = await save('png');
    expect(png.subarray(1, 4).toString()).toBe('PNG');
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([2516, 1448]);
    expect(png.length).toBeGreaterThan(50_000);
    const svg = (await save('svg')).toString();
    for (const text of ['Theorems &amp; formulas', 'UMAP Component 1 →', '↑ UMAP Component 2', 'Noise'])
      expect(svg).toContain(text);
    for (const { text } of theorems().documents)
      expect(svg).toContain(`>${text.replace('&', '&amp;')}</text>`);
    const drawn = await page.evaluate(
      `(() => {
        const root = new DOMParser().parseFromString(${JSON.stringify(svg)}, 'image/svg+xml').documentElement;
        return [root.localName, root.querySelectorAll('g svg path[fill]:not([fill=none])').length];
      })()`,
    );
    expect(drawn).toEqual(['svg', 30]);
  });

  it('names noise last, in grey, and a title and axes as they are given', async (test) => {
    const page = await open(test, theorems());
    const entries = page.locator('#legend button');
    expect(await entries.locator('bdi').allTextContents()).toEqual([
      'theorem · mean',
      'chain · rule',
      'Noise',
    ]);
    expect(await entries.last().locator('b').textContent()).toBe('4');
    expect(await colourOf(entries.last().locator('.mark'))).toBe('#a9abad');
    expect(await page.locator('#points').getAttribute('aria-label')).toContain(
      'UMAP Component 1 against UMAP Component 2',
    );
    await page.locator('#cluster-filter').selectOption({ label: 'Noise' });
    expect(await status(page)).toBe('30 points · 4 highlighted');
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
