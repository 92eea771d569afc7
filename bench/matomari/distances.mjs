import { distances } from '../../dist/esm/index.js';
import { readMatrix } from '../harness/npy.mjs';
import { timed } from '../harness/timing.mjs';

export async function trial({ a: pathA, b: pathB, metric, repeat, threads }) {
  const a = readMatrix(pathA);
  const b = readMatrix(pathB);
  const run = () => distances(a, b, { metric, threads });
  await run();
  const { seconds, result } = await timed(repeat, run);
  return {
    value: 1000 * seconds,
    simd: result.simd,
    sum: result.data.reduce((sum, distance) => sum + distance, 0),
  };
}
