import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { checkBoolean, show } from '../check.js';
import { MatomariError } from '../errors.js';
import { checkPath, fileError } from '../io/file-error.js';
import { npyHeader } from '../io/npy-header.js';
import type { EmbeddedWindow } from './backend.js';
import type { EmbedFacts, EmbedToFileOptions } from './embedder.js';
import { appended, sum } from './known.js';
import { orAborted, teller, windows } from './texts.js';

/** What embedding to a file needs of an embedder. */
export interface FileEmbedding {
  dimensions: number;
  /** Everything that decides the bytes besides the texts. */
  settings: Record<string, unknown>;
  embed(
    stream: AsyncGenerator<string[], void, void>,
    tell: (done: number) => void,
  ): AsyncGenerator<EmbeddedWindow, void, void>;
}

/**
 * Where a run stands: what PATH.journal holds, one line after every window, under a first line with the settings.
 */
interface Mark {
  rows: number;
  /** Null, like the rows below, where a server does not tell. */
  tokens: number | null;
  /** Rows of the window before this mark whose texts were too long. */
  truncated: number[] | null;
  /** SHA-256 of the texts up to here. */
  texts: string;
}

const START: Mark = { rows: 0, tokens: 0, truncated: [], texts: '' };

/** As long for any number of rows and columns. */
const HEADER_BYTES = npyHeader('float32', [0, 0]).length;

/** See Embedder.embedToFile. */
export async function embedToFile(
  texts: Iterable<string> | AsyncIterable<string>,
  path: string,
  options: EmbedToFileOptions,
  model: FileEmbedding,
): Promise<Omit<EmbedFacts, 'device'> & { rows: number; cols: number; truncatedIndices: Int32Array }> {
  checkStream(texts);
  checkPath(path);
  const resume = options.resume !== undefined && checkBoolean('resume', options.resume);
  const { signal, onProgress } = options;
  const total = Array.isArray(texts) ? texts.length : 0;
  const settings = JSON.stringify({ format: 2, dimensions: model.dimensions, ...model.settings });
  const files = await writing(path, () => PartialFile.open(path, settings, resume));
  try {
    let { mark } = files;
    const hash = createHash('sha256');
    const stream = windows(texts);
    if (mark.rows > 0) await skip(stream, mark, hash, path, signal);
    const base = mark.rows;
    let { truncated } = files;
    const tell = teller(onProgress, total);
    tell(base);
    for await (const window of model.embed(stream, (done) => tell(base + done))) {
      for (const text of window.texts) addText(hash, text);
      mark = {
        rows: mark.rows + window.texts.length,
        tokens: sum(mark.tokens, window.tokens),
        truncated: window.truncated?.map((row) => mark.rows + row) ?? null,
        texts: hash.copy().digest('hex'),
      };
      const { vectors } = window;
      await writing(path, () => files.append(vectors, mark));
      truncated = appended(truncated, mark.truncated);
      tell(mark.rows);
    }
    const { rows, tokens } = mark;
    await writing(path, () => files.finish(npyHeader('float32', [rows, model.dimensions])));
    const truncatedIndices = Int32Array.from(truncated ?? []);
    return { rows, cols: model.dimensions, tokens, truncated: truncated?.length ?? null, truncatedIndices };
  } finally {
    await files.close();
  }
}

function checkStream(texts: unknown): void {
  const iterable =
    typeof texts === 'object' &&
    texts !== null &&
    (Symbol.iterator in texts || Symbol.asyncIterator in texts);
  if (!iterable)
    throw new MatomariError(
      'bad_input',
      `texts must be an array or another (async) iterable of strings, not ${show(texts)}`,
    );
}

/** Length first, so that the borders between texts count. */
function addText(hash: Hash, text: string): void {
  hash.update(`${text.length}:`).update(text);
}

/** Reads past the texts of an interrupted run and makes sure that they are the same. */
async function skip(
  stream: AsyncGenerator<string[], void, void>,
  mark: Mark,
  hash: Hash,
  path: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  let rows = 0;
  while (rows < mark.rows) {
    const next = await orAborted(stream.next(), signal, 'embedToFile');
    if (next.done) break;
    for (const text of next.value) addText(hash, text);
    rows += next.value.length;
    // A plain iterable gives its texts without ever leaving this thread.
    await setImmediate();
  }
  if (rows === mark.rows && hash.copy().digest('hex') === mark.texts) return;
  throw new MatomariError(
    'bad_input',
    `resume: the first ${mark.rows} texts are not those that ${path}.partial was begun with: give the same texts, or leave resume out to start over`,
  );
}

/** Turns an error of the file system into `bad_file`. */
async function writing<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw fileError(cause, path, 'write');
  }
}

