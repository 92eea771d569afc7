import { native } from '../binding.js';
import { checkInteger, checkNumber, checkOptions } from '../check.js';
import type { Screen } from '../device.js';
import { OPERATION_OPTIONS, runJob } from '../job.js';
import type { KMeans } from '../kmeans.js';
import { allocate, type Matrix, zeros } from '../matrix.js';
import { borrowedBy, CENTROID_OPTIONS, type CentroidOptions, checkCentroidOptions } from './options.js';

export interface MiniBatchKMeansOptions extends CentroidOptions {
  /** Points drawn, with replacement, for a step (default 1024; at most points.rows). */
  batchSize?: number | undefined;
  /** Passes at most, of as many points drawn as there are (default 100). */
  maxIter?: number | undefined;
  /** Steps without a lower smoothed inertia after which a run ends (default 10); 0: it goes on to maxIter. */
  maxNoImprovement?: number | undefined;
  /** Clusters lighter than this share of the heaviest start anew (default 0.01). */
  reassignmentRatio?: number | undefined;
}

export interface MiniBatchKMeans extends KMeans {
  /** Batches of the run that is returned; nIter is the same in passes. */
  nSteps: number;
}

/**
 * Mini-batch k-means: every step moves the centroids towards a random batch, each to the mean of all the points it has
 * been given. Rules are those of scikit-learn's MiniBatchKMeans: seeding from a sample of three batches, light clusters
 * started anew, smoothed inertia for stopping; but with nInit above 1 whole runs are compared, by their true inertia.
 *
 * It sees a few batches where `kmeans` sees all points again and again: for very many points, at an inertia some per cent
 * higher. Labels, sizes and inertia are those of all points to the centroids returned, exactly as `assign` gives them,
 * and one seed gives the same bits whatever the machine, the SIMD level or the number of threads. A cluster may end empty.
 *
 * @throws MatomariError `bad_input` (NaN, empty matrix, nClusters over rows, a zero vector under `cosine`, bad weights),
 *   `bad_option`, `cancelled`, `out_of_memory`
 * Cost: nSteps · batchSize · nClusters · cols multiply-adds, one assignment of all points for each run, and k-means++ over
 *   the sample; scratch: 16 bytes a point and nClusters · cols · 40 bytes.
 */
export async function miniBatchKmeans(
  points: Matrix,
  options: MiniBatchKMeansOptions,
): Promise<MiniBatchKMeans> {
  const own = ['batchSize', 'maxIter', 'maxNoImprovement', 'reassignmentRatio'] as const;
  checkOptions('miniBatchKmeans', options, [...CENTROID_OPTIONS, ...own, ...OPERATION_OPTIONS]);
  const batchSize = checkInteger('batchSize', options.batchSize ?? 1024, 1);
  const maxIter = checkInteger('maxIter', options.maxIter ?? 100, 1, 1e9);
  const maxNoImprovement = checkInteger('maxNoImprovement', options.maxNoImprovement ?? 10, 0, 1e9);
  const reassignmentRatio = checkNumber('reassignmentRatio', options.reassignmentRatio ?? 0.01, 0, 1);
  const { nClusters, ...common } = checkCentroidOptions(points, options);
  const { data, rows, cols } = points;
  const centroids = zeros(nClusters, cols);
  const labels = allocate(Int32Array, rows);
  const sizes = new Int32Array(nClusters);
  const borrowed = [...borrowedBy(points, common), centroids.data, labels, sizes];
  const facts = await runJob('miniBatchKmeans', options, borrowed, (job) =>
    native().miniBatchKmeans(
      {
        points: data,
        rows,
        cols,
        nClusters,
        ...common,
        batchSize,
        maxIter,
        maxNoImprovement,
        reassignmentRatio,
        centroids: centroids.data,
        labels,
        sizes,
      },
      job,
    ),
  );
  return { centroids, labels, sizes, ...facts, screen: facts.screen as Screen };
}
