import { throwIfAborted } from '../errors.js';
import type { ByteSource } from './byte-source.js';
import type { NpyDtype } from './npy-header.js';

const CHUNK_BYTES = 2 ** 22;

/** The typed arrays that hold the elements of a `.npy` file. */
export type NpyData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array;

type ArrayType = {
  new (length: number): NpyData;
  new (buffer: ArrayBufferLike, offset: number, length: number): NpyData;
  BYTES_PER_ELEMENT: number;
};

/** The typed array that holds elements of each type once they are read. */
export const ARRAY_TYPES: Record<NpyDtype, ArrayType> = {
  float16: Float32Array,
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
  bytes: Uint8Array,
};

/**
 * The next `count` elements of a source in parts of a few megabytes, in the machine's byte order, float16 as float32.
 * A part is good until the next one is asked for.
 */
export async function* elements(
  source: ByteSource,
  header: { dtype: NpyDtype; itemSize: number; bigEndian: boolean },
  count: number,
  signal?: AbortSignal,
): AsyncGenerator<NpyData> {
  const { dtype, itemSize } = header;
  const most = Math.min(count, CHUNK_BYTES / itemSize);
  const memory = new ArrayBuffer(most * itemSize);
  const floats = new Float32Array(dtype === 'float16' ? most : 0);
  for (let done = 0; done < count; done += most) {
    throwIfAborted(signal, `reading ${source.name}`);
    const n = Math.min(most, count - done);
    const bytes = Buffer.from(memory, 0, n * itemSize);
    await source.fill(bytes);
    if (header.bigEndian) swapBytes(bytes, itemSize);
    if (dtype === 'float16') yield halvesToFloats(new Uint16Array(memory, 0, n), floats);
    else yield new ARRAY_TYPES[dtype](memory, 0, n);
  }
}

function swapBytes(bytes: Buffer, itemSize: number): void {
  if (itemSize === 2) bytes.swap16();
  if (itemSize === 4) bytes.swap32();
  if (itemSize === 8) bytes.swap64();
}

let floatOfHalf: Float32Array | undefined;

function halvesToFloats(halves: Uint16Array, floats: Float32Array): Float32Array {
  floatOfHalf ??= Float32Array.from({ length: 2 ** 16 }, (_, bits) => halfToFloat(bits));
  for (let i = 0; i < halves.length; i++) floats[i] = floatOfHalf[halves[i]!]!;
  return floats.subarray(0, halves.length);
}

/** The value of an IEEE 754 binary16 number: 1 sign, 5 exponent and 10 fraction bits. */
function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Infinity;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}
