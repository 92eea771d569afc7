import type { Matrix, Metric, SparseMatrix } from '#dist/matrix.js';
import { philox } from '#dist/random.js';

/*
 * What the operations must give, computed the slow way: float64 in index order, and whole numbers of any length where
 * float64 cannot tell two values apart. Nothing here screens, blocks, packs or runs in parallel.
 */

/** A float32 as a whole number of units of 2^-149, of which every float32 is a multiple. */
const whole = (x: number): bigint => BigInt(x * 2 ** 149);

/** Rows of a matrix as whole numbers, each converted when it is first asked for. */
function wholes(m: Matrix): (i: number) => bigint[] {
  const rows = new Map<number, bigint[]>();
  return (i) => {
    const row = rows.get(i) ?? Array.from(rowOf(m, i), whole);
    rows.set(i, row);
    return row;
  };
}

/** Σ (a − b)², or −a·b for `dot`: exact, in units of 2^-298. Smaller is nearer. */
function exactScore(metric: Metric, a: bigint[], b: bigint[]): bigint {
  let sum = 0n;
  for (let l = 0; l < a.length; l++) {
    if (metric === 'dot') sum -= a[l]! * b[l]!;
    else {
      const t = a[l]! - b[l]!;
      sum += t * t;
    }
  }
  return sum;
}

interface Score {
  value: number;
  /** How far `value` may be from the real number. */
  error: number;
}

function score(metric: Metric, a: ArrayLike<number>, b: ArrayLike<number>): Score {
  let value = 0;
  let size = 0;
  for (let l = 0; l < a.length; l++) {
    const t = metric === 'dot' ? -a[l]! * b[l]! : (a[l]! - b[l]!) ** 2;
    value += t;
    size += Math.abs(t);
  }
  return { value, error: (a.length + 4) * 2 ** -52 * size };
}

const rowOf = (m: Matrix, i: number): Float32Array => m.data.subarray(i * m.cols, (i + 1) * m.cols);

/** Σ a·b in index order. */
export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let l = 0; l < a.length; l++) sum += a[l]! * b[l]!;
  return sum;
}

function unit(a: ArrayLike<number>): Float64Array {
  const norm = Math.sqrt(dot(a, a));
  return Float64Array.from({ length: a.length }, (_, l) => a[l]! / norm);
}

/**
 * The nearest centroid in real arithmetic, ties to the lowest index. For cosine the documented rule: centroids brought to
 * length 1 in float64, products added up in float64 in index order.
 */
export function nearestCentroid(points: Matrix, centroids: Matrix, metric: Metric): Int32Array {
  const labels = new Int32Array(points.rows);
  const by = metric === 'cosine' ? 'dot' : metric;
  const targets = Array.from({ length: centroids.rows }, (_, j) =>
    metric === 'cosine' ? unit(rowOf(centroids, j)) : rowOf(centroids, j),
  );
  const pointWholes = wholes(points);
  const centroidWholes = wholes(centroids);
  for (let i = 0; i < points.rows; i++) {
    const x = rowOf(points, i);
    const scores = targets.map((c) => score(by, x, c));
    let best = 0;
    for (let j = 1; j < scores.length; j++) {
      const a = scores[j]!;
      const b = scores[best]!;
      const close = metric !== 'cosine' && Math.abs(a.value - b.value) <= a.error + b.error;
      const wins = close
        ? exactScore(by, pointWholes(i), centroidWholes(j)) <
          exactScore(by, pointWholes(i), centroidWholes(best))
        : a.value < b.value;
      if (wins) best = j;
    }
    labels[i] = best;
  }
  return labels;
}

/** The distance as float64 gives it, and how far from it a float32 result may be. */
export function distance(
  metric: Metric,
  a: ArrayLike<number>,
  b: ArrayLike<number>,
): { value: number; tolerance: number } {
  const unitRoundoff = 2 ** -53;
  const n = a.length + 8;
  if (metric === 'cosine') {
    const [aa, bb] = [dot(a, a), dot(b, b)];
    if (aa === 0 || bb === 0) return { value: 1, tolerance: 0 };
    const [u, v] = [unit(a), unit(b)];
    const value = score('sqeuclidean', u, v).value / 2;
    return { value, tolerance: ulp32(value) + n * 4 * unitRoundoff };
  }
  const s = score(metric, a, b);
  if (metric === 'dot') return { value: -s.value, tolerance: ulp32(s.value) + s.error };
  const value = metric === 'euclidean' ? Math.sqrt(s.value) : s.value;
  return { value, tolerance: ulp32(value) };
}

