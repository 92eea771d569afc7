import { kmeans } from '../../dist/esm/index.js';
import { readMatrix, writeNpy } from '../harness/npy.mjs';
import { timed } from '../harness/timing.mjs';

export async function trial({ points: path, start, k, from, to, repeat, threads, labels, first }) {
  const points = readMatrix(path);
  const init = readMatrix(start);
  const lloyd = (maxIter) => () => kmeans(points, { nClusters: k, init, nInit: 1, tol: 0, maxIter, threads });
  await lloyd(from)();
  const short = await timed(repeat, lloyd(from));
  const long = await timed(repeat, lloyd(to));
  const { nIter, simd, screen, recheckedShare } = long.result;
  if (first) writeNpy(labels, long.result.labels, [points.rows]);
  return {
    value: (1000 * (long.seconds - short.seconds)) / (nIter - short.result.nIter),
    iterations: nIter,
    fitSeconds: long.seconds,
    simd,
    screen,
    recheckedShare,
  };
}
