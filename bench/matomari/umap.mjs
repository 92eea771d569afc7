import { umap } from '../../dist/esm/index.js';
import { readMatrix, writeNpy } from '../harness/npy.mjs';
import { timed } from '../harness/timing.mjs';

export async function trial({ points: path, repeat, threads, seed, embedding, first }) {
  const points = readMatrix(path);
  const run = () => umap(points, { seed, threads });
  const { seconds, result } = await timed(repeat, run);
  if (first) writeNpy(embedding, result.embedding.data, [points.rows, 2]);
  return { value: seconds, simd: result.simd, start: result.initUsed };
}