/** PATH.partial, whose rows up to the last mark of PATH.journal are safely on disk. */
class PartialFile {
  readonly #path: string;
  readonly #data: FileHandle;
  readonly #journal: FileHandle;
  #end: number;
  #journalEnd: number;
  /** Where the run stands. */
  readonly mark: Mark;
  /** Rows up to there whose texts were too long. */
  readonly truncated: number[] | null;

  private constructor(
    path: string,
    data: FileHandle,
    journal: FileHandle,
    mark: Mark,
    truncated: number[] | null,
    end: number,
    journalEnd: number,
  ) {
    this.#path = path;
    this.#data = data;
    this.#journal = journal;
    this.mark = mark;
    this.truncated = truncated;
    this.#end = end;
    this.#journalEnd = journalEnd;
  }

  static async open(path: string, settings: string, resume: boolean): Promise<PartialFile> {
    const found = resume ? await readJournal(path, settings) : undefined;
    // Before the data: a journal must never speak of rows that are gone.
    if (!found) await rm(`${path}.journal`, { force: true });
    const data = await open(`${path}.partial`, found ? 'r+' : 'w');
    try {
      const mark = found?.mark ?? START;
      const end = HEADER_BYTES + mark.rows * 4 * (JSON.parse(settings) as { dimensions: number }).dimensions;
      if ((await data.stat()).size < end && found)
        throw new MatomariError(
          'bad_file',
          `${path}.partial is shorter than its journal says: leave resume out to start over`,
        );
      // What a killed run wrote after its last mark goes.
      await data.truncate(end);
      const journal = await open(`${path}.journal`, found ? 'r+' : 'w');
      await journal.truncate(found?.bytes ?? 0);
      const first = found ? 0 : (await journal.write(`${settings}\n`, 0)).bytesWritten;
      const journalEnd = (found?.bytes ?? 0) + first;
      return new PartialFile(path, data, journal, mark, found ? found.truncated : [], end, journalEnd);
    } catch (error) {
      await data.close();
      throw error;
    }
  }

  async append(vectors: Float32Array, mark: Mark): Promise<void> {
    const bytes = new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.byteLength);
    for (let at = 0; at < bytes.length; )
      at += (await this.#data.write(bytes, at, undefined, this.#end + at)).bytesWritten;
    this.#end += bytes.length;
    await this.#data.datasync();
    const { bytesWritten } = await this.#journal.write(`${JSON.stringify(mark)}\n`, this.#journalEnd);
    this.#journalEnd += bytesWritten;
    await this.#journal.datasync();
  }

  /** Writes the header, now that the number of rows is known, and gives the file its name. */
  async finish(header: Uint8Array): Promise<void> {
    await this.#data.write(header, 0, header.length, 0);
    await this.#data.sync();
    await rename(`${this.#path}.partial`, this.#path);
    await rm(`${this.#path}.journal`, { force: true });
    // Puts the rename on disk, where the file system lets a folder be synced; the file is whole either way.
    const folder = await open(dirname(this.#path), 'r').catch(() => undefined);
    await folder?.sync().catch(() => {});
    await folder?.close();
  }

  async close(): Promise<void> {
    await Promise.all([this.#data.close(), this.#journal.close()]);
  }
}

/**
 * The last whole mark of a journal and where it ends; undefined when there is nothing to resume. A kill may have
 * torn the last line, which then does not count.
 */
async function readJournal(
  path: string,
  settings: string,
): Promise<{ mark: Mark; truncated: number[] | null; bytes: number } | undefined> {
  const lines = await Promise.all([
    readFile(`${path}.journal`, 'utf8'),
    open(`${path}.partial`, 'r').then((f) => f.close()),
  ])
    .then(([text]) => text.split('\n').slice(0, -1))
    .catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
  const first = lines[0];
  if (first === undefined) return undefined;
  if (first !== settings)
    throw new MatomariError(
      'bad_option',
      `resume: ${path}.partial was begun with other settings (${difference(first, settings)}): use the same, or leave resume out to start over`,
    );
  const marks = lines.slice(1).map((line) => JSON.parse(line) as Mark);
  return {
    mark: marks.at(-1) ?? START,
    truncated: marks.reduce<number[] | null>((all, mark) => appended(all, mark.truncated), []),
    bytes: Buffer.byteLength(lines.map((line) => `${line}\n`).join('')),
  };
}

/** The first setting in which two settings lines differ, in words. */
function difference(before: string, now: string): string {
  try {
    const [a, b] = [
      JSON.parse(before) as Record<string, unknown>,
      JSON.parse(now) as Record<string, unknown>,
    ];
    const key = Object.keys({ ...a, ...b }).find((k) => JSON.stringify(a[k]) !== JSON.stringify(b[k]));
    return key === undefined
      ? 'in another order'
      : `${key} ${JSON.stringify(a[key])}, now ${JSON.stringify(b[key])}`;
  } catch {
    return 'its journal is not readable';
  }
}
