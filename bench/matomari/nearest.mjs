import { nearest } from '../../dist/esm/index.js';
import { readMatrix, writeNpy } from '../harness/npy.mjs';
import { timed } from '../harness/timing.mjs';

export async function trial({ points: path, queries: rows, k, repeat, threads, indices, first }) {
  const points = readMatrix(path);
  const some = { data: points.data.slice(0, rows * points.cols), rows, cols: points.cols };
  const queries = rows === points.rows ? points : some;
  const run = () => nearest(queries, points, { k, threads });
  await run();
  const { seconds, result } = await timed(repeat, run);
  if (first) writeNpy(indices, result.indices, [rows, k]);
  const { simd, screen, recheckedShare } = result;
  return { value: 1000 * seconds, simd, screen, recheckedShare };
}
