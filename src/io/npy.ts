import { checkOneOf, checkOptions, show } from '../check.js';
import { MatomariError } from '../errors.js';
import { allocate, type Matrix } from '../matrix.js';
import { writeAtomic } from './atomic.js';
import { type ByteSource, FileBytes, openFile } from './byte-source.js';
import { ARRAY_TYPES, elements, type NpyData } from './npy-elements.js';
import { type NpyDtype, npyHeader, readNpyHeader } from './npy-header.js';

const WRITE_BYTES = 2 ** 24;

/**
 * An array of any number of dimensions, in C order (the last index runs fastest).
 *
 * | dtype in the file | data |
 * |---|---|
 * | float32, float64, int8, int16, int32, uint8, uint16, uint32 | the typed array of that name |
 * | float16 | Float32Array (every float16 is a float32) |
 * | int64, uint64 | BigInt64Array, BigUint64Array |
 * | bool | Uint8Array of 0 and 1 |
 * | bytes | Uint8Array; the last entry of `shape` is the length of one string |
 */
export interface NpyArray {
  data: NpyData;
  shape: number[];
  /** Element type in the file. */
  dtype: NpyDtype;
  /** shape[0], and 1 for a single number. With `cols` it lets a float32 array be passed wherever a Matrix is taken. */
  rows: number;
  /** Product of the other sizes: 1 for a vector. */
  cols: number;
}

/** What can be written: a typed array (a vector unless `shape` is given), a Matrix, or an array as `readNpy` gives it. */
export type NpyInput =
  | NpyData
  | Uint8ClampedArray
  | Matrix
  | { data: NpyData; shape: readonly number[]; dtype?: NpyDtype | undefined };

export interface NpyReadOptions {
  /** Aborting it rejects with `cancelled`. */
  signal?: AbortSignal | undefined;
}

export interface NpyWriteOptions {
  /** Sizes of the dimensions; their product is the number of elements. */
  shape?: readonly number[] | undefined;
  /** `bool` writes a Uint8Array as truth values, `bytes` as byte strings; otherwise the array's own type is written. */
  dtype?: 'bool' | 'bytes' | undefined;
  /** Aborting it rejects with `cancelled` and leaves no file. */
  signal?: AbortSignal | undefined;
}

/**
 * Reads a whole `.npy` file as NumPy's `np.save` writes it: format 1.0, 2.0 and 3.0, the types of NpyArray. Fortran
 * order and big-endian are converted. Read in parts of a few megabytes, so files beyond 2³¹ bytes are fine.
 *
 * @returns the array, which is also a Matrix if its elements are float32 or float16; see readMatrix for other types
 * @throws `bad_file` with the path when the file is missing or is no sound `.npy` file: damaged, cut short, with bytes
 * after its data, or of a type that is not read (Python objects are never loaded); `out_of_memory`
 */
export async function readNpy(path: string, options: NpyReadOptions = {}): Promise<NpyArray> {
  checkOptions('readNpy', options, ['signal']);
  const { handle, size } = await openFile(path);
  try {
    return await readArray(new FileBytes(path, handle, 0, size), options.signal);
  } finally {
    await handle.close();
  }
}

/**
 * Writes a `.npy` file, byte for byte as `np.save` would (format 1.0, C order, little-endian), atomically.
 *
 * @throws `bad_input` when the value is no array, `bad_option` when the shape does not fit it, `bad_file` when the
 * file cannot be written
 */
export async function writeNpy(path: string, array: NpyInput, options: NpyWriteOptions = {}): Promise<void> {
  checkOptions('writeNpy', options, ['shape', 'dtype', 'signal']);
  await writeAtomic(path, npyBytes(checkArray('writeNpy: the array', array, options)), {
    signal: options.signal,
  });
}

/** Reads the one array that a source holds. */
export async function readArray(source: ByteSource, signal?: AbortSignal): Promise<NpyArray> {
  const header = await readNpyHeader(source);
  const { dtype, shape, count } = header;
  const data = allocate(ARRAY_TYPES[dtype], count);
  const place = header.fortranOrder ? fortranPlacer(shape, data) : cPlacer(data);
  for await (const part of elements(source, header, count, signal)) place(part);
  return { data, shape, dtype, ...sides(shape) };
}

/** An array's shape as that of a matrix. */
export function sides(shape: readonly number[]): { rows: number; cols: number } {
  return { rows: shape[0] ?? 1, cols: shape.slice(1).reduce((a, b) => a * b, 1) };
}

