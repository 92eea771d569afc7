import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type BrowserContext, chromium, type Locator, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, type TestContext } from 'vitest';
import { writeReport } from '#dist/report/index.js';
import type { ReportData } from '../../src/types.js';
import { headlines } from './fixture.js';

const BROWSERS = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/google-chrome'];
const browser = BROWSERS.find((path) => path !== undefined && path !== '' && existsSync(path));
const FLAGS =
  '--no-sandbox --disable-gpu --disable-quic --no-first-run --enable-unsafe-swiftshader --disable-background-networking --disable-component-update --disable-sync';
export const WIDE = { width: 1280, height: 860 };
export const PHONE = { width: 390, height: 844 };

export const dir = mkdtempSync(join(tmpdir(), 'matomari-report-'));
let context: BrowserContext | undefined;
export const data = headlines(900);
/** Whatever a page complains about, or fetches beside itself. */
export const complaints: string[] = [];

/** Starts a browser for the tests of a file; each of them fails when its page complained of anything. */
export function withBrowser(): void {
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
}

/**
 * Writes the report and opens it as a user would, from the disk.
 * @param draw what is to draw the map
 * @param before script to run before the page's own
 */
export async function open(
  test: TestContext,
  report: ReportData = data,
  { draw = '', before = '' } = {},
): Promise<Page> {
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
  await page.addInitScript(before);
  await page.goto(`${address}${draw && `?draw=${draw}`}`);
  await page.waitForSelector('html.ready');
  await frames(page);
  return page;
}
const folderOf = (address: string) => address.replace(/\.html$/, '-data');

/** Waits until what was asked for is drawn. */
export const frames = (page: Page) =>
  page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');

/** Pixels of an element, as they are on the screen, that have exactly this colour, and one well inside its mark. */
export async function pixels(
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
export async function colourOf(mark: Locator): Promise<string> {
  const colour = await mark.evaluate((element) => String(element.computedStyleMap().get('--mark')));
  expect(colour).toMatch(/^#[0-9a-f]{6}$/);
  return colour;
}

/** Documents in 20 clusters, spread evenly over the map. */
export function manyDocuments(n: number): ReportData {
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

export const rows = (page: Page) => page.locator('#rows [role=row]');
export const texts = (page: Page) => page.locator('#rows .text button').allTextContents();
export const status = (page: Page) => page.locator('#map-status').textContent();
/** Rows in the order of the table: the page keeps them in the order in which they came into view. */
export const inOrder = (page: Page, cell: string) =>
  page.evaluate(
    `Array.from(document.querySelectorAll('#rows [role=row]')).sort((a, b) => a.ariaRowIndex - b.ariaRowIndex).map((row) => row.querySelector('${cell}').textContent)`,
  ) as Promise<string[]>;
export const overflow = (page: Page) =>
  page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