/** The distance between a number, rounded to float32, and the next float32 above it in magnitude. */
export function ulp32(value: number): number {
  const bits = new Uint32Array(Float32Array.of(Math.abs(value)).buffer);
  const here = new Float32Array(Uint32Array.of(bits[0]!).buffer)[0]!;
  const next = new Float32Array(Uint32Array.of(bits[0]! + 1).buffer)[0]!;
  return here === Infinity ? 0 : next === Infinity ? 2 ** 104 : next - here;
}

/** The k nearest points of every query by a full sort in real arithmetic, ties to the lowest index. */
export function neighbours(queries: Matrix, points: Matrix, k: number, metric: Metric): Int32Array {
  const out = new Int32Array(queries.rows * k);
  const by = metric === 'euclidean' ? 'sqeuclidean' : metric;
  const queryWholes = wholes(queries);
  const pointWholes = wholes(points);
  const norms = Array.from({ length: points.rows }, (_, j) =>
    Math.sqrt(dot(rowOf(points, j), rowOf(points, j))),
  );
  for (let i = 0; i < queries.rows; i++) {
    const x = rowOf(queries, i);
    const own = Math.sqrt(dot(x, x));
    const scores = Array.from({ length: points.rows }, (_, j): Score => {
      if (metric !== 'cosine') return score(by, x, rowOf(points, j));
      // The documented rule: 1 − cos in float64, never below 0, and 1 where a row is zero.
      if (own === 0 || norms[j] === 0) return { value: 1, error: 0 };
      const v = 1 - dot(x, rowOf(points, j)) / (own * norms[j]!);
      return { value: Math.max(v, 0), error: 0 };
    });
    const exact: (bigint | undefined)[] = [];
    const exactly = (j: number) => (exact[j] ??= exactScore(by, queryWholes(i), pointWholes(j)));
    const order = Array.from({ length: points.rows }, (_, j) => j).sort((p, q) => {
      const a = scores[p]!;
      const b = scores[q]!;
      if (metric !== 'cosine' && p !== q && Math.abs(a.value - b.value) <= a.error + b.error) {
        const [u, v] = [exactly(p), exactly(q)];
        return u < v ? -1 : u > v ? 1 : p - q;
      }
      return a.value - b.value || p - q;
    });
    for (let n = 0; n < k; n++) out[i * k + n] = order[n]!;
  }
  return out;
}

/** Column means of the rows weighted by each column of a CSR matrix. */
export function weightedMeans(weights: SparseMatrix, vectors: Matrix): Float64Array {
  const d = vectors.cols;
  const out = new Float64Array(weights.cols * d);
  const total = new Float64Array(weights.cols);
  for (let i = 0; i < weights.rows; i++)
    for (let e = Number(weights.indptr[i]); e < Number(weights.indptr[i + 1]); e++) {
      const j = weights.indices[e]!;
      total[j]! += weights.data[e]!;
      for (let l = 0; l < d; l++) out[j * d + l]! += weights.data[e]! * vectors.data[i * d + l]!;
    }
  for (let j = 0; j < weights.cols; j++)
    for (let l = 0; l < d; l++) out[j * d + l] = total[j] ? out[j * d + l]! / total[j]! : 0;
  return out;
}

export interface LloydOptions {
  metric?: 'euclidean' | 'cosine';
  maxIter?: number;
  tol?: number;
  sampleWeight?: Float32Array;
}

export interface Lloyd {
  centroids: Float64Array;
  labels: Int32Array;
  inertia: number;
  nIter: number;
  converged: boolean;
}

