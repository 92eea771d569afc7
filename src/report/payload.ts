import { gzipSync } from 'node:zlib';
import { clip, html, Markup } from './html.js';
import { type Mark, THEMES } from './palette.js';
import type { ReportView } from './view.js';

/** Up to here the texts stand in the file as they are; beyond, the payload is gzip in base64. */
const READABLE_DOCUMENTS = 1000;
/** The file stays openable whatever the corpus: about this many characters of text in all, shared by the documents. */
const CHARACTERS = 32_000_000;
const LONGEST_COMPRESSED = 2000;
const SHORTEST = 100;

/** The longest text that the report holds uncut. */
export function textLimit(documents: number): number {
  const share = Math.floor(CHARACTERS / Math.max(1, documents));
  return documents <= READABLE_DOCUMENTS ? share : Math.max(SHORTEST, Math.min(LONGEST_COMPRESSED, share));
}

function base64({ buffer, byteOffset, byteLength }: Int32Array | Float32Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64');
}

const marked = ({ colour, shape }: Mark) => ({ colour, shape });

/** JSON with every entry of a list on a line of its own, so that the source can be read. */
function lines(fields: Record<string, unknown>): string {
  const value = (v: unknown) =>
    Array.isArray(v) ? `[\n${v.map((entry) => JSON.stringify(entry)).join(',\n')}\n]` : JSON.stringify(v);
  return `{\n${Object.entries(fields)
    .map(([name, v]) => `"${name}": ${value(v)}`)
    .join(',\n')}\n}`;
}

/** What the script draws the map and the table from, as a data block that no parser mistakes for markup. */
export function payload({ data, clusters, categories, clusterOf, categoryOf, language }: ReportView): Markup {
  const n = data.documents.length;
  const limit = textLimit(n);
  const json = lines({
    documents: n,
    language,
    axes: data.axes,
    themes: THEMES,
    clusters: clusters.map(({ cluster, anchor, name, mark }) => ({
      id: cluster.id,
      anchor,
      name,
      term: cluster.terms[0]?.term ?? name,
      ...marked(mark),
    })),
    categories: categories.map(({ name, mark }) => ({ name, ...marked(mark) })),
    clusterOf: base64(clusterOf),
    categoryOf: categories.length > 0 ? base64(categoryOf) : null,
    distances: base64(data.distances),
    map: base64(data.map.data),
    ids: data.documents.map(({ id }) => id),
    texts: data.documents.map(({ text }) => clip(text, limit)),
  });
  if (n <= READABLE_DOCUMENTS)
    return html`<script type="application/json" id="data">${new Markup(json.replaceAll('<', '\\u003c'))}</script>`;
  const packed = gzipSync(json).toString('base64');
  return html`<script type="text/plain" id="data" data-encoding="gzip">${new Markup(packed)}</script>`;
}
