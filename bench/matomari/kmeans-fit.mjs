import { kmeans, miniBatchKmeans } from '../../dist/esm/index.js';
import { readMatrix } from '../harness/npy.mjs';
import { timed } from '../harness/timing.mjs';

export async function trial({ points: path, start, k, maxIter, miniBatch, threads }) {
  const points = readMatrix(path);
  const init = readMatrix(start);
  const fit = miniBatch
    ? () => miniBatchKmeans(points, { nClusters: k, threads })
    : () => kmeans(points, { nClusters: k, init, tol: 0, maxIter, threads });
  await kmeans(points, { nClusters: k, init, tol: 0, maxIter: 1, threads });
  const { seconds, result } = await timed(1, fit);
  const { inertia, nIter, simd, screen, recheckedShare } = result;
  return { value: seconds, inertia, iterations: nIter, simd, screen, recheckedShare };
}