function cPlacer(into: NpyData): (part: NpyData) => void {
  let at = 0;
  return (part) => {
    (into as Float32Array).set(part as Float32Array, at);
    at += part.length;
  };
}

/** Puts elements that come with the first index running fastest where they belong in C order. */
function fortranPlacer(shape: readonly number[], into: NpyData): (part: NpyData) => void {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const index = shape.map(() => 0);
  let at = 0;
  return (part) => {
    for (let i = 0; i < part.length; i++) {
      into[at] = part[i]!;
      for (let axis = 0; axis < shape.length; axis++) {
        at += strides[axis]!;
        if (++index[axis]! < shape[axis]!) break;
        at -= strides[axis]! * shape[axis]!;
        index[axis] = 0;
      }
    }
  };
}

const DTYPE_OF: Record<string, NpyDtype> = {
  Float16Array: 'float16',
  Float32Array: 'float32',
  Float64Array: 'float64',
  Int8Array: 'int8',
  Int16Array: 'int16',
  Int32Array: 'int32',
  BigInt64Array: 'int64',
  Uint8Array: 'uint8',
  Uint8ClampedArray: 'uint8',
  Uint16Array: 'uint16',
  Uint32Array: 'uint32',
  BigUint64Array: 'uint64',
};

/** The element type of a typed array, or undefined when the value is none (a Buffer counts as a Uint8Array). */
export function dtypeOf(value: unknown): NpyDtype | undefined {
  return ArrayBuffer.isView(value) ? DTYPE_OF[(value as Uint8Array)[Symbol.toStringTag]] : undefined;
}

/** An array ready to be written. */
export interface CheckedArray {
  data: NpyData;
  shape: readonly number[];
  dtype: NpyDtype;
}

/** Validates what a caller wants written; `bad_input` for no array, `bad_option` for a shape or type that does not fit. */
export function checkArray(
  name: string,
  value: NpyInput,
  options: Pick<NpyWriteOptions, 'shape' | 'dtype'> = {},
): CheckedArray {
  const array = (ArrayBuffer.isView(value) ? { data: value } : (value ?? {})) as Partial<Matrix> &
    Partial<CheckedArray>;
  const own = dtypeOf(array.data);
  if (own === undefined)
    throw new MatomariError(
      'bad_input',
      `${name} must be a typed array, a matrix { data, rows, cols } or { data, shape }, not ${show(value)}`,
    );
  const data = array.data as NpyData;
  const matrixShape =
    array.rows === undefined || array.cols === undefined ? [data.length] : [array.rows, array.cols];
  const shape = options.shape ?? array.shape ?? matrixShape;
  const code = options.shape ? 'bad_option' : 'bad_input';
  if (!Array.isArray(shape) || !shape.every((n) => Number.isSafeInteger(n) && n >= 0))
    throw new MatomariError(code, `${name}: the shape must be an array of whole numbers, not ${show(shape)}`);
  const need = shape.reduce((a, b) => a * b, 1);
  if (need !== data.length)
    throw new MatomariError(
      code,
      `${name}: shape (${shape.join(', ')}) needs ${need} elements, but the array has ${data.length}`,
    );
  const wanted =
    options.dtype ?? (array.dtype === 'bool' || array.dtype === 'bytes' ? array.dtype : undefined);
  if (wanted === undefined) return { data, shape, dtype: own };
  const dtype = checkOneOf('dtype', wanted, ['bool', 'bytes'] as const);
  if (own !== 'uint8')
    throw new MatomariError('bad_option', `${name}: dtype ${dtype} needs a Uint8Array, not ${own}`);
  if (dtype === 'bytes' && shape.length === 0)
    throw new MatomariError(
      'bad_option',
      `${name}: dtype bytes needs a shape whose last entry is the string length`,
    );
  if (dtype === 'bool') {
    const odd = (data as Uint8Array).findIndex((v) => v > 1);
    if (odd >= 0)
      throw new MatomariError(
        'bad_input',
        `${name}: a truth value must be 0 or 1, but [${odd}] is ${data[odd]}`,
      );
  }
  return { data, shape, dtype };
}

/** Bytes of the file that holds this array, in parts. */
export function* npyBytes({ data, shape, dtype }: CheckedArray): Generator<Uint8Array> {
  yield npyHeader(dtype, shape);
  for (let at = 0; at < data.byteLength; at += WRITE_BYTES)
    yield new Uint8Array(data.buffer, data.byteOffset + at, Math.min(WRITE_BYTES, data.byteLength - at));
}
