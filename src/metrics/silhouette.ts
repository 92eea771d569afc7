import { checkInteger, checkOneOf, checkOptions } from '../check.js';
import { MatomariError } from '../errors.js';
import { OPERATION_OPTIONS, type OperationOptions } from '../job.js';
import { checkFilledMatrix, type Matrix, row, zeros } from '../matrix.js';
import { permutation } from '../random.js';
import { DISTANCE_METRICS, type DistanceMetric, forEachDistanceRow } from './distance-rows.js';
import { checkFinite } from './finite.js';
import { type Classes, encodeLabels, type Labels } from './labels.js';

export interface SilhouetteOptions extends OperationOptions {
  /** Default `euclidean`. */
  metric?: DistanceMetric | undefined;
  /** Score only this many points, drawn without replacement (default: all of them). */
  sampleSize?: number | undefined;
  /** Decides the draw of sampleSize (default 0). */
  seed?: number | undefined;
}

/**
 * Mean silhouette of a clustering, from −1 to 1: for each point (b − a) / max(a, b), where a is its mean distance to
 * the other points of its cluster and b that to the points of the nearest other cluster; 0 for a point alone in its
 * cluster. Noise (−1) counts as a cluster, as in scikit-learn: leave noise out beforehand if it should not.
 *
 * Takes every pair, so O(rows² × cols), in row blocks of 8 MiB; `sampleSize` makes it affordable for large data.
 * Distances are float32, sums float64; the result depends on neither threads nor SIMD level.
 *
 * @param points [rows × cols]
 * @param labels one integer or string per row, with 2 to rows − 1 different ones
 * @returns the score as scikit-learn's `silhouette_score` defines it (Rousseeuw 1987); a sample is drawn by
 * Matomari's own generator, so it is not the one that scikit-learn would draw
 * @throws MatomariError `bad_input` for malformed points or labels, NaN, or a number of clusters that has no
 * silhouette; `bad_option`; `cancelled`
 */
export async function silhouetteScore(
  points: Matrix,
  labels: Labels,
  options: SilhouetteOptions = {},
): Promise<number> {
  checkOptions('silhouetteScore', options, ['metric', 'sampleSize', 'seed', ...OPERATION_OPTIONS]);
  const metric = checkOneOf('metric', options.metric ?? 'euclidean', DISTANCE_METRICS);
  const seed = checkInteger('seed', options.seed ?? 0, 0);
  checkFilledMatrix('points', points);
  const all = encodeLabels('labels', labels);
  if (all.codes.length !== points.rows)
    throw new MatomariError(
      'bad_input',
      `labels has ${all.codes.length} entries, but points has ${points.rows} rows: give one label per row`,
    );
  await checkFinite('points', points, 'silhouetteScore', options.signal);
  const { sampled, classes } = draw(points, all, options.sampleSize, seed);
  const n = sampled.rows;
  const clusters = classes.counts.length;
  if (clusters < 2 || clusters > n - 1)
    throw new MatomariError(
      'bad_input',
      `silhouetteScore needs from 2 to ${n - 1} different labels for ${n} points, but there ${clusters === 1 ? 'is 1' : `are ${clusters}`}`,
    );

  const { codes, counts } = classes;
  const sums = new Float64Array(clusters);
  let total = 0;
  await forEachDistanceRow('silhouette', sampled, metric, options, (i, distances) => {
    sums.fill(0);
    for (let j = 0; j < n; j++) sums[codes[j]!]! += distances[j]!;
    total += silhouetteOf(codes[i]!, sums, counts);
  });
  return total / n;
}

/** The silhouette of a point of cluster `own`, from the sums of its distances to every cluster. */
function silhouetteOf(own: number, sums: Float64Array, counts: readonly number[]): number {
  if (counts[own] === 1) return 0;
  const within = sums[own]! / (counts[own]! - 1);
  let nearest = Infinity;
  for (let c = 0; c < sums.length; c++) if (c !== own) nearest = Math.min(nearest, sums[c]! / counts[c]!);
  const larger = Math.max(within, nearest);
  return larger === 0 ? 0 : (nearest - within) / larger;
}

/** The points to score with their labels: all, or a seeded draw of `sampleSize` of them. */
function draw(
  points: Matrix,
  all: Classes,
  sampleSize: number | undefined,
  seed: number,
): { sampled: Matrix; classes: Classes } {
  if (sampleSize === undefined) return { sampled: points, classes: all };
  const size = checkInteger('sampleSize', sampleSize, 1, points.rows);
  const chosen = permutation(points.rows, seed).subarray(0, size);
  const sampled = zeros(size, points.cols);
  chosen.forEach((from, to) => {
    sampled.data.set(row(points, from), to * points.cols);
  });
  return {
    sampled,
    classes: encodeLabels(
      'labels',
      Int32Array.from(chosen, (from) => all.codes[from]!),
    ),
  };
}