/** Lloyd's algorithm in plain float64 from given centroids, with scikit-learn's rules for stopping and empty clusters. */
export function lloyd(points: Matrix, initial: Matrix, options: LloydOptions = {}): Lloyd {
  const { metric = 'euclidean', maxIter = 300, tol = 1e-4, sampleWeight } = options;
  const { rows: n, cols: d } = points;
  const k = initial.rows;
  const x = Array.from({ length: n }, (_, i) =>
    metric === 'cosine' ? unit(rowOf(points, i)) : Float64Array.from(rowOf(points, i)),
  );
  let c = Array.from({ length: k }, (_, j) =>
    metric === 'cosine' ? unit(rowOf(initial, j)) : Float64Array.from(rowOf(initial, j)),
  );
  const weightOf = (i: number) => sampleWeight?.[i] ?? 1;
  const squared = (a: Float64Array, b: Float64Array) => score('sqeuclidean', a, b).value;
  const closest = (i: number, to: Float64Array[]) => {
    let best = 0;
    let lowest = Infinity;
    to.forEach((v, j) => {
      const s = squared(x[i]!, v);
      if (s < lowest) [lowest, best] = [s, j];
    });
    return best;
  };
  const tolerance = tol * meanVariance(x);
  let labels = new Int32Array(n).fill(-1);
  let nIter = 0;
  let converged = false;
  while (nIter < maxIter && !converged) {
    nIter++;
    const before = labels;
    labels = Int32Array.from(x, (_, i) => closest(i, c));
    const to = Int32Array.from(labels);
    const mass = new Float64Array(k);
    labels.forEach((j, i) => {
      mass[j]! += weightOf(i);
    });
    const empty = Array.from(mass.keys()).filter((j) => mass[j] === 0);
    if (empty.length > 0) {
      const far = x.map((v, i) => squared(v, c[labels[i]!]!));
      const order = Array.from(x.keys()).sort((a, b) => far[b]! - far[a]! || a - b);
      if (far[order[0]!]! > 0)
        empty.forEach((j, e) => {
          const i = order[e]!;
          mass[to[i]!]! -= weightOf(i);
          mass[j] = weightOf(i);
          to[i] = j;
        });
    }
    const sums = c.map(() => new Float64Array(d));
    x.forEach((v, i) => {
      for (let l = 0; l < d; l++) sums[to[i]!]![l]! += weightOf(i) * v[l]!;
    });
    const next = sums.map((s, j) => {
      const mean = s.map((v) => v / mass[j]!);
      return metric === 'cosine' && mass[j]! > 0 ? unit(mean) : mean;
    });
    const heaviest = mass.indexOf(Math.max(...mass));
    next.forEach((_, j) => {
      if (!(mass[j]! > 0)) next[j] = next[heaviest]!;
    });
    const shift = next.reduce((sum, v, j) => sum + squared(v, c[j]!), 0);
    c = next;
    converged = labels.every((j, i) => j === before[i]) || shift <= tolerance;
  }
  labels = Int32Array.from(x, (_, i) => closest(i, c));
  const half = metric === 'cosine' ? 0.5 : 1;
  const inertia = x.reduce((sum, v, i) => sum + weightOf(i) * half * squared(v, c[labels[i]!]!), 0);
  const centroids = new Float64Array(k * d);
  c.forEach((v, j) => {
    centroids.set(v, j * d);
  });
  return { centroids, labels, inertia, nIter, converged };
}

function meanVariance(x: Float64Array[]): number {
  const d = x[0]!.length;
  let total = 0;
  for (let l = 0; l < d; l++) {
    const mean = x.reduce((s, v) => s + v[l]!, 0) / x.length;
    total += x.reduce((s, v) => s + (v[l]! - mean) ** 2, 0) / x.length;
  }
  return total / d;
}

/** Σ weight · squared distance of each point to the centroid it is labelled with; for cosine Σ weight · (1 − cos). */
export function inertiaOf(
  points: Matrix,
  centroids: Matrix,
  labels: Int32Array,
  metric: 'euclidean' | 'cosine' = 'euclidean',
  sampleWeight?: Float32Array,
): number {
  let sum = 0;
  for (let i = 0; i < points.rows; i++) {
    const x = rowOf(points, i);
    const c = rowOf(centroids, labels[i]!);
    const value =
      metric === 'cosine'
        ? score('sqeuclidean', unit(x), unit(c)).value / 2
        : score('sqeuclidean', x, c).value;
    sum += value * (sampleWeight?.[i] ?? 1);
  }
  return sum;
}

/** Rows that greedy k-means++ draws (2 + ⌊ln k⌋ candidates a step), with the generator and counters of the native side. */
export function seedPlusPlus(points: Matrix, k: number, seed: number, sampleWeight?: Float32Array): number[] {
  const n = points.rows;
  const weight = (i: number) => sampleWeight?.[i] ?? 1;
  const toSeed = (i: number, s: number) => score('sqeuclidean', rowOf(points, i), rowOf(points, s)).value;
  const first = new Tickets(Float64Array.from({ length: n }, (_, i) => weight(i)));
  const seeds = [first.rowOf(drawBelow(first.total, seed, 1, 0, 0))];
  const closest = Float64Array.from({ length: n }, (_, i) => toSeed(i, seeds[0]!));
  let tickets = new Tickets(closest.map((c, i) => c * weight(i)));
  const trials = 2 + Math.floor(Math.log(k));
  for (let step = 1; step < k; step++) {
    if (tickets.coarse) tickets = new Tickets(closest.map((c, i) => c * weight(i)));
    if (tickets.total === 0n) {
      seeds.push(0);
      continue;
    }
    let best: { row: number; fall: bigint } | undefined;
    for (let t = 0; t < trials; t++) {
      const row = tickets.rowOf(drawBelow(tickets.total, seed, 2, step, t));
      let fall = 0n;
      for (let i = 0; i < n; i++) {
        const c = toSeed(i, row);
        if (c < closest[i]!) fall += tickets.of(i) - tickets.term(c * weight(i));
      }
      if (!best || fall > best.fall) best = { row, fall };
    }
    seeds.push(best!.row);
    for (let i = 0; i < n; i++) {
      const c = toSeed(i, best!.row);
      if (c < closest[i]!) {
        closest[i] = c;
        tickets.change(i, c * weight(i));
      }
    }
  }
  return seeds;
}

