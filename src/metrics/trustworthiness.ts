import { checkInteger, checkOneOf, checkOptions } from '../check.js';
import { MatomariError } from '../errors.js';
import { OPERATION_OPTIONS, type OperationOptions } from '../job.js';
import { checkFilledMatrix, type Matrix } from '../matrix.js';
import { nearest } from '../nearest.js';
import { DISTANCE_METRICS, type DistanceMetric, forEachDistanceRow } from './distance-rows.js';
import { checkFinite } from './finite.js';

export interface TrustworthinessOptions extends OperationOptions {
  /** How many neighbours in the embedding are judged (default 5; below half the points). */
  nNeighbors?: number | undefined;
  /** Distance in the original space (default `euclidean`); the embedding's is always Euclidean. */
  metric?: DistanceMetric | undefined;
}

/**
 * How far an embedding's neighbourhoods can be trusted, from 0 to 1:
 * 1 − 2 / (n·k·(2n − 3k − 1)) · Σᵢ Σⱼ max(0, r(i, j) − k), over the k nearest j of i in the embedding, where r(i, j)
 * is j's rank among i's neighbours in the original space. Equal distances rank by row number.
 *
 * Takes every pair of the original space, O(rows² × cols), in row blocks of 8 MiB. The result depends on neither
 * threads nor SIMD level.
 *
 * @param points [rows × cols], the original space
 * @param embedding [rows × dimensions], the same points embedded
 * @returns the score as scikit-learn's `trustworthiness` defines it (Venna and Kaski 2001)
 * @throws MatomariError `bad_input` for malformed matrices, NaN or different row counts; `bad_option` when nNeighbors
 * is not below rows / 2; `cancelled`
 */
export async function trustworthiness(
  points: Matrix,
  embedding: Matrix,
  options: TrustworthinessOptions = {},
): Promise<number> {
  checkOptions('trustworthiness', options, ['nNeighbors', 'metric', ...OPERATION_OPTIONS]);
  const metric = checkOneOf('metric', options.metric ?? 'euclidean', DISTANCE_METRICS);
  const k = checkInteger('nNeighbors', options.nNeighbors ?? 5, 1);
  checkFilledMatrix('points', points);
  checkFilledMatrix('embedding', embedding);
  const n = points.rows;
  if (embedding.rows !== n)
    throw new MatomariError(
      'bad_input',
      `points has ${n} rows and embedding ${embedding.rows}: give both for the same points`,
    );
  if (k >= n / 2)
    throw new MatomariError(
      'bad_option',
      `nNeighbors must be below half the number of points (${n / 2}), not ${k}: lower it or give more points`,
    );

  await checkFinite('points', points, 'trustworthiness', options.signal);
  await checkFinite('embedding', embedding, 'trustworthiness', options.signal);
  const neighbours = await neighboursInEmbedding(embedding, k, options);
  let excess = 0;
  await forEachDistanceRow('trustworthiness', points, metric, options, (i, distances) => {
    for (const rank of ranks(i, distances, neighbours.subarray(i * k, (i + 1) * k)))
      excess += Math.max(0, rank - k);
  });
  return 1 - excess * (2 / (n * k * (2 * n - 3 * k - 1)));
}

/** The k nearest other rows of every row, [rows × k]: among duplicates a row need not come first in its own list. */
async function neighboursInEmbedding(
  embedding: Matrix,
  k: number,
  { device, threads, signal }: OperationOptions,
): Promise<Int32Array> {
  const found = await nearest(embedding, embedding, {
    k: k + 1,
    metric: 'euclidean',
    device,
    threads,
    signal,
  });
  const others = new Int32Array(embedding.rows * k);
  for (let i = 0; i < embedding.rows; i++) {
    const list = found.indices.subarray(i * (k + 1), (i + 1) * (k + 1));
    others.set(list.filter((j) => j !== i).subarray(0, k), i * k);
  }
  return others;
}

/** The rank, from 1, of each of `judged` among all points but i, by distance and then by row number. */
function ranks(i: number, distances: Float32Array, judged: Int32Array): Int32Array {
  const rank = new Int32Array(judged.length).fill(1);
  let farthest = 0;
  for (const j of judged) farthest = Math.max(farthest, distances[j]!);
  for (let other = 0; other < distances.length; other++) {
    const distance = distances[other]!;
    if (distance > farthest || other === i) continue;
    for (let q = 0; q < judged.length; q++) {
      const limit = distances[judged[q]!]!;
      if (distance < limit || (distance === limit && other < judged[q]!)) rank[q]!++;
    }
  }
  return rank;
}
