import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { colourOf, data, frames, inOrder, open, pixels, status, WIDE, withBrowser } from './browser.js';
import { headlines, theorems } from './fixture.js';

withBrowser();

describe('the map of the report', () => {
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
    // The title starts at the left edge, whatever was written before it.
    expect(svg).toMatch(/<text x="24" y="38" font-size="19" font-weight="650" fill="[^"]+">Theorems/);
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
});
