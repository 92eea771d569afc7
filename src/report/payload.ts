import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { clip, html, Markup } from './html.js';
import { type Mark, THEMES } from './palette.js';
import type { ReportView } from './view.js';

/** Up to here the texts stand in the file as they are; beyond, in blocks of gzip in base64. */
const READABLE_DOCUMENTS = 1000;
/** Up to here the report is one file; beyond, its blocks lie in a folder beside it and are loaded as they are needed. */
export const ONE_FILE_DOCUMENTS = 100_000;
/** One file stays openable whatever the corpus: about this many characters of text in all, shared by the documents. */
const CHARACTERS = 32_000_000;
const LONGEST_COMPRESSED = 2000;
const SHORTEST = 100;
/** A block of texts is read for the sake of a single one, so it is small: about this many characters. */
const BLOCK_CHARACTERS = 2 ** 18;
const BLOCK_DOCUMENTS = { least: 64, most: 8192 };
/** Documents in a block of numbers: 10 MB of them, well below the longest string there can be. */
const SLICE_DOCUMENTS = 2 ** 19;

const compress = promisify(gzip);

/** A part of the report's data: gzip in base64, under the name by which the page asks for it. */
export interface Block {
  name: string;
  base64: string;
}

/** The longest text that the report holds uncut. */
export function textLimit(documents: number): number {
  const share = Math.floor(CHARACTERS / Math.max(1, documents));
  if (documents <= READABLE_DOCUMENTS) return share;
  if (documents > ONE_FILE_DOCUMENTS) return LONGEST_COMPRESSED;
  return Math.max(SHORTEST, Math.min(LONGEST_COMPRESSED, share));
}

/** Documents in a block of texts, a power of two. */
function documentsPerBlock({ data: { documents } }: ReportView): number {
  const limit = textLimit(documents.length);
  const total = documents.reduce((sum, { id, text }) => sum + id.length + Math.min(limit, text.length), 0);
  const wanted = (BLOCK_CHARACTERS * documents.length) / Math.max(1, total);
  const { least, most } = BLOCK_DOCUMENTS;
  return 2 ** Math.floor(Math.log2(Math.min(most, Math.max(least, wanted))));
}

/** Ids and texts of documents that follow one another. */
function textsOf({ data: { documents } }: ReportView, from: number, to: number) {
  const limit = textLimit(documents.length);
  const some = documents.slice(from, to);
  return { ids: some.map(({ id }) => id), texts: some.map(({ text }) => clip(text, limit)) };
}

const marked = ({ colour, shape }: Mark) => ({ colour, shape });

/** JSON with every entry of a list on a line of its own, so that the source can be read. */
function lines(fields: Record<string, unknown>): string {
  const value = (v: unknown) =>
    Array.isArray(v) ? `[\n${v.map((entry) => JSON.stringify(entry)).join(',\n')}\n]` : JSON.stringify(v);
  return `{\n${Object.entries(fields)
    .filter(([, v]) => v !== undefined)
    .map(([name, v]) => `"${name}": ${value(v)}`)
    .join(',\n')}\n}`;
}

/**
 * What the script starts from, as a data block that no parser mistakes for markup.
 * @param folder where the blocks are, relative to the page; null where they stand in it
 */
export function dataBlock(view: ReportView, folder: string | null): Markup {
  const { data, clusters, categories, language } = view;
  const n = data.documents.length;
  const readable = n <= READABLE_DOCUMENTS;
  const { ids, texts } = readable ? textsOf(view, 0, n) : {};
  const json = lines({
    documents: n,
    title: data.title,
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
    hasCategories: categories.length > 0,
    folder,
    perSlice: SLICE_DOCUMENTS,
    perBlock: readable ? Math.max(1, n) : documentsPerBlock(view),
    ids,
    texts,
  });
  return html`<script type="application/json" id="data">${new Markup(json.replaceAll('<', '\\u003c'))}</script>\n`;
}

async function pack(name: string, bytes: Uint8Array | string): Promise<Block> {
  return { name, base64: (await compress(bytes)).toString('base64') };
}

/** The numbers of all documents in slices, then the texts unless they are readable. One block is in memory at a time. */
export async function* blocks(view: ReportView): AsyncGenerator<Block> {
  const { data, clusterOf, categoryOf, categories } = view;
  const n = data.documents.length;
  for (let from = 0; from < n; from += SLICE_DOCUMENTS) {
    const to = Math.min(n, from + SLICE_DOCUMENTS);
    const parts = [
      data.map.data.subarray(2 * from, 2 * to),
      clusterOf.subarray(from, to),
      ...(categories.length > 0 ? [categoryOf.subarray(from, to)] : []),
      data.distances.subarray(from, to),
    ];
    const bytes = Buffer.concat(
      parts.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength)),
    );
    yield pack(`numbers-${from / SLICE_DOCUMENTS}`, bytes);
  }
  if (n <= READABLE_DOCUMENTS) return;
  const size = documentsPerBlock(view);
  for (let from = 0; from < n; from += size)
    yield pack(`texts-${from / size}`, JSON.stringify(textsOf(view, from, from + size)));
}
