import { truncatedSvd } from '../../dist/esm/index.js';
import { readSparseNpz } from '../../dist/esm/io/index.js';
import { timed } from '../harness/timing.mjs';

export async function trial({ weights: path, nComponents, repeat, threads }) {
  const weights = await readSparseNpz(path);
  const run = () => truncatedSvd(weights, { nComponents, threads });
  await run();
  const { seconds, result } = await timed(repeat, run);
  const explained = result.explainedVarianceRatio.reduce((sum, share) => sum + share, 0);
  return { value: 1000 * seconds, simd: result.simd, explained };
}
