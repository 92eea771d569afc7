// umap-js from npm, one thread. It takes arrays of rows; making them is not counted. Its numbers come from a function that
// it is given: one with a seed.
import { readFileSync } from 'node:fs';
import umapJs from 'umap-js';
import { uniform } from '../harness/data.mjs';
import { readMatrix, writeNpy } from '../harness/npy.mjs';
import { timed } from '../harness/timing.mjs';

const version = JSON.parse(
  readFileSync(new URL('../../node_modules/umap-js/package.json', import.meta.url)),
).version;

export async function trial({ points: path, repeat, seed, embedding, first }) {
  const { data, rows, cols } = readMatrix(path);
  const points = Array.from({ length: rows }, (_, i) => Array.from(data.subarray(i * cols, (i + 1) * cols)));
  const run = (of, options = {}) => new umapJs.UMAP({ random: uniform(seed), ...options }).fit(of);
  run(points.slice(0, 500), { nEpochs: 20 });
  const { seconds, result } = await timed(repeat, () => run(points));
  if (first) writeNpy(embedding, Float32Array.from(result.flat()), [rows, 2]);
  return { value: seconds, version };
}
