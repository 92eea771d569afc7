import { createReadStream, type Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { addAbortSignal, type Readable } from 'node:stream';
import { checkOneOf, checkOptions, show } from '../check.js';
import { cancelled, MatomariError, throwIfAborted } from '../errors.js';
import type { Progress } from '../job.js';
import type { Document } from '../types.js';
import { csvRows } from './csv.js';
import { badFile, checkPath, fileError } from './file-error.js';
import { folderRows } from './folder.js';
import { jsonlRows } from './jsonl.js';
import { lineRows } from './lines.js';
import type { Row } from './rows.js';
import { guarded } from './text-guard.js';

const CHUNK_BYTES = 2 ** 18;

export const DOCUMENT_FORMATS = ['csv', 'tsv', 'jsonl', 'lines'] as const;
/** Kinds of text files that documents are read from. */
export type DocumentFormat = (typeof DOCUMENT_FORMATS)[number];
const FORMAT_OF: Record<string, DocumentFormat> = {
  csv: 'csv',
  tsv: 'tsv',
  tab: 'tsv',
  jsonl: 'jsonl',
  ndjson: 'jsonl',
  txt: 'lines',
};

export interface ReadDocumentsOptions {
  /** Column (CSV, TSV) or field (JSONL) of the text. Needed unless there is only one; plain lines and folders have none. */
  text?: string | undefined;
  /** Column or field of the id (default: the number of the document, from 0). Ids must differ. */
  id?: string | undefined;
  /** Column or field of a known category, for scoring. */
  category?: string | undefined;
  /** Default: by the ending .csv, .tsv, .jsonl, .ndjson or .txt (plain lines); plain lines on standard input. */
  format?: DocumentFormat | undefined;
  /** Aborting it rejects with `cancelled`. */
  signal?: AbortSignal | undefined;
  /** Called with stage `read`, in bytes (files in a folder); not for standard input, whose length is not known. */
  onProgress?: ((progress: Progress) => void) | undefined;
}

/**
 * Reads the documents of a CSV, TSV or JSONL file, of plain lines, of a folder of text files, or of standard input
 * (`-`), in their order. Nothing is dropped: an empty text is a document too. Text must be UTF-8; a byte order mark is
 * taken off, and LF and CRLF are both line ends.
 *
 * - csv, tsv: a header row, then one document a row; fields may be quoted. A blank line is no row (with a single
 *   column it is an empty text).
 * - jsonl: one object a line; blank lines are passed over. Ids and categories may be numbers.
 * - lines: one document a line, blank ones included; only the newline at the very end starts no further document.
 * - a folder: every .txt file below it, by code point of its path, which is its id; the folder that holds it is its
 *   category.
 *
 * @throws `bad_file` with path and line for a file that is missing, not UTF-8 text, or broken (a row with too many
 * fields, an unclosed quote, a line that is no JSON); `bad_input` when there are no documents, a column is missing (the
 * message names those there are), a field is no string, or an id stands twice; `bad_option` for options that do not fit
 */
export async function readDocuments(path: string, options: ReadDocumentsOptions = {}): Promise<Document[]> {
  const documents: Document[] = [];
  for await (const batch of documentBatches(path, options))
    for (const document of batch) documents.push(document);
  return documents;
}

/** The documents that `readDocuments` would return, one by one as the file is read. The same errors, when they are met. */
export async function* streamDocuments(
  path: string,
  options: ReadDocumentsOptions = {},
): AsyncGenerator<Document> {
  for await (const batch of documentBatches(path, options)) yield* batch;
}

async function* documentBatches(path: string, options: ReadDocumentsOptions): AsyncGenerator<Document[]> {
  checkOptions('readDocuments', options, ['text', 'id', 'category', 'format', 'signal', 'onProgress']);
  for (const name of ['text', 'id', 'category'] as const) {
    const value = options[name];
    if (value !== undefined && (typeof value !== 'string' || value === ''))
      throw new MatomariError('bad_option', `${name} must be the name of a column, not ${show(value)}`);
  }
  if (options.format !== undefined) checkOneOf('format', options.format, DOCUMENT_FORMATS);
  checkPath(path);
  const lineOfId = new Map<string, number>();
  const name = path === '-' ? 'standard input' : path;
  let count = 0;
  for await (const rows of await openRows(path, name, options)) {
    throwIfAborted(options.signal, `reading ${name}`);
    yield rows.map(({ text, id, category, line }) => {
      if (id !== undefined) {
        const before = lineOfId.get(id);
        if (before !== undefined)
          throw new MatomariError(
            'bad_input',
            `${name} has the id ${show(id)} in line ${before} and again in line ${line}: give every document its own id`,
          );
        lineOfId.set(id, line);
      }
      const document: Document = { id: id ?? String(count), text };
      if (category !== undefined) document.category = category;
      count++;
      return document;
    });
  }
  if (count === 0)
    throw new MatomariError(
      'bad_input',
      `${name} holds no documents: give at least one (a header alone is none)`,
    );
}

async function openRows(
  path: string,
  name: string,
  options: ReadDocumentsOptions,
): Promise<AsyncIterable<Row[]>> {
  const { format, signal, onProgress } = options;
  const progress = (done: number, total: number) => onProgress?.({ stage: 'read', done, total });
  throwIfAborted(signal, `reading ${name}`);
  if (path === '-')
    return parseRows(
      name,
      format ?? 'lines',
      chunksOf(() => process.stdin, name, signal),
      options,
    );
  let facts: Stats;
  try {
    facts = await stat(path);
  } catch (error) {
    throw fileError(error, path, 'read');
  }
  if (facts.isDirectory()) {
    if (format !== undefined)
      throw new MatomariError(
        'bad_option',
        `${path} is a folder, whose .txt files are read whole: leave out format`,
      );
    return folderRows(path, progress);
  }
  const open = () => createReadStream(path, { highWaterMark: CHUNK_BYTES });
  const counted = chunksOf(open, name, signal, (done) => facts.isFile() && progress(done, facts.size));
  return parseRows(name, format ?? formatOf(path), counted, options);
}

function formatOf(path: string): DocumentFormat {
  const ending = /\.([^./]+)$/.exec(path)?.[1]?.toLowerCase() ?? '';
  const format = FORMAT_OF[ending];
  if (format) return format;
  if (ending === 'parquet' || ending === 'json' || ending === 'xlsx')
    throw badFile(path, `is a .${ending} file, which is not read: convert it to CSV or JSONL`);
  if (['gz', 'bz2', 'xz', 'zst', 'zip'].includes(ending)) throw badFile(path, 'is packed: unpack it first');
  throw new MatomariError(
    'bad_option',
    `the format of ${path} cannot be told from its name: give format (--format) csv, tsv, jsonl or lines`,
  );
}

function parseRows(
  name: string,
  format: DocumentFormat,
  chunks: AsyncIterable<Uint8Array>,
  options: ReadDocumentsOptions,
): AsyncIterable<Row[]> {
  const text = guarded(name, chunks);
  switch (format) {
    case 'csv':
      return csvRows(name, text, options, ',');
    case 'tsv':
      return csvRows(name, text, options, '\t');
    case 'jsonl':
      return jsonlRows(name, text, options);
    case 'lines': {
      const extra = options.id === undefined ? options.category : options.id;
      if (extra !== undefined)
        throw new MatomariError(
          'bad_option',
          `${name} is read as plain lines, which have no column ${show(extra)}`,
        );
      return lineRows(name, text);
    }
  }
}

async function* chunksOf(
  open: () => Readable,
  name: string,
  signal: AbortSignal | undefined,
  onBytes?: (done: number) => void,
): AsyncGenerator<Uint8Array> {
  const stream = open();
  if (signal) addAbortSignal(signal, stream);
  let done = 0;
  try {
    for await (const chunk of stream) {
      yield chunk;
      done += chunk.length;
      onBytes?.(done);
    }
  } catch (error) {
    if (signal?.aborted) throw cancelled(signal, `reading ${name}`);
    throw fileError(error, name, 'read');
  }
}
