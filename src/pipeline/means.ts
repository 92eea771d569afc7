import { setImmediate } from 'node:timers/promises';
import { throwIfAborted } from '../errors.js';
import type { OperationOptions } from '../job.js';
import { type Matrix, row, type SparseMatrix } from '../matrix.js';
import { weightedMean } from '../weighted-mean.js';

export interface Means {
  /** [nClusters × dimensions] */
  centroids: Matrix;
  /** Euclidean distance of every point to the mean of its cluster; NaN for a point of no cluster (−1). */
  distances: Float32Array;
}

/** Elements between two turns of the event loop: a few milliseconds. */
const SLICE = 2 ** 21;

/** The mean of every cluster's points, and how far they are from it. A cluster without points has a zero mean. */
export async function meansOf(
  points: Matrix,
  labels: Int32Array,
  nClusters: number,
  { onProgress: _, ...quiet }: OperationOptions,
): Promise<Means> {
  const { data, rows, cols } = await weightedMean(membership(labels, nClusters), points, quiet);
  const centroids = { data, rows, cols };
  return { centroids, distances: await distancesTo(points, labels, centroids, quiet) };
}

/** Euclidean distance of every point to the centroid of its cluster, as `assign` gives it; NaN for noise (−1). */
export async function distancesTo(
  points: Matrix,
  labels: Int32Array,
  centroids: Matrix,
  { signal }: OperationOptions,
): Promise<Float32Array> {
  const distances = new Float32Array(points.rows).fill(Number.NaN);
  const step = Math.max(1, Math.floor(SLICE / points.cols));
  for (const [i, label] of labels.entries()) {
    if (i % step === step - 1) {
      await setImmediate();
      throwIfAborted(signal, 'measuring distances to the centroids');
    }
    if (label >= 0) distances[i] = between(row(points, i), row(centroids, label));
  }
  return distances;
}

function between(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let j = 0; j < a.length; j++) sum += (a[j]! - b[j]!) ** 2;
  return Math.sqrt(sum);
}

/** [documents × clusters], 1 where the document is in the cluster. */
function membership(labels: Int32Array, nClusters: number): SparseMatrix {
  const indptr = new Int32Array(labels.length + 1);
  const indices = labels.filter((label) => label >= 0);
  for (const [i, label] of labels.entries()) indptr[i + 1] = indptr[i]! + (label >= 0 ? 1 : 0);
  const data = new Float32Array(indices.length).fill(1);
  return { indptr, indices, data, rows: labels.length, cols: nClusters };
}

/** One more than the largest label. */
export const countClusters = (labels: Int32Array): number => labels.reduce((a, b) => Math.max(a, b), -1) + 1;
