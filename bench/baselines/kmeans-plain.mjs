// What one would write by hand: Lloyd's iterations as plain loops over squared differences, in one thread.
import { readMatrix, writeNpy } from '../harness/npy.mjs';

/** @returns whether any label changed */
function assign(points, rows, cols, centroids, k, labels) {
  let changed = false;
  for (let i = 0; i < rows; i++) {
    const point = i * cols;
    let best = 0;
    let least = Infinity;
    for (let c = 0; c < k; c++) {
      const centroid = c * cols;
      let distance = 0;
      for (let j = 0; j < cols; j++) {
        const difference = points[point + j] - centroids[centroid + j];
        distance += difference * difference;
      }
      if (distance < least) {
        least = distance;
        best = c;
      }
    }
    if (labels[i] !== best) changed = true;
    labels[i] = best;
  }
  return changed;
}

function update(points, rows, cols, centroids, k, labels) {
  const sums = new Float64Array(k * cols);
  const counts = new Int32Array(k);
  for (let i = 0; i < rows; i++) {
    const cluster = labels[i] * cols;
    counts[labels[i]]++;
    for (let j = 0; j < cols; j++) sums[cluster + j] += points[i * cols + j];
  }
  for (let c = 0; c < k; c++)
    if (counts[c] > 0)
      for (let j = 0; j < cols; j++) centroids[c * cols + j] = sums[c * cols + j] / counts[c];
}

function kmeansPlain({ data, rows, cols }, start, k, maxIter) {
  const centroids = start.slice();
  const labels = new Int32Array(rows).fill(-1);
  let nIter = 0;
  while (nIter < maxIter && assign(data, rows, cols, centroids, k, labels)) {
    update(data, rows, cols, centroids, k, labels);
    nIter++;
  }
  return { labels, nIter };
}

export function trial({ points: path, start: startPath, n, k, rows, iterations, labels, first }) {
  const points = readMatrix(path, rows);
  const start = readMatrix(startPath).data;
  kmeansPlain({ ...points, rows: Math.ceil(20_000 / k) }, start, k, 2);
  const begin = performance.now();
  const result = kmeansPlain(points, start, k, iterations);
  const milliseconds = performance.now() - begin;
  if (first) writeNpy(labels, result.labels, [points.rows]);
  return { value: ((milliseconds / result.nIter) * n) / points.rows, iterations: result.nIter };
}
