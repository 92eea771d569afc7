import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { writeReport } from '#dist/report/index.js';
import type { Document, ReportData } from '../../src/types.js';
import { temporaryFolder } from '../temporary.js';

const dir = temporaryFolder().path;
const file = join(dir, 'report.html');

/** A report of these documents in two clusters, in turn. */
function report(documents: Document[], changes: Partial<ReportData> = {}): ReportData {
  const n = documents.length;
  return {
    title: 'A title',
    facts: [['Model', 'builtin']],
    clusters: [0, 1].map((id) => ({
      id,
      size: Math.ceil((n - id) / 2),
      terms: [
        { term: `first${id}`, score: 0.91 },
        { term: `second${id}`, score: 0.5 },
      ],
      exemplars: documents
        .slice(id, id + 1)
        .map(({ id: name, text }) => ({ index: id, id: name, text, distance: 0.25 })),
      fit: 0.625,
    })),
    documents,
    labels: Int32Array.from(documents, (_, i) => i % 2),
    distances: Float32Array.from(documents, (_, i) => i / 8),
    map: { data: Float32Array.from({ length: 2 * n }, (_, i) => i / 2), rows: n, cols: 2 },
    axes: ['PCA 1', 'PCA 2'],
    seconds: [
      ['embed', 1.5],
      ['k-means', 0.02],
    ],
    ...changes,
  };
}
const texts = (...list: string[]): Document[] => list.map((text, i) => ({ id: `d${i}`, text }));

/** The report's source. */
async function renderReport(data: ReportData): Promise<string> {
  await writeReport(file, data);
  return readFileSync(file, 'utf8');
}

interface Payload {
  documents: number;
  texts: string[];
  ids: string[];
  clusterOf: Int32Array;
  categoryOf: Int32Array | null;
  map: Float32Array;
  distances: Float32Array;
  language: string;
}
/** The data of the page, as its own script would read them. */
function payloadOf(html: string): Payload {
  const content = (id: string) =>
    new RegExp(`<script type="[^"]+" id="${id}">([^<]*)</script>`).exec(html)?.[1];
  const unpack = (base64: string) => gunzipSync(Buffer.from(base64, 'base64'));
  const head = JSON.parse(content('data')!);
  const n = head.documents;
  const numbers = n > 0 ? unpack(content('numbers-0')!) : Buffer.alloc(0);
  const bytes = numbers.buffer.slice(numbers.byteOffset, numbers.byteOffset + numbers.length);
  const columns = head.hasCategories ? 5 : 4;
  expect(bytes.byteLength).toBe(4 * columns * n);
  for (let at = 0, block = content('texts-0'); block; block = content(`texts-${++at}`)) {
    const { ids, texts } = JSON.parse(unpack(block).toString());
    head.ids = [...(head.ids ?? []), ...ids];
    head.texts = [...(head.texts ?? []), ...texts];
  }
  return {
    ...head,
    map: new Float32Array(bytes, 0, 2 * n),
    clusterOf: new Int32Array(bytes, 8 * n, n),
    categoryOf: head.hasCategories ? new Int32Array(bytes, 12 * n, n) : null,
    distances: new Float32Array(bytes, 4 * (columns - 1) * n, n),
  };
}
/** What a reader sees of the page: its markup without style and scripts. */
const visible = (html: string) => html.replace(/<(script|style)\b[\s\S]*?<\/\1>/g, '');
const count = (html: string, part: string | RegExp) => html.split(part).length - 1;

const HOSTILE = [
  '</script><script>alert(1)</script>',
  '<!-- <script> -->',
  '"double" and \'single\' & &amp;',
  '\u2028line\u2029separators\u0000\u0007\n\ttab',
  '絵文字😀👨‍👩‍👧 と עברית',
  '\u202eright to left override',
  'lone \ud83d surrogate',
  '<a href="http://example.com" src=http://example.com>',
  '`ticks` $& \\u003c \\',
];

