// hdbscan-ts from npm, one thread. It takes arrays of rows; making them is not counted.
import { readFileSync } from 'node:fs';
import hdbscanTs from 'hdbscan-ts';
import { readMatrix, writeNpy } from '../harness/npy.mjs';

const version = JSON.parse(
  readFileSync(new URL('../../node_modules/hdbscan-ts/package.json', import.meta.url)),
).version;

export function trial({ points: path, minClusterSize, labels, first }) {
  const { data, rows, cols } = readMatrix(path);
  const points = Array.from({ length: rows }, (_, i) => Array.from(data.subarray(i * cols, (i + 1) * cols)));
  const run = (of) => new hdbscanTs.HDBSCAN({ minClusterSize, minSamples: minClusterSize }).fit(of);
  run(points.slice(0, 200));
  const start = performance.now();
  const found = Int32Array.from(run(points));
  const milliseconds = performance.now() - start;
  if (first) writeNpy(labels, found, [rows]);
  return {
    value: milliseconds,
    clusters: 1 + found.reduce((most, label) => Math.max(most, label), -1),
    version,
  };
}
