import { kmeans } from '../../dist/esm/index.js';
import { readMatrix } from '../harness/npy.mjs';
import { timed } from '../harness/timing.mjs';

export async function trial({ points: path, start, k, threads }) {
  const points = readMatrix(path);
  const once = (init) => () => kmeans(points, { nClusters: k, init, maxIter: 1, tol: 0, threads });
  const given = once(readMatrix(start));
  await given();
  const without = await timed(1, given);
  const { seconds, result } = await timed(1, once('k-means++'));
  return {
    value: 1000 * (seconds - without.seconds),
    inertia: result.inertia,
    simd: result.simd,
    screen: result.screen,
  };
}
