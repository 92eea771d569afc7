import { hdbscan } from '../../dist/esm/index.js';
import { readMatrix, writeNpy } from '../harness/npy.mjs';
import { timed } from '../harness/timing.mjs';

export async function trial({ points: path, minClusterSize, repeat, threads, labels, first }) {
  const points = readMatrix(path);
  const run = () => hdbscan(points, { minClusterSize, threads });
  await run();
  const { seconds, result } = await timed(repeat, run);
  if (first) writeNpy(labels, result.labels, [points.rows]);
  const { simd, nClusters } = result;
  return { value: 1000 * seconds, simd, clusters: nClusters };
}