/** Rows drawn in proportion to weights that are rounded to whole numbers. */
class Tickets {
  readonly #scale: number;
  readonly #bits: number;
  readonly #tickets: bigint[];
  total: bigint;
  constructor(values: Float64Array) {
    const largest = values.reduce((a, b) => Math.max(a, b), 0);
    // The lowest power of two above the largest, and bits such that the sum over all rows fits 62.
    let exponent = largest > 0 ? Math.floor(Math.log2(largest)) : 0;
    while (2 ** exponent <= largest) exponent++;
    this.#bits = Math.min(50, 62 - (Math.floor(Math.log2(values.length)) + 1));
    this.#scale = largest > 0 ? 2 ** Math.min(1000, this.#bits - exponent) : 1;
    this.#tickets = Array.from(values, (v) => this.term(v));
    this.total = this.#tickets.reduce((a, b) => a + b, 0n);
  }
  /** Rounds to even, as the addition of 1.5 · 2^52 does. */
  term(value: number): bigint {
    return BigInt(value * this.#scale + 1.5 * 2 ** 52 - 1.5 * 2 ** 52);
  }
  /** Whether so little is left that rounding would decide what is drawn. */
  get coarse(): boolean {
    return this.total < 1n << BigInt(this.#bits - 10);
  }
  of(row: number): bigint {
    return this.#tickets[row]!;
  }
  change(row: number, value: number): void {
    const t = this.term(value);
    this.total += t - this.#tickets[row]!;
    this.#tickets[row] = t;
  }
  rowOf(number: bigint): number {
    let left = number;
    let i = 0;
    while (left >= this.#tickets[i]!) left -= this.#tickets[i++]!;
    return i;
  }
}

function drawBelow(bound: bigint, seed: number, stream: number, step: number, index: number): bigint {
  const [a, b] = philox([index, step, 0, stream], seed) as unknown as [number, number];
  return (((BigInt(a) << 32n) | BigInt(b)) * bound) >> 64n;
}

/** The covariance of the columns (divided by rows − 1), as rows, and their means. */
export function covariance(points: Matrix): { matrix: Float64Array[]; mean: Float64Array } {
  const { rows: n, cols: d, data } = points;
  const mean = new Float64Array(d);
  for (let i = 0; i < n; i++) for (let l = 0; l < d; l++) mean[l]! += data[i * d + l]! / n;
  const matrix = Array.from({ length: d }, () => new Float64Array(d));
  for (let i = 0; i < n; i++)
    for (let a = 0; a < d; a++) {
      const t = data[i * d + a]! - mean[a]!;
      const row = matrix[a]!;
      for (let b = 0; b < d; b++) row[b]! += (t * (data[i * d + b]! - mean[b]!)) / Math.max(1, n - 1);
    }
  return { matrix, mean };
}

/** All eigenvalues of a symmetric matrix, largest first, with their vectors: Jacobi's rotations. */
export function eigenpairs(symmetric: Float64Array[]): { values: number[]; vectors: Float64Array[] } {
  const n = symmetric.length;
  const a = symmetric.map((row) => Float64Array.from(row));
  const v = a.map((_, i) => Float64Array.from({ length: n }, (_, j) => (i === j ? 1 : 0)));
  const size = Math.sqrt(a.reduce((s, row) => s + dot(row, row), 0));
  for (let sweep = 0; sweep < 60; sweep++) {
    let off = 0;
    for (let p = 0; p < n; p++) for (let q = 0; q < p; q++) off = Math.max(off, Math.abs(a[p]![q]!));
    if (off <= 1e-15 * size) break;
    for (let p = 0; p < n; p++)
      for (let q = p + 1; q < n; q++) {
        if (a[p]![q] === 0) continue;
        const theta = (a[q]![q]! - a[p]![p]!) / (2 * a[p]![q]!);
        const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
        const c = 1 / Math.sqrt(t * t + 1);
        const s = t * c;
        for (let i = 0; i < n; i++) {
          const [x, y] = [a[i]![p]!, a[i]![q]!];
          a[i]![p] = c * x - s * y;
          a[i]![q] = s * x + c * y;
        }
        for (let i = 0; i < n; i++) {
          const [x, y] = [a[p]![i]!, a[q]![i]!];
          a[p]![i] = c * x - s * y;
          a[q]![i] = s * x + c * y;
          const [u, w] = [v[p]![i]!, v[q]![i]!];
          v[p]![i] = c * u - s * w;
          v[q]![i] = s * u + c * w;
        }
      }
  }
  const order = Array.from(a.keys()).sort((p, q) => a[q]![q]! - a[p]![p]!);
  return { values: order.map((i) => a[i]![i]!), vectors: order.map((i) => v[i]!) };
}
