// ml-kmeans from npm. It takes arrays of rows; making them is not counted.
import { readFileSync } from 'node:fs';
import { kmeans } from 'ml-kmeans';
import { readMatrix, writeNpy } from '../harness/npy.mjs';

const version = JSON.parse(
  readFileSync(new URL('../../node_modules/ml-kmeans/package.json', import.meta.url)),
).version;

const rowsOf = ({ data, rows, cols }) =>
  Array.from({ length: rows }, (_, i) => Array.from(data.subarray(i * cols, (i + 1) * cols)));

export function trial({ points: path, start, n, k, rows, iterations, labels, first }) {
  const points = rowsOf(readMatrix(path, rows));
  const initialization = rowsOf(readMatrix(start));
  kmeans(points.slice(0, k + 1), k, { initialization, maxIterations: 1, tolerance: 0 });
  const begin = performance.now();
  const result = kmeans(points, k, { initialization, maxIterations: iterations, tolerance: 0 });
  const milliseconds = performance.now() - begin;
  if (first) writeNpy(labels, Int32Array.from(result.clusters), [points.length]);
  return {
    value: ((milliseconds / result.iterations) * n) / points.length,
    iterations: result.iterations,
    version,
  };
}
