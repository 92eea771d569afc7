import { checkInteger, checkOneOf, show } from '../check.js';
import { resolveScreen, type ScreenOption } from '../device.js';
import { MatomariError } from '../errors.js';
import type { OperationOptions } from '../job.js';
import { checkFilledMatrix, checkSameCols, type Matrix } from '../matrix.js';

const INITS = ['k-means++', 'random'] as const;
type Init = (typeof INITS)[number];
export const KMEANS_METRICS = ['euclidean', 'cosine'] as const;
export type KMeansMetric = (typeof KMEANS_METRICS)[number];

/** Whether these are the words for a seeding, not the centroids to start from. */
export const isInit = (init: string): init is Init => (INITS as readonly string[]).includes(init);

/** What k-means and mini-batch k-means have in common. */
export interface CentroidOptions extends OperationOptions {
  /** How many clusters, from 1 to points.rows. */
  nClusters: number;
  /** `k-means++` (default; greedy, as scikit-learn's), `random` rows, or the starting centroids [nClusters × cols]. */
  init?: Init | Matrix | undefined;
  /** Runs from different seeds, of which the one with the lowest inertia is returned (default 1). */
  nInit?: number | undefined;
  /** `euclidean` (default), or `cosine`: unit points and unit centroids. */
  metric?: KMeansMetric | undefined;
  /** Weight of each point [rows], not negative (default 1). */
  sampleWeight?: Float32Array | undefined;
  /** A whole number from 0 to 2^53 − 1 (default 0). */
  seed?: number | undefined;
  /** `f32`, `bf16`, `int8`, or `auto` (default: MATOMARI_SCREEN, else `auto`). Changes speed, never a result. */
  screen?: ScreenOption | undefined;
}

export const CENTROID_OPTIONS = [
  'nClusters',
  'init',
  'nInit',
  'metric',
  'sampleWeight',
  'seed',
  'screen',
] as const;

/** The options with defaults filled in, as the addon takes them. */
type Checked = ReturnType<typeof checkCentroidOptions>;

export function checkCentroidOptions(points: Matrix, options: CentroidOptions) {
  const nClusters = checkInteger('nClusters', options.nClusters, 1);
  const nInit = checkInteger('nInit', options.nInit ?? 1, 1, 1e6);
  const metric = checkOneOf('metric', options.metric ?? 'euclidean', KMEANS_METRICS);
  const seed = checkInteger('seed', options.seed ?? 0, 0);
  const screen = resolveScreen(options.screen);
  checkFilledMatrix('points', points);
  const { rows } = points;
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
  return { nClusters, init, nInit, metric, ...(sampleWeight ? { sampleWeight } : {}), seed, screen };
}

/** The caller's arrays that a job reads. */
export function borrowedBy(
  points: Matrix,
  { init, sampleWeight }: Pick<Checked, 'init' | 'sampleWeight'>,
): (Float32Array | Int32Array)[] {
  const borrowed = [points.data];
  if (typeof init !== 'string') borrowed.push(init);
  if (sampleWeight) borrowed.push(sampleWeight);
  return borrowed;
}

function checkInit(init: unknown, points: Matrix, nClusters: number): Init | Float32Array {
  if (typeof init === 'string') return checkOneOf('init', init, INITS);
  checkFilledMatrix('init', init);
  checkSameCols('init', init, 'points', points);
  if (init.rows !== nClusters)
    throw new MatomariError(
      'bad_input',
      `init has ${init.rows} rows, but nClusters is ${nClusters}: they must be equal`,
    );
  return init.data;
}
