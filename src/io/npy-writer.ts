import { checkInteger, checkOneOf, checkOptions, show } from '../check.js';
import { MatomariError } from '../errors.js';
import type { Matrix } from '../matrix.js';
import { AtomicFile } from './atomic.js';
import { dtypeOf } from './npy.js';
import type { NpyData } from './npy-elements.js';
import { npyHeader } from './npy-header.js';

const DTYPES = [
  'float32',
  'float64',
  'int8',
  'int16',
  'int32',
  'int64',
  'uint8',
  'uint16',
  'uint32',
  'uint64',
] as const;

export interface CreateNpyOptions {
  /** Columns of the matrix; without it the file holds a vector. */
  cols?: number | undefined;
  /** Type of the elements, and of the typed arrays that are appended (default `float32`). */
  dtype?: (typeof DTYPES)[number] | undefined;
}

/** A `.npy` file that grows by rows, made by `createNpy`. The path appears, whole, with `commit()`. */
export class NpyWriter {
  readonly #file: AtomicFile;
  readonly #cols: number | undefined;
  readonly #dtype: (typeof DTYPES)[number];
  #rows = 0;

  constructor(file: AtomicFile, cols: number | undefined, dtype: (typeof DTYPES)[number]) {
    this.#file = file;
    this.#cols = cols;
    this.#dtype = dtype;
  }

  /** Rows appended so far. */
  get rows(): number {
    return this.#rows;
  }

  /**
   * Appends whole rows: a Matrix with this number of columns, or a typed array of rows one after the other. Await it
   * before the next.
   *
   * @throws `bad_input` when type or length do not fit, `bad_file` when writing fails, `closed` after the end
   */
  async append(rows: NpyData | Matrix): Promise<void> {
    const data = ArrayBuffer.isView(rows) ? rows : rows?.data;
    const dtype = dtypeOf(data);
    if (dtype !== this.#dtype)
      throw new MatomariError(
        'bad_input',
        `${this.#file.path} holds ${this.#dtype}, but what was appended is ${dtype ?? show(rows)}`,
      );
    const cols = this.#cols ?? 1;
    const given = ArrayBuffer.isView(rows) ? cols : rows.cols;
    if (given !== cols || (cols > 0 && data.length % cols !== 0))
      throw new MatomariError(
        'bad_input',
        `${this.#file.path} has ${cols} columns, but what was appended has ${given !== cols ? `${given}` : `${data.length} elements, which are no whole rows`}`,
      );
    await this.#file.write(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    this.#rows += cols > 0 ? data.length / cols : ArrayBuffer.isView(rows) ? 0 : rows.rows;
  }

  /** Writes the final header and makes the file appear. */
  async commit(): Promise<void> {
    await this.#file.writeAt(header(this.#dtype, this.#rows, this.#cols), 0);
    await this.#file.commit();
  }

  /** Gives the file up and leaves nothing behind. Does nothing after `commit()`. */
  async abort(): Promise<void> {
    await this.#file.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.abort();
  }
}

/** The header for so many rows; its length is the same for any number of them. */
function header(dtype: (typeof DTYPES)[number], rows: number, cols: number | undefined): Uint8Array {
  return npyHeader(dtype, cols === undefined ? [rows] : [rows, cols]);
}

/**
 * Starts a `.npy` file whose number of rows is not known beforehand. The finished file equals the one that `writeNpy`
 * would have written from the same rows in one piece.
 *
 * @throws `bad_file` when the file cannot be created
 */
export async function createNpy(path: string, options: CreateNpyOptions = {}): Promise<NpyWriter> {
  checkOptions('createNpy', options, ['cols', 'dtype']);
  const { cols } = options;
  if (cols !== undefined) checkInteger('cols', cols, 0);
  const dtype = checkOneOf('dtype', options.dtype ?? 'float32', DTYPES);
  const file = await AtomicFile.create(path);
  await file.write(header(dtype, 0, cols));
  return new NpyWriter(file, cols, dtype);
}
