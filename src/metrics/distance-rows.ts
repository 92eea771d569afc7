import { distances } from '../distances.js';
import type { OperationOptions } from '../job.js';
import type { Matrix } from '../matrix.js';

/** Metrics that measure how far apart two points are; `dot` is a similarity and orders them the other way round. */
export const DISTANCE_METRICS = ['euclidean', 'sqeuclidean', 'cosine'] as const;
export type DistanceMetric = (typeof DISTANCE_METRICS)[number];

/** Elements of a block: 8 MiB of distances, a few milliseconds of JavaScript between two turns of the event loop. */
const BLOCK = 2 ** 21;

/**
 * Visits the full distance matrix of the points row by row, computed in row blocks: 8 MiB are held at once (or one
 * row, where that is more), never n × n. A point's distance to itself is set to 0.
 */
export async function forEachDistanceRow(
  stage: string,
  points: Matrix,
  metric: DistanceMetric,
  options: OperationOptions,
  visit: (i: number, distancesOfRow: Float32Array) => void,
): Promise<void> {
  const { device, threads, signal, onProgress } = options;
  const n = points.rows;
  const step = Math.max(1, Math.floor(BLOCK / n));
  for (let start = 0; start < n; start += step) {
    const rows = Math.min(step, n - start);
    const data = points.data.subarray(start * points.cols, (start + rows) * points.cols);
    const block = await distances({ data, rows, cols: points.cols }, points, {
      metric,
      device,
      threads,
      signal,
    });
    for (let r = 0; r < rows; r++) {
      const row = block.data.subarray(r * n, (r + 1) * n);
      row[start + r] = 0;
      visit(start + r, row);
    }
    onProgress?.({ stage, done: start + rows, total: n });
  }
}
