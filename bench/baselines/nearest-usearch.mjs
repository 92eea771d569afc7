import { pathToFileURL } from 'node:url';
import { readMatrix, writeNpy } from '../harness/npy.mjs';
import { resolvePeer } from '../harness/paths.mjs';
import { timed } from '../harness/timing.mjs';

export async function trial({ points: path, queries: rows, k, repeat, threads, indices, first }) {
  const { default: usearch } = await import(pathToFileURL(resolvePeer('usearch')).href);
  const points = readMatrix(path);
  const queries = points.data.subarray(0, rows * points.cols);
  const run = () =>
    usearch.exactSearch(points.data, queries, points.cols, k, usearch.MetricKind.L2sq, threads);
  await run();
  const { seconds, result } = await timed(repeat, run);
  if (first) writeNpy(indices, Int32Array.from(result.keys, Number), [rows, k]);
  return { value: 1000 * seconds };
}
