import { native } from './binding.js';
import { checkInteger, checkNumber, checkOptions } from './check.js';
import type { Screen } from './device.js';
import { OPERATION_OPTIONS, type OperationFacts, runJob } from './job.js';
import {
  borrowedBy,
  CENTROID_OPTIONS,
  type CentroidOptions,
  checkCentroidOptions,
} from './kmeans/options.js';
import { allocate, type Matrix, zeros } from './matrix.js';

export interface KMeansOptions extends CentroidOptions {
  /** Iterations of one run at most (default 300). */
  maxIter?: number | undefined;
  /** Stop when the squared shift of the centroids is at most tol × the mean variance of the columns (default 1e-4). */
  tol?: number | undefined;
}

export interface KMeans extends OperationFacts {
  /** [nClusters × cols]. */
  centroids: Matrix;
  /** [rows]: the cluster of each point. */
  labels: Int32Array;
  /** [nClusters]: points in each cluster. */
  sizes: Int32Array;
  /** Σ weight · squared distance to the own centroid; for `cosine` Σ weight · (1 − cos). */
  inertia: number;
  nIter: number;
  /** Whether it stopped by itself, not at maxIter. */
  converged: boolean;
  /** The screen that ran; with `auto` the one in use at the end. */
  screen: Screen;
  /** Share of all row assignments that the screen could not decide. */
  recheckedShare: number;
}

/**
 * k-means by Lloyd's algorithm, with scikit-learn's seeding, stopping rule and treatment of empty clusters.
 *
 * One seed gives the same labels and centroids, bit for bit, whatever the machine, the SIMD level or the number of
 * threads: labels are certified, sums are order-free, random numbers are counter-based (ARCHITECTURE.md, "Exactness").
 * Centroids are float64 within the fit and rounded once; `assign(points, centroids)` gives the very labels returned. With
 * more clusters than different points some clusters stay empty and share a place.
 *
 * @throws MatomariError `bad_input` (NaN, empty matrix, nClusters over rows, a zero vector under `cosine`, bad weights),
 *   `bad_option`, `cancelled`, `out_of_memory`
 * Runs on an NVIDIA GPU by `device: 'cuda'`, to the same bits; points that its memory cannot hold come and go in blocks.
 * Cost: rows · nClusters · cols multiply-adds an iteration; scratch: nClusters · cols · 40 bytes and rows · 16 bytes, and where a
 * low-precision screen runs rows · 40 bytes and the rows once more, as bf16 or in two layers of int8.
 */
export async function kmeans(points: Matrix, options: KMeansOptions): Promise<KMeans> {
  checkOptions('kmeans', options, [...CENTROID_OPTIONS, 'maxIter', 'tol', ...OPERATION_OPTIONS]);
  const maxIter = checkInteger('maxIter', options.maxIter ?? 300, 1, 1e9);
  const tol = checkNumber('tol', options.tol ?? 1e-4, 0);
  const { nClusters, ...common } = checkCentroidOptions(points, options);
  const { data, rows, cols } = points;
  const centroids = zeros(nClusters, cols);
  const labels = allocate(Int32Array, rows);
  const sizes = new Int32Array(nClusters);
  const borrowed = [...borrowedBy(points, common), centroids.data, labels, sizes];
  const facts = await runJob(
    'kmeans',
    options,
    borrowed,
    (job) =>
      native().kmeans(
        {
          points: data,
          rows,
          cols,
          nClusters,
          ...common,
          maxIter,
          tol,
          centroids: centroids.data,
          labels,
          sizes,
        },
        job,
      ),
    // Most fits take ten iterations or more.
    {
      multiplyAdds: rows * nClusters * cols * Math.min(maxIter, 10) * common.nInit,
      numbers: data.length + rows,
    },
  );
  return { centroids, labels, sizes, ...facts, screen: facts.screen as Screen };
}
