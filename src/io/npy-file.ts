import type { FileHandle } from 'node:fs/promises';
import { checkInteger, checkOptions } from '../check.js';
import { MatomariError } from '../errors.js';
import { type Matrix, zeros } from '../matrix.js';
import { FileBytes, openFile } from './byte-source.js';
import { badFile } from './file-error.js';
import { type NpyReadOptions, sides } from './npy.js';
import { elements, type NpyData } from './npy-elements.js';
import { type NpyDtype, type NpyHeader, readNpyHeader } from './npy-header.js';

/** Rows of an open `.npy` file, as float32. */
export interface RowBlock extends Matrix {
  /** Row of the file that the first row of this block is. */
  start: number;
}

/** A `.npy` file opened by `openNpy` to be read a block of rows at a time. Close it, or declare it with `await using`. */
export class NpyFile {
  readonly path: string;
  readonly shape: readonly number[];
  /** Element type in the file; blocks are float32 whatever it is. */
  readonly dtype: NpyDtype;
  readonly rows: number;
  readonly cols: number;
  readonly #header: NpyHeader;
  readonly #dataStart: number;
  #handle: FileHandle | undefined;

  constructor(path: string, handle: FileHandle, header: NpyHeader, dataStart: number) {
    this.path = path;
    this.shape = header.shape;
    this.dtype = header.dtype;
    const { rows, cols } = sides(header.shape);
    this.rows = rows;
    this.cols = cols;
    this.#header = header;
    this.#dataStart = dataStart;
    this.#handle = handle;
  }

  /**
   * Rows `start` to `end` (not included; default: all that follow) as a float32 matrix of their own. Several reads may
   * run at once. Numbers beyond float32 are rounded to it. Cost: one sequential read in C order; in Fortran order one
   * read per column, unless all rows are asked for.
   *
   * @throws `bad_option` outside the rows there are, `bad_file` when the file has become shorter, `closed`
   */
  async read(start = 0, end: number = this.rows, options: NpyReadOptions = {}): Promise<Matrix> {
    checkInteger('start', start, 0, this.rows);
    checkInteger('end', end, start, this.rows);
    checkOptions('NpyFile.read', options, ['signal']);
    const block = zeros(end - start, this.cols);
    if (!this.#header.fortranOrder) {
      let at = 0;
      for await (const part of this.#elements(start * this.cols, block.data.length, options.signal)) {
        setFloats(block.data, part, at, 1);
        at += part.length;
      }
      return block;
    }
    const together = block.rows === this.rows ? this.cols : 1;
    for (let col = 0; col < this.cols; col += together) {
      let [i, j] = [0, col];
      for await (const part of this.#elements(col * this.rows + start, block.rows * together, options.signal))
        for (let done = 0; done < part.length; ) {
          const n = Math.min(part.length - done, block.rows - i);
          setFloats(block.data, part.subarray(done, done + n), i * this.cols + j, this.cols);
          done += n;
          i += n;
          if (i === block.rows) [i, j] = [0, j + 1];
        }
    }
    return block;
  }

  /** All rows in order, `rows` at a time (the last block may have fewer). */
  async *blocks(rows: number, options: NpyReadOptions = {}): AsyncGenerator<RowBlock> {
    checkInteger('rows', rows, 1);
    for (let start = 0; start < this.rows; start += rows)
      yield { ...(await this.read(start, Math.min(start + rows, this.rows), options)), start };
  }

  /** Closes the file; a second call does nothing. */
  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #elements(first: number, count: number, signal: AbortSignal | undefined): AsyncGenerator<NpyData> {
    if (!this.#handle) throw new MatomariError('closed', `${this.path} was read after close()`);
    const start = this.#dataStart + first * this.#header.itemSize;
    const source = new FileBytes(this.path, this.#handle, start, start + count * this.#header.itemSize);
    return elements(source, this.#header, count, signal);
  }
}

function setFloats(into: Float32Array, part: NpyData, at: number, step: number): void {
  const wide = part instanceof BigInt64Array || part instanceof BigUint64Array;
  if (!wide && step === 1) into.set(part, at);
  else for (let i = 0; i < part.length; i++) into[at + i * step] = Number(part[i]);
}

/**
 * Opens a `.npy` file to be read a block of rows at a time, so that it need not fit in memory. An array of more than
 * two dimensions counts as shape[0] rows of all the rest (in C order only); a vector as rows of one column.
 *
 * @throws `bad_file` as readNpy; also for a single number, for byte strings, and for more than two dimensions in
 * Fortran order
 */
export async function openNpy(path: string): Promise<NpyFile> {
  const { handle, size } = await openFile(path);
  try {
    const source = new FileBytes(path, handle, 0, size);
    const header = await readNpyHeader(source);
    if (header.dtype === 'bytes') throw badFile(path, 'holds byte strings, not numbers: save it as numbers');
    if (header.shape.length === 0)
      throw badFile(path, 'holds a single number (shape ()), not rows: read it with readNpy');
    if (header.fortranOrder && header.shape.length > 2)
      throw badFile(
        path,
        `holds ${header.shape.length} dimensions in Fortran order, which cannot be read by rows: save np.ascontiguousarray(arr)`,
      );
    return new NpyFile(path, handle, header, size - source.remaining);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/**
 * Reads a `.npy` file of any float, integer or truth-value type as a float32 Matrix. A vector becomes one column.
 *
 * @throws `bad_file` as readNpy, and for arrays of more than two dimensions and single numbers
 */
export async function readMatrix(path: string, options: NpyReadOptions = {}): Promise<Matrix> {
  checkOptions('readMatrix', options, ['signal']);
  const file = await openNpy(path);
  try {
    if (file.shape.length > 2)
      throw badFile(
        path,
        `has ${file.shape.length} dimensions (${file.shape.join(', ')}); a matrix has 2: reshape it`,
      );
    return await file.read(0, file.rows, options);
  } finally {
    await file.close();
  }
}
