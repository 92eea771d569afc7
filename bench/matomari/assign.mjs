import { assign } from '../../dist/esm/index.js';
import { readMatrix } from '../harness/npy.mjs';
import { timed } from '../harness/timing.mjs';

export async function trial({ points: path, start, repeat, threads, simd, screen }) {
  const points = readMatrix(path);
  const centroids = readMatrix(start);
  if (simd) process.env.MATOMARI_SIMD = simd;
  const run = () => assign(points, centroids, { threads, screen });
  await run();
  const { seconds, result } = await timed(repeat, run);
  const labels = result.labels.reduce((hash, label) => (Math.imul(hash, 31) + label) | 0, 0);
  const { recheckedShare } = result;
  return { value: 1000 * seconds, simd: result.simd, screen: result.screen, recheckedShare, labels };
}