describe('escaping', async () => {
  const documents = HOSTILE.map((text, i): Document => ({ id: `<${i}>"`, text, category: text }));
  const data = report(documents, {
    title: HOSTILE[0]!,
    facts: HOSTILE.map((text) => [text, text]),
    axes: [HOSTILE[0]!, HOSTILE[2]!],
    seconds: HOSTILE.map((text) => [text, 1]),
  });
  data.clusters[0]!.terms = HOSTILE.map((term) => ({ term, score: 0.5 }));
  data.clusters[1]!.exemplars = documents.map(({ id, text }, index) => ({ index, id, text, distance: 1 }));
  const html = await renderReport(data);

  it('lets no text become markup', async () => {
    expect(count(html, /<script\b/)).toBe(3);
    expect(count(html, '</script')).toBe(3);
    expect(html).not.toContain('<!--');
    expect(html).not.toContain('<a href="http');
    expect(visible(html)).toContain('&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(visible(html)).toContain('&quot;double&quot; and &#39;single&#39; &amp; &amp;amp;');
    expect(visible(html)).toContain('絵文字😀👨‍👩‍👧 と עברית');
    expect(visible(html)).not.toContain('\u0007');
  });

  it('hands the script every text and id as it was', async () => {
    const payload = payloadOf(html);
    expect(payload.texts).toEqual(HOSTILE);
    expect(payload.ids).toEqual(documents.map(({ id }) => id));
  });

  it('points to nothing outside the file', async () => {
    const targets = [...html.matchAll(/<[^>]*?\s(?:src|href)\s*=\s*"([^"]*)"/g)].map(([, target]) => target!);
    expect(targets.length).toBeGreaterThan(4);
    for (const target of targets) expect(target).toMatch(/^(#|data:,)/);
    const plain = await renderReport(report(texts('a', 'b')));
    expect(plain).not.toMatch(/(?:src|href)\s*=\s*["']?https?:|@import\s+(?:url|")|\burl\(|https?:\/\//i);
  });
});

describe('the page', () => {
  it('allows its own script and style by hash and nothing else', async () => {
    const html = await renderReport(report(texts('a', 'b')));
    const policy = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(html)![1]!;
    const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
    const script = /<script>([\s\S]*?)<\/script>/.exec(html)![1]!;
    const style = /<style>([\s\S]*?)<\/style>/.exec(html)![1]!;
    expect(policy).toBe(
      `default-src 'none'; script-src ${hash(script)}; style-src ${hash(style)}; img-src data:; base-uri 'none'; form-action 'none'`,
    );
    expect(visible(html)).not.toMatch(/\sstyle=|\son[a-z]+=/);
  });

  it('joins the client to one script without imports or exports', async () => {
    const script = /<script>([\s\S]*?)<\/script>/.exec(await renderReport(report(texts('a', 'b'))))![1]!;
    expect(script).not.toMatch(/^(import|export)\b/m);
    expect(() => new Function(script)).not.toThrow();
  });

  it('is the same bytes for the same data', async () => {
    const data = report(texts('a', 'b', 'c'));
    expect(await renderReport(data)).toBe(await renderReport(structuredClone(data)));
  });

  it('shows facts, stages and scores', async () => {
    const html = visible(
      await renderReport(
        report(texts('a', 'b'), { scores: { ari: -0.0123, nmi: 0.5, vMeasure: Number.NaN } }),
      ),
    );
    expect(html).toContain('<dt>Model</dt><dd dir="auto">builtin</dd>');
    expect(html).toMatch(/k-means<\/span>.*?<b>20 ms<\/b>/);
    expect(html).toMatch(/embed<\/span>.*?width="100\.000%".*?<b>1\.50 s<\/b>/);
    expect(html).toMatch(/<span class="name">ARI<\/span><b>−0\.012<\/b>/);
    expect(html).toMatch(/<span class="name">NMI<\/span><b>0\.500<\/b>/);
    expect(html).toMatch(/<span class="name">V-measure<\/span><b>–<\/b>/);
  });

  it('has a card per cluster with size, terms, nearest documents and fit', async () => {
    const html = visible(await renderReport(report(texts('alpha', 'beta', 'gamma'))));
    expect(count(html, '<article')).toBe(2);
    const [first, second] = html.split('<article').slice(1);
    expect(first).toContain('id="cluster-0"');
    expect(first).toContain('2 documents · 67%');
    expect(second).toContain('1 document · 33%');
    expect(first).toContain('<bdi>first0</bdi> <small>0.91</small>');
    expect(first).toMatch(/<span dir="auto">alpha<\/span> <small>0\.250<\/small>/);
    expect(first).toMatch(/<span>Fit<\/span>.*?width="62\.500%".*?<b>63%<\/b>/);
  });

  it('shows a dash for a fit of NaN and says when there are no terms or documents', async () => {
    const data = report(texts('a', 'b'));
    data.clusters[0] = { id: 0, size: 1, terms: [], exemplars: [], fit: Number.NaN };
    data.clusters[1]!.fit = Number.NaN;
    const html = visible(await renderReport(data));
    expect(count(html, /<span>Fit<\/span><svg[\s\S]*?<\/svg><b>–<\/b>/)).toBe(2);
    expect(html).toContain('<h3 id="cluster-0-name"><bdi>Cluster 0</bdi></h3>');
    expect(html).toContain('No terms');
    expect(html).toContain('No documents');
    expect(html).not.toContain('median fit');
    expect(html).not.toContain('NaN');
  });

  it('leaves categories and scores out where there are none', async () => {
    const html = await renderReport(report(texts('a', 'b')));
    expect(visible(html)).not.toMatch(/categor/i);
    expect(payloadOf(html).categoryOf).toBeNull();
  });

  it('counts the categories of every cluster, documents without one included', async () => {
    const categories = ['news', undefined, 'news', 'sport', 'tips', 'news', 'sport'];
    const documents = categories.map((category, i): Document => ({ id: String(i), text: 't', category }));
    const [, first, second] = visible(await renderReport(report(documents))).split('<article');
    const mix = (card: string) =>
      [...card.split('class="mix"')[1]!.matchAll(/<bdi>(.*?)<\/bdi> <b>(\d+)<\/b>/g)].map(([, name, n]) => [
        name,
        n,
      ]);
    expect(mix(first!)).toEqual([
      ['news', '2'],
      ['sport', '1'],
      ['tips', '1'],
    ]);
    expect(mix(second!)).toEqual([
      ['news', '1'],
      ['sport', '1'],
      ['no category', '1'],
    ]);
  });

  it('counts noise beside the clusters and gives it a filter of its own', async () => {
    const labels = Int32Array.of(0, -1, 1, -1, -1);
    const html = await renderReport(report(texts('a', 'b', 'c', 'd', 'e'), { labels }));
    expect(visible(html)).toContain('<b>3</b> <span>noise</span>');
    expect(visible(html)).toContain('<option value="-1">Noise</option>');
    expect(Array.from(payloadOf(html).clusterOf)).toEqual([0, -1, 1, -1, -1]);
    expect(visible(await renderReport(report(texts('a', 'b'))))).not.toMatch(/noise/i);
  });

  it('maps labels to clusters by id, whatever the order of the clusters', async () => {
    const data = report(texts('a', 'b', 'c'));
    data.clusters.reverse();
    expect(Array.from(payloadOf(await renderReport(data)).clusterOf)).toEqual([1, 0, 1]);
  });

  it('carries the map as float32, also from a view into a larger buffer', async () => {
    const data = report(texts('a', 'b'));
    data.map = { data: Float32Array.of(9, 1.5, -2.25, 3, 4, 9).subarray(1, 5), rows: 2, cols: 2 };
    expect(Array.from(payloadOf(await renderReport(data)).map)).toEqual([1.5, -2.25, 3, 4]);
  });

  it('knows the language of the texts by their script', async () => {
    const language = async (...list: string[]) =>
      payloadOf(await renderReport(report(texts(...list)))).language;
    expect(await language('ニュースの見出し', '台風が上陸', 'Windows 11')).toBe('ja');
    expect(await language('오늘의 뉴스', '날씨')).toBe('ko');
    expect(await language('今天的新闻', 'a headline')).toBe('');
  });
});

describe('texts in the source', () => {
  const many = (n: number) => texts(...Array.from({ length: n }, (_, i) => `見出し & title no. ${i} — 台風`));

  it('stand readable up to 1,000 documents', async () => {
    const documents = many(1000);
    const html = await renderReport(report(documents));
    expect(documents.filter(({ text }) => !html.includes(text))).toEqual([]);
  });

  it('are compressed beyond, and complete', async () => {
    const documents = many(1001);
    const html = await renderReport(report(documents));
    expect(html).not.toContain(documents[500]!.text);
    expect(payloadOf(html).texts).toEqual(documents.map(({ text }) => text));
  });

  it('are cut only where the file would grow without bound, never inside a character', async () => {
    const long = `${'x'.repeat(1999)}😀${'y'.repeat(3000)}`;
    expect(payloadOf(await renderReport(report([...texts(long), ...many(999)]))).texts[0]).toBe(long);
    const html = await renderReport(report([...texts(long), ...many(1000)]));
    expect(payloadOf(html).texts[0]).toBe(`${'x'.repeat(1999)}…`);
    expect(visible(html)).toContain('Texts longer than 2,000 characters are cut.');
    expect(visible(await renderReport(report(many(3))))).not.toContain('are cut');
  });
});

describe('bad input', () => {
  const refuse = (changes: Partial<ReportData>) => renderReport(report(texts('a', 'b'), changes));

  it.each([
    ['labels', { labels: Int32Array.of(0) }, 'report.labels is 1, but there are 2 documents'],
    ['distances', { distances: new Float32Array(3) }, 'report.distances is 3, but there are 2 documents'],
    [
      'rows',
      { map: { data: new Float32Array(6), rows: 3, cols: 2 } },
      'report.map.rows is 3, but there are 2 documents',
    ],
    [
      'cols',
      { map: { data: new Float32Array(6), rows: 2, cols: 3 } },
      'report.map must have 2 columns, not 3',
    ],
    ['cluster', { labels: Int32Array.of(0, 7) }, 'report.labels[1] is 7, but there is no such cluster'],
  ])('names what does not fit: %s', async (_, changes, message) => {
    await expect(refuse(changes)).rejects.toThrowError(
      expect.objectContaining({ code: 'bad_input', message }),
    );
  });

  it('draws no documents at all without failing', async () => {
    const data = report([], { clusters: [] });
    expect(payloadOf(await renderReport(data)).texts).toEqual([]);
  });

  it('draws infinite coordinates and distances without failing', async () => {
    const data = report(texts('a', 'b'), {
      distances: Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY),
    });
    data.map.data.set([Number.NaN, Number.POSITIVE_INFINITY]);
    data.clusters[0]!.exemplars[0]!.distance = Number.NaN;
    expect(visible(await renderReport(data))).not.toMatch(/NaN|Infinity/);
  });
});

describe('a report of more than 100,000 documents', () => {
  const n = 100_001;
  const large = () =>
    report(Array.from({ length: n }, (_, i): Document => ({ id: String(i), text: `</script> title ${i}` })));
  const folders = () => readdirSync(join(dir, 'report-data'));

  it('puts its data into a folder beside it, named by its content, and replaces an older one', async () => {
    const html = await renderReport(large());
    const [id, ...others] = folders();
    expect(id).toMatch(/^[0-9a-f]{16}$/);
    expect(others).toEqual([]);
    const { folder, texts, perBlock } = JSON.parse(/id="data">([^<]*)</.exec(html)![1]!);
    expect(folder).toBe(`report-data/${id}`);
    expect(texts).toBeUndefined();
    expect(html).not.toContain('title 77777');
    expect(html.length).toBeLessThan(500_000);
    expect(html).toMatch(/script-src 'sha256-[^']+' 'strict-dynamic';/);

    const names = readdirSync(join(dir, folder));
    expect(names).toHaveLength(Math.ceil(n / perBlock) + 1);
    const blocks = new Map<string, string>();
    for (const name of names)
      new Function('matomari', readFileSync(join(dir, folder, name), 'utf8'))((key: string, data: string) => {
        expect(`${key}.js`).toBe(name);
        blocks.set(key, data);
      });
    const at = Math.floor(77_777 / perBlock);
    const block = JSON.parse(gunzipSync(Buffer.from(blocks.get(`texts-${at}`)!, 'base64')).toString());
    expect(block.texts[77_777 % perBlock]).toBe('</script> title 77777');
    expect(block.ids[77_777 % perBlock]).toBe('77777');
    expect(gunzipSync(Buffer.from(blocks.get('numbers-0')!, 'base64'))).toHaveLength(16 * n);

    const again = await renderReport(large());
    expect(again).toBe(html);
    const changed = large();
    changed.documents[3]!.text = 'another';
    await renderReport(changed);
    expect(folders()).toHaveLength(1);
    expect(folders()).not.toEqual([id]);
  });

  it('gives way to a small one, and leaves what is not its own', async () => {
    await renderReport(large());
    await renderReport(report(texts('a', 'b')));
    expect(existsSync(join(dir, 'report-data'))).toBe(false);
    mkdirSync(join(dir, 'report-data'));
    writeFileSync(join(dir, 'report-data', 'notes.txt'), 'mine');
    await renderReport(large());
    expect(folders()).toHaveLength(2);
    await renderReport(report(texts('a', 'b')));
    expect(folders()).toEqual(['notes.txt']);
  });

  it('leaves the old report whole when it is stopped', async () => {
    const html = await renderReport(report(texts('a', 'b')));
    const before = readdirSync(dir);
    const abort = new AbortController();
    const writing = writeReport(file, large(), { signal: abort.signal });
    setTimeout(() => abort.abort(), 50);
    await expect(writing).rejects.toMatchObject({ code: 'cancelled' });
    expect(readFileSync(file, 'utf8')).toBe(html);
    expect(readdirSync(dir)).toEqual(before);
    expect(folders()).toEqual(['notes.txt']);
  });
});
