import { assign } from '../assign.js';
import type { OperationFacts, OperationOptions } from '../job.js';
import { kmeans } from '../kmeans.js';
import { type Matrix, row, zeros } from '../matrix.js';
import { inStage } from './stages.js';

export interface Clustering extends OperationFacts {
  /** [nClusters × dimensions], the largest cluster first. */
  centroids: Matrix;
  labels: Int32Array;
  /** Euclidean distance of every point to its centroid. */
  distances: Float32Array;
  sizes: Int32Array;
  inertia: number;
  nIter: number;
  converged: boolean;
}

/**
 * k-means whose clusters are numbered by size, the largest first (equal sizes by their number within k-means). The
 * labels are those that `assign` gives for these centroids.
 */
export async function cluster(
  points: Matrix,
  { nClusters, seed }: { nClusters: number; seed: number },
  operation: OperationOptions,
): Promise<Clustering> {
  const found = await kmeans(points, { nClusters, seed, ...inStage('kmeans', operation) });
  const { inertia, nIter, converged, device, simd } = found;
  const { onProgress, ...quiet } = operation;
  // It seldom needs all the iterations that it announced.
  onProgress?.({ stage: 'kmeans', done: nIter, total: nIter });
  let { centroids, sizes } = found;
  // A point that is equally near two centroids goes to the lower number, so renumbering can move it. Such a point only
  // ever moves to a larger cluster, which cannot go on for ever.
  for (;;) {
    centroids = bySize(centroids, sizes);
    const { labels, distances } = await assign(points, centroids, { metric: 'euclidean', ...quiet });
    sizes = countLabels(labels, nClusters);
    if (sizes.every((size, id) => id === 0 || size <= sizes[id - 1]!))
      return { centroids, labels, distances, sizes, inertia, nIter, converged, device, simd };
  }
}

function bySize(centroids: Matrix, sizes: Int32Array): Matrix {
  const order = Array.from(sizes.keys()).sort((a, b) => sizes[b]! - sizes[a]! || a - b);
  const sorted = zeros(centroids.rows, centroids.cols);
  for (const [id, old] of order.entries()) row(sorted, id).set(row(centroids, old));
  return sorted;
}

/** How many documents carry each label; −1 is not counted. */
export function countLabels(labels: Int32Array, nClusters: number): Int32Array {
  const sizes = new Int32Array(nClusters);
  for (const label of labels) if (label >= 0) sizes[label]!++;
  return sizes;
}

export const countNoise = (labels: Int32Array): number =>
  labels.reduce((sum, label) => sum + (label < 0 ? 1 : 0), 0);
