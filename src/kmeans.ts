import { native } from './binding.js';
import { checkInteger, checkNumber, checkOneOf, checkOptions, show } from './check.js';
import { resolveScreen, type Screen, type ScreenOption } from './device.js';
import { MatomariError } from './errors.js';
import { OPERATION_OPTIONS, type OperationFacts, type OperationOptions, runJob } from './job.js';
import { allocate, checkFilledMatrix, checkSameCols, type Matrix, zeros } from './matrix.js';

export interface KMeansOptions extends OperationOptions {
  /** How many clusters, from 1 to points.rows. */
  nClusters: number;
  /** `k-means++` (default; greedy, as scikit-learn's), `random` rows, or the starting centroids [nClusters × cols]. */
  init?: 'k-means++' | 'random' | Matrix | undefined;
  /** Runs from different seeds, of which the one with the lowest inertia is returned (default 1). */
  nInit?: number | undefined;
  /** Iterations of one run at most (default 300). */
  maxIter?: number | undefined;
  /** Stop when the squared shift of the centroids is at most tol × the mean variance of the columns (default 1e-4). */
  tol?: number | undefined;
  /** `euclidean` (default), or `cosine`: unit points and unit centroids. */
  metric?: 'euclidean' | 'cosine' | undefined;
  /** Weight of each point [rows], not negative (default 1). */
  sampleWeight?: Float32Array | undefined;
  /** A whole number from 0 to 2^53 − 1 (default 0). */
  seed?: number | undefined;
  /** `f32`, `bf16`, `int8`, or `auto` (default: MATOMARI_SCREEN, else `auto`). Changes speed, never a result. */
  screen?: ScreenOption | undefined;
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

const OPTIONS = [
  'nClusters',
  'init',
  'nInit',
  'maxIter',
  'tol',
  'metric',
  'sampleWeight',
  'seed',
  'screen',
] as const;

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
 * Cost: rows · nClusters · cols multiply-adds an iteration; scratch: nClusters · cols · 40 bytes and rows · 16 bytes, and the rows once more
 * as bf16 or int8 where such a screen runs.
 */
export async function kmeans(points: Matrix, options: KMeansOptions): Promise<KMeans> {
  checkOptions('kmeans', options, [...OPTIONS, ...OPERATION_OPTIONS]);
  const nClusters = checkInteger('nClusters', options.nClusters, 1);
  const nInit = checkInteger('nInit', options.nInit ?? 1, 1, 1e6);
  const maxIter = checkInteger('maxIter', options.maxIter ?? 300, 1, 1e9);
  const tol = checkNumber('tol', options.tol ?? 1e-4, 0);
  const metric = checkOneOf('metric', options.metric ?? 'euclidean', ['euclidean', 'cosine'] as const);
  const seed = checkInteger('seed', options.seed ?? 0, 0);
  const screen = resolveScreen(options.screen);
  checkFilledMatrix('points', points);
  const { rows, cols } = points;
  if (nClusters > rows)
    throw new MatomariError(
      'bad_input',
      `nClusters is ${nClusters}, but there are only ${rows} points: ask for at most ${rows} clusters`,
    );
  const init = checkInit(options.init ?? 'k-means++', points, nClusters);
  const { sampleWeight } = options;
  if (sampleWeight !== undefined && (!(sampleWeight instanceof Float32Array) || sampleWeight.length !== rows))
    throw new MatomariError(
      'bad_input',
      `sampleWeight must be a Float32Array of ${rows} weights, one a point, not ${show(sampleWeight)}${sampleWeight instanceof Float32Array ? ` of ${sampleWeight.length}` : ''}`,
    );
  const centroids = zeros(nClusters, cols);
  const labels = allocate(Int32Array, rows);
  const sizes = new Int32Array(nClusters);
  const borrowed = [points.data, centroids.data, labels, sizes];
  if (typeof init !== 'string') borrowed.push(init);
  if (sampleWeight) borrowed.push(sampleWeight);
  const facts = await runJob('kmeans', options, borrowed, (job) =>
    native().kmeans(
      {
        points: points.data,
        rows,
        cols,
        nClusters,
        init,
        nInit,
        maxIter,
        tol,
        metric,
        ...(sampleWeight ? { sampleWeight } : {}),
        seed,
        screen,
        centroids: centroids.data,
        labels,
        sizes,
      },
      job,
    ),
  );
  return { centroids, labels, sizes, ...facts, screen: facts.screen as Screen };
}

function checkInit(init: unknown, points: Matrix, nClusters: number): 'k-means++' | 'random' | Float32Array {
  if (typeof init === 'string') return checkOneOf('init', init, ['k-means++', 'random'] as const);
  checkFilledMatrix('init', init);
  checkSameCols('init', init, 'points', points);
  if (init.rows !== nClusters)
    throw new MatomariError(
      'bad_input',
      `init has ${init.rows} rows, but nClusters is ${nClusters}: they must be equal`,
    );
  return init.data;
}
