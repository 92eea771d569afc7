import { native } from './binding.js';
import { checkInteger, checkOneOf, checkOptions } from './check.js';
import { resolveScreen, type Screen, type ScreenOption, type Work } from './device.js';
import { MatomariError } from './errors.js';
import { OPERATION_OPTIONS, type OperationFacts, type OperationOptions, runJob } from './job.js';
import {
  allocate,
  checkFilledMatrix,
  checkMatrix,
  checkSameCols,
  type Matrix,
  METRICS,
  type Metric,
} from './matrix.js';

export interface NearestOptions extends OperationOptions {
  /** How many neighbours, from 1 to points.rows. */
  k: number;
  /** Default `euclidean`. */
  metric?: Metric | undefined;
  /** `f32`, `bf16`, `int8`, or `auto` (default: MATOMARI_SCREEN, else `auto`). Changes speed, never a result. */
  screen?: ScreenOption | undefined;
}

export interface Neighbours extends OperationFacts {
  /** [rows × k]: rows of `points`, nearest first. */
  indices: Int32Array;
  /** [rows × k]: their distances (for `dot` their products). */
  distances: Float32Array;
  rows: number;
  k: number;
  /** The screen that ran. */
  screen: Screen;
  /** Share of the queries for which the screen left more than k points to float64. */
  recheckedShare: number;
}

/** A GPU multiplies so many columns at once. */
const GPU_COLUMNS = 64;

/**
 * What the search asks of a machine. The tree takes about 1 µs a query and dimension, and 2.5 beyond four dimensions: of 20,000 and 100,000
 * uniform points among themselves and 15 neighbours 1.8 and 1.9 µs a query at 2 dimensions, 3.6 and 3.9 at 4, 15 and 21 at 8.
 */
export function nearestWork(
  queries: { rows: number; cols: number },
  points: { rows: number },
  k: number,
  metric: Metric,
  screen: ScreenOption,
): Work {
  const pairs = queries.rows * points.rows;
  const numbers = (queries.rows + points.rows) * queries.cols + 2 * queries.rows * k;
  const tree =
    screen === 'auto' &&
    queries.cols <= native().info().treeDimensions &&
    (metric === 'euclidean' || metric === 'sqeuclidean');
  if (!tree) return { multiplyAdds: pairs * queries.cols, numbers };
  const cpuSeconds = (queries.cols > 4 ? 2.5e-6 : 1e-6) * queries.cols * queries.rows;
  return { multiplyAdds: pairs * GPU_COLUMNS, numbers, cpuSeconds };
}

/**
 * The `k` nearest rows of `points` for every row of `queries`, exactly: nearest first, ties to the lowest index; by
 * `dot` the largest first. A point of the same matrix is its own neighbour.
 *
 * A screen in int8, bf16 or float32 drops only what a bound on its error proves to be farther; the rest is ordered by float64
 * distances, and by exact sums where float64 cannot tell two apart (not for `cosine`). Up to eight dimensions many queries
 * go through a k-d tree instead (`auto`, euclidean metrics), to the same result. Equal bits on every machine, SIMD
 * level and number of threads. No rows × points matrix is held.
 *
 * Runs on an NVIDIA GPU by `device: 'cuda'`, to the same bits, with k up to 1,024; points that its memory cannot hold come and
 * go in blocks.
 *
 * @throws MatomariError `bad_input` (NaN, unequal columns, k over the number of points), `bad_option`, `cancelled`
 */
export async function nearest(queries: Matrix, points: Matrix, options: NearestOptions): Promise<Neighbours> {
  checkOptions('nearest', options, ['k', 'metric', 'screen', ...OPERATION_OPTIONS]);
  const metric = checkOneOf('metric', options.metric ?? 'euclidean', METRICS);
  const screen = resolveScreen(options.screen);
  checkMatrix('queries', queries);
  checkFilledMatrix('points', points);
  checkSameCols('queries', queries, 'points', points);
  const k = checkInteger('k', options.k, 1);
  if (k > points.rows)
    throw new MatomariError(
      'bad_input',
      `k is ${k}, but there are only ${points.rows} points: lower k or add points`,
    );
  const indices = allocate(Int32Array, queries.rows * k);
  const distances = allocate(Float32Array, queries.rows * k);
  const borrowed = [queries.data, points.data, indices, distances];
  const facts = await runJob(
    'nearest',
    options,
    borrowed,
    (job) =>
      native().nearest(
        {
          queries: queries.data,
          queryRows: queries.rows,
          points: points.data,
          pointRows: points.rows,
          cols: points.cols,
          k,
          metric,
          screen,
          indices,
          distances,
        },
        job,
      ),
    // A GPU keeps shorter lists.
    k > native().info().gpuNeighbours && (options.device ?? 'auto') === 'auto'
      ? undefined
      : nearestWork(queries, points, k, metric, screen),
  );
  return { indices, distances, rows: queries.rows, k, ...facts, screen: facts.screen as Screen };
}
