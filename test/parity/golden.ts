import { readFileSync } from 'node:fs';
import type { Matrix } from '#dist/matrix.js';

const FIXTURES = new URL('../fixtures/', import.meta.url);

export function json<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`golden/${name}.json`, FIXTURES), 'utf8')) as T;
}

const TYPES = {
  '|i1': Int8Array,
  '|u1': Uint8Array,
  '<i4': Int32Array,
  '<f4': Float32Array,
  '<f8': Float64Array,
} as const;

/** A .npy file of the fixtures. Read here and not by matomari/io, so that a fault there shows there only. */
export function npy(name: string, folder = 'golden'): { data: ArrayLike<number>; shape: number[] } {
  const file = readFileSync(new URL(`${folder}/${name}.npy`, FIXTURES));
  const start = 10 + file.readUInt16LE(8);
  const header = file.toString('latin1', 10, start);
  const type = TYPES[/'descr': '([^']*)'/.exec(header)![1] as keyof typeof TYPES];
  const shape = /'shape': \(([^)]*)\)/
    .exec(header)![1]!
    .split(',')
    .filter((s) => s.trim())
    .map(Number);
  const bytes = new Uint8Array(file.subarray(start));
  return { data: new type(bytes.buffer), shape };
}

/** A .npy file as a matrix of float32, each value divided by `unit`. */
export function matrixOf(name: string, unit = 1, folder?: string): Matrix {
  const { data, shape } = npy(name, folder);
  return { data: Float32Array.from(data, (v) => v / unit), rows: shape[0]!, cols: shape[1]! };
}

export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let most = 0;
  for (let i = 0; i < a.length; i++) {
    const t = Math.abs(a[i]! - b[i]!);
    if (!(t <= most)) most = t;
  }
  return most;
}
