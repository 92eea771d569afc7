import { native } from './binding.js';
import { checkOneOf, checkOptions } from './check.js';
import { resolveScreen, type Screen, type ScreenOption } from './device.js';
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

export interface AssignOptions extends OperationOptions {
  /** Default `euclidean`. */
  metric?: Metric | undefined;
  /** `f32`, `bf16`, `int8`, or `auto` (default: MATOMARI_SCREEN, else `auto`). Changes speed, never a result. */
  screen?: ScreenOption | undefined;
}

export interface Assignment extends OperationFacts {
  /** [rows]: the nearest centroid of each point. */
  labels: Int32Array;
  /** [rows]: how far it is (for `dot` the product). */
  distances: Float32Array;
  /** The screen that ran. */
  screen: Screen;
  /** Share of the points that the screen could not decide. */
  recheckedShare: number;
}

/**
 * The nearest centroid of every point. The label is the argmin in real arithmetic over the float32 inputs, ties to the
 * lowest index (for `cosine`, over centroids brought to length 1 in float64); by `dot` the largest product wins. Equal
 * bits on every machine, SIMD level and number of threads, and equal to what `kmeans` returned for its own points.
 *
 * @throws MatomariError `bad_input` (NaN, unequal columns, no centroid, a zero vector under `cosine`), `bad_option`,
 *   `cancelled`
 * Runs on an NVIDIA GPU by `device: 'cuda'`, to the same bits.
 * Cost: rows · centroids · cols multiply-adds in float32; the rows × centroids matrix is never held.
 */
export async function assign(
  points: Matrix,
  centroids: Matrix,
  options: AssignOptions = {},
): Promise<Assignment> {
  checkOptions('assign', options, ['metric', 'screen', ...OPERATION_OPTIONS]);
  const metric = checkOneOf('metric', options.metric ?? 'euclidean', METRICS);
  const screen = resolveScreen(options.screen);
  checkMatrix('points', points);
  checkFilledMatrix('centroids', centroids);
  checkSameCols('points', points, 'centroids', centroids);
  const labels = allocate(Int32Array, points.rows);
  const distances = allocate(Float32Array, points.rows);
  const borrowed = [points.data, centroids.data, labels, distances];
  const facts = await runJob(
    'assign',
    options,
    borrowed,
    (job) =>
      native().assign(
        {
          points: points.data,
          rows: points.rows,
          cols: points.cols,
          centroids: centroids.data,
          nClusters: centroids.rows,
          metric,
          screen,
          labels,
          distances,
        },
        job,
      ),
    {
      multiplyAdds: points.rows * centroids.rows * points.cols,
      numbers: points.data.length + 2 * points.rows,
    },
  );
  return { labels, distances, ...facts, screen: facts.screen as Screen };
}
