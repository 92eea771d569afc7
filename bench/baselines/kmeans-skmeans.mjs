// skmeans from npm. It takes arrays of rows; making them is not counted. It stops only when no centroid moves.
import { readFileSync } from 'node:fs';
import skmeans from 'skmeans';
import { readMatrix, writeNpy } from '../harness/npy.mjs';

const version = JSON.parse(
  readFileSync(new URL('../../node_modules/skmeans/package.json', import.meta.url)),
).version;

const rowsOf = ({ data, rows, cols }) =>
  Array.from({ length: rows }, (_, i) => Array.from(data.subarray(i * cols, (i + 1) * cols)));

export function trial({ points: path, start, n, k, rows, iterations, labels, first }) {
  const points = rowsOf(readMatrix(path, rows));
  // It writes into the centroids that it is given.
  const centroids = () => rowsOf(readMatrix(start));
  skmeans(points.slice(0, k + 1), k, centroids(), 1);
  const own = centroids();
  const begin = performance.now();
  const result = skmeans(points, k, own, iterations);
  const milliseconds = performance.now() - begin;
  if (first) writeNpy(labels, Int32Array.from(result.idxs), [points.length]);
  return { value: ((milliseconds / result.it) * n) / points.length, iterations: result.it, version };
}
