import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { renderReport } from '#dist/report/index.js';
import type { Document, ReportData } from '../../src/pipeline/types.js';

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

interface Payload {
  texts: string[];
  ids: string[];
  clusterOf: string;
  categoryOf: string | null;
  map: string;
  language: string;
}
/** The data block of the page, as its own script would read it. */
function payloadOf(html: string): Payload {
  const [, attributes, content] = /<script type="[^"]+" id="data"([^>]*)>([^<]*)<\/script>/.exec(html)!;
  return JSON.parse(
    attributes!.includes('gzip') ? gunzipSync(Buffer.from(content!, 'base64')).toString() : content!,
  ) as Payload;
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

describe('escaping', () => {
  const documents = HOSTILE.map((text, i): Document => ({ id: `<${i}>"`, text, category: text }));
  const data = report(documents, {
    title: HOSTILE[0]!,
    facts: HOSTILE.map((text) => [text, text]),
    axes: [HOSTILE[0]!, HOSTILE[2]!],
    seconds: HOSTILE.map((text) => [text, 1]),
  });
  data.clusters[0]!.terms = HOSTILE.map((term) => ({ term, score: 0.5 }));
  data.clusters[1]!.exemplars = documents.map(({ id, text }, index) => ({ index, id, text, distance: 1 }));
  const html = renderReport(data);

  it('lets no text become markup', () => {
    expect(count(html, /<script\b/)).toBe(2);
    expect(count(html, '</script')).toBe(2);
    expect(html).not.toContain('<!--');
    expect(html).not.toContain('<a href="http');
    expect(visible(html)).toContain('&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(visible(html)).toContain('&quot;double&quot; and &#39;single&#39; &amp; &amp;amp;');
    expect(visible(html)).toContain('絵文字😀👨‍👩‍👧 と עברית');
    expect(visible(html)).not.toContain('\u0007');
  });

  it('hands the script every text and id as it was', () => {
    const payload = payloadOf(html);
    expect(payload.texts).toEqual(HOSTILE);
    expect(payload.ids).toEqual(documents.map(({ id }) => id));
  });

  it('points to nothing outside the file', () => {
    const targets = [...html.matchAll(/<[^>]*?\s(?:src|href)\s*=\s*"([^"]*)"/g)].map(([, target]) => target!);
    expect(targets.length).toBeGreaterThan(4);
    for (const target of targets) expect(target).toMatch(/^(#|data:,)/);
    const plain = renderReport(report(texts('a', 'b')));
    expect(plain).not.toMatch(/(?:src|href)\s*=\s*["']?https?:|@import\s+(?:url|")|url\(|https?:\/\//i);
  });
});

describe('the page', () => {
  it('allows its own script and style by hash and nothing else', () => {
    const html = renderReport(report(texts('a', 'b')));
    const policy = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(html)![1]!;
    const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
    const script = /<script>([\s\S]*?)<\/script>/.exec(html)![1]!;
    const style = /<style>([\s\S]*?)<\/style>/.exec(html)![1]!;
    expect(policy).toBe(
      `default-src 'none'; script-src ${hash(script)}; style-src ${hash(style)}; img-src data:; base-uri 'none'; form-action 'none'`,
    );
    expect(visible(html)).not.toMatch(/\sstyle=|\son[a-z]+=/);
  });

  it('joins the client to one script without imports or exports', () => {
    const script = /<script>([\s\S]*?)<\/script>/.exec(renderReport(report(texts('a', 'b'))))![1]!;
    expect(script).not.toMatch(/^(import|export)\b/m);
    expect(() => new Function(script)).not.toThrow();
  });

  it('is the same bytes for the same data', () => {
    const data = report(texts('a', 'b', 'c'));
    expect(renderReport(data)).toBe(renderReport(structuredClone(data)));
  });

  it('shows facts, stages and scores', () => {
    const html = visible(
      renderReport(report(texts('a', 'b'), { scores: { ari: -0.0123, nmi: 0.5, vMeasure: Number.NaN } })),
    );
    expect(html).toContain('<dt>Model</dt><dd dir="auto">builtin</dd>');
    expect(html).toMatch(/k-means<\/span>.*?<b>20 ms<\/b>/);
    expect(html).toMatch(/embed<\/span>.*?width="100\.000%".*?<b>1\.50 s<\/b>/);
    expect(html).toMatch(/<span class="name">ARI<\/span><b>−0\.012<\/b>/);
    expect(html).toMatch(/<span class="name">NMI<\/span><b>0\.500<\/b>/);
    expect(html).toMatch(/<span class="name">V-measure<\/span><b>–<\/b>/);
  });

  it('has a card per cluster with size, terms, nearest documents and fit', () => {
    const html = visible(renderReport(report(texts('alpha', 'beta', 'gamma'))));
    expect(count(html, '<article')).toBe(2);
    const [first, second] = html.split('<article').slice(1);
    expect(first).toContain('id="cluster-0"');
    expect(first).toContain('2 documents · 67%');
    expect(second).toContain('1 document · 33%');
    expect(first).toContain('<bdi>first0</bdi> <small>0.91</small>');
    expect(first).toMatch(/<span dir="auto">alpha<\/span> <small>0\.250<\/small>/);
    expect(first).toMatch(/<span>Fit<\/span>.*?width="62\.500%".*?<b>63%<\/b>/);
  });

  it('shows a dash for a fit of NaN and says when there are no terms or documents', () => {
    const data = report(texts('a', 'b'));
    data.clusters[0] = { id: 0, size: 1, terms: [], exemplars: [], fit: Number.NaN };
    data.clusters[1]!.fit = Number.NaN;
    const html = visible(renderReport(data));
    expect(count(html, /<span>Fit<\/span><svg[\s\S]*?<\/svg><b>–<\/b>/)).toBe(2);
    expect(html).toContain('<h3 id="cluster-0-name"><bdi>Cluster 0</bdi></h3>');
    expect(html).toContain('No terms');
    expect(html).toContain('No documents');
    expect(html).not.toContain('median fit');
    expect(html).not.toContain('NaN');
  });

  it('leaves categories and scores out where there are none', () => {
    const html = renderReport(report(texts('a', 'b')));
    expect(visible(html)).not.toMatch(/categor/i);
    expect(payloadOf(html).categoryOf).toBeNull();
  });

  it('counts the categories of every cluster, documents without one included', () => {
    const categories = ['news', undefined, 'news', 'sport', 'tips', 'news', 'sport'];
    const documents = categories.map((category, i): Document => ({ id: String(i), text: 't', category }));
    const [, first, second] = visible(renderReport(report(documents))).split('<article');
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

  it('counts noise beside the clusters and gives it a filter of its own', () => {
    const labels = Int32Array.of(0, -1, 1, -1, -1);
    const html = renderReport(report(texts('a', 'b', 'c', 'd', 'e'), { labels }));
    expect(visible(html)).toContain('<b>3</b> <span>noise</span>');
    expect(visible(html)).toContain('<option value="-1">Noise</option>');
    const bytes = Buffer.from(payloadOf(html).clusterOf, 'base64');
    expect(Array.from({ length: 5 }, (_, i) => bytes.readInt32LE(4 * i))).toEqual([0, -1, 1, -1, -1]);
    expect(visible(renderReport(report(texts('a', 'b'))))).not.toMatch(/noise/i);
  });

  it('maps labels to clusters by id, whatever the order of the clusters', () => {
    const data = report(texts('a', 'b', 'c'));
    data.clusters.reverse();
    const bytes = Buffer.from(payloadOf(renderReport(data)).clusterOf, 'base64');
    expect([0, 1, 2].map((i) => bytes.readInt32LE(4 * i))).toEqual([1, 0, 1]);
  });

  it('carries the map as float32, also from a view into a larger buffer', () => {
    const data = report(texts('a', 'b'));
    data.map = { data: Float32Array.of(9, 1.5, -2.25, 3, 4, 9).subarray(1, 5), rows: 2, cols: 2 };
    const bytes = Buffer.from(payloadOf(renderReport(data)).map, 'base64');
    expect([0, 1, 2, 3].map((i) => bytes.readFloatLE(4 * i))).toEqual([1.5, -2.25, 3, 4]);
    expect(bytes.length).toBe(16);
  });

  it('knows the language of the texts by their script', () => {
    const language = (...list: string[]) => payloadOf(renderReport(report(texts(...list)))).language;
    expect(language('ニュースの見出し', '台風が上陸', 'Windows 11')).toBe('ja');
    expect(language('오늘의 뉴스', '날씨')).toBe('ko');
    expect(language('今天的新闻', 'a headline')).toBe('');
  });
});

describe('texts in the source', () => {
  const many = (n: number) => texts(...Array.from({ length: n }, (_, i) => `見出し & title no. ${i} — 台風`));

  it('stand readable up to 1,000 documents', () => {
    const documents = many(1000);
    const html = renderReport(report(documents));
    expect(documents.filter(({ text }) => !html.includes(text))).toEqual([]);
  });

  it('are compressed beyond, and complete', () => {
    const documents = many(1001);
    const html = renderReport(report(documents));
    expect(html).not.toContain(documents[500]!.text);
    expect(payloadOf(html).texts).toEqual(documents.map(({ text }) => text));
  });

  it('are cut only where the file would grow without bound, never inside a character', () => {
    const long = `${'x'.repeat(1999)}😀${'y'.repeat(3000)}`;
    expect(payloadOf(renderReport(report([...texts(long), ...many(999)]))).texts[0]).toBe(long);
    const html = renderReport(report([...texts(long), ...many(1000)]));
    expect(payloadOf(html).texts[0]).toBe(`${'x'.repeat(1999)}…`);
    expect(visible(html)).toContain('Texts longer than 2,000 characters are cut.');
    expect(visible(renderReport(report(many(3))))).not.toContain('are cut');
  });
});

describe('bad input', () => {
  const refuse = (changes: Partial<ReportData>) => () => renderReport(report(texts('a', 'b'), changes));

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
  ])('names what does not fit: %s', (_, changes, message) => {
    expect(refuse(changes)).toThrowError(expect.objectContaining({ code: 'bad_input', message }));
  });

  it('draws no documents at all without failing', () => {
    const data = report([], { clusters: [] });
    expect(payloadOf(renderReport(data)).texts).toEqual([]);
  });

  it('draws infinite coordinates and distances without failing', () => {
    const data = report(texts('a', 'b'), {
      distances: Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY),
    });
    data.map.data.set([Number.NaN, Number.POSITIVE_INFINITY]);
    data.clusters[0]!.exemplars[0]!.distance = Number.NaN;
    expect(visible(renderReport(data))).not.toMatch(/NaN|Infinity/);
  });
});
