import { existsSync, readFileSync } from 'node:fs';
import type { Matrix, SparseMatrix } from '#dist/matrix.js';

/** Uniform numbers in [0, 1) that depend on nothing but the seed (Mulberry32). */
export function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Standard normal numbers (Box–Muller). */
export function normal(seed: number): () => number {
  const u = uniform(seed);
  return () => Math.sqrt(-2 * Math.log(1 - u())) * Math.cos(2 * Math.PI * u());
}

export function fill(rows: number, cols: number, value: (i: number, l: number) => number): Matrix {
  const data = new Float32Array(rows * cols);
  for (let i = 0; i < rows; i++) for (let l = 0; l < cols; l++) data[i * cols + l] = value(i, l);
  return { data, rows, cols };
}

export function pick(m: Matrix, rows: readonly number[]): Matrix {
  return fill(rows.length, m.cols, (i, l) => m.data[rows[i]! * m.cols + l]!);
}

/** Rows spread evenly over the matrix: starting centroids for any data. */
export function spread(m: Matrix, k: number): Matrix {
  return pick(
    m,
    Array.from({ length: k }, (_, j) => Math.floor((j * m.rows) / k)),
  );
}

export function gaussian(n: number, d: number, seed = 1, offset = 0, scale = 1): Matrix {
  const g = normal(seed);
  return fill(n, d, () => offset + scale * g());
}

/** Groups far apart against their own width. */
export function blobs(n: number, d: number, groups: number, seed = 1): Matrix {
  const centres = gaussian(groups, d, seed, 0, 10);
  const g = normal(seed + 1);
  return fill(n, d, (i, l) => centres.data[(i % groups) * d + l]! + 0.3 * g());
}

/** Whole numbers from 0 to 2: many equal rows and exact ties. */
export function grid(n: number, d: number, seed = 1): Matrix {
  const u = uniform(seed);
  return fill(n, d, () => Math.floor(3 * u()));
}

/** Unit vectors with a large common part, a spectrum that falls off, and near duplicates: as sentence encoders give. */
export function sentences(n: number, d: number, seed = 1): Matrix {
  const g = normal(seed);
  const common = Float64Array.from({ length: d }, () => g());
  const length = Math.hypot(...common);
  const m = fill(n, d, (_, l) => (2 * common[l]!) / length + g() / Math.sqrt(d) / (1 + (4 * l) / d));
  for (let i = 7; i < n; i += 11)
    for (let l = 0; l < d; l++) m.data[i * d + l] = m.data[(i - 7) * d + l]! * (1 + 1e-7 * g());
  for (let i = 0; i < n; i++) {
    const row = m.data.subarray(i * d, (i + 1) * d);
    const norm = Math.hypot(...row);
    row.forEach((v, l) => {
      row[l] = v / norm;
    });
  }
  return m;
}

/** One row a million (or `times`) times longer than the others. */
export function outlier(n: number, d: number, seed = 1, times = 1e6): Matrix {
  const m = gaussian(n, d, seed);
  const row = Math.floor(n / 2);
  for (let l = 0; l < d; l++) m.data[row * d + l]! *= times;
  return m;
}

/** Numbers below the smallest normal float32. */
export function denormal(n: number, d: number, seed = 1): Matrix {
  return gaussian(n, d, seed, 0, 1e-41);
}

export function equal(n: number, d: number): Matrix {
  return fill(n, d, (_, l) => l + 0.1);
}

/** Every kind of data at one shape. `zeroFree` kinds have no zero rows, so that cosine takes them. */
export const KINDS: Record<string, (n: number, d: number, seed?: number) => Matrix> = {
  gaussian: (n, d, seed) => gaussian(n, d, seed),
  blobs: (n, d, seed) => blobs(n, d, 5, seed),
  grid,
  offset: (n, d, seed) => gaussian(n, d, seed, 1e4),
  sentences,
  outlier,
  'far outlier': (n, d, seed) => outlier(n, d, seed, 1e30),
  denormal,
  equal,
};

export function withoutZeroRows(m: Matrix): Matrix {
  const data = m.data.slice();
  for (let i = 0; i < m.rows; i++)
    if (data.subarray(i * m.cols, (i + 1) * m.cols).every((v) => v === 0)) data[i * m.cols] = 1;
  return { ...m, data };
}

/** A random CSR matrix with some empty rows and columns; indices ascend within a row. */
export function sparse(rows: number, cols: number, density: number, seed = 1): SparseMatrix {
  const u = uniform(seed);
  const indptr = new Int32Array(rows + 1);
  const indices: number[] = [];
  const data: number[] = [];
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++)
      if (j !== 1 && i !== 2 && u() < density) {
        indices.push(j);
        data.push(u());
      }
    indptr[i + 1] = indices.length;
  }
  return { indptr, indices: Int32Array.from(indices), data: Float32Array.from(data), rows, cols };
}

const E5 = new URL('../../../shared/data/e5-20k.npy', import.meta.url);

/** The first rows of real sentence embeddings [rows × 384], or why they are not to be had. */
export function realSentences(rows: number): Matrix | string {
  if (!existsSync(E5)) return `${E5.pathname} is not there`;
  const file = readFileSync(E5);
  const start = 10 + file.readUInt16LE(8);
  return fill(rows, 384, (i, l) => fromHalf(file.readUInt16LE(start + 2 * (i * 384 + l))));
}

function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}
