import { afterEach, describe, expect, test } from 'vitest';
import { native } from '#dist/binding.js';
import { approximatePredict, type Hdbscan, type HdbscanOptions, hdbscan } from '#dist/hdbscan.js';
import type { Matrix } from '#dist/matrix.js';
import { philox } from '#dist/random.js';

const before = process.env.MATOMARI_SIMD;
afterEach(() => {
  if (before === undefined) delete process.env.MATOMARI_SIMD;
  else process.env.MATOMARI_SIMD = before;
});

const uniform = (seed: number, i: number) => philox([i, 0, 0, 77], seed)[0]! / 2 ** 32;

/** Blobs and scattered points; `step` rounds them to a grid, which makes ties and equal points. */
function cloud(rows: number, cols: number, step = 0, seed = 1): Matrix {
  const data = new Float32Array(rows * cols);
  for (let i = 0; i < rows; i++) {
    const blob = Math.floor(uniform(seed, i) * 5);
    for (let l = 0; l < cols; l++) {
      const at = rows + i * cols * 2 + l * 2;
      const centre = 8 * uniform(seed + 1, blob * cols + l);
      const spread = uniform(seed, at) + uniform(seed, at + 1) - 1;
      const value = blob === 4 ? 8 * uniform(seed, at) : centre + spread;
      data[i * cols + l] = step ? Math.round(value / step) * step : value;
    }
  }
  return { data, rows, cols };
}

const arrays = (fit: Hdbscan): Record<string, ArrayBufferView> => ({
  labels: fit.labels,
  probabilities: fit.probabilities,
  outlierScores: fit.outlierScores,
  coreDistances: fit.coreDistances,
  selectedClusters: fit.selectedClusters,
  ...fit.singleLinkageTree,
  parent: fit.condensedTree.parent,
  child: fit.condensedTree.child,
  lambda: fit.condensedTree.lambda,
  childSize: fit.condensedTree.childSize,
  ...Object.fromEntries(fit.exemplars.map((list, c) => [`exemplars ${c}`, list])),
});
const bytes = (view: ArrayBufferView) => Buffer.from(view.buffer, view.byteOffset, view.byteLength);

/** The fit, after every level and thread count has given the same bits. */
async function everywhere(points: Matrix, options: HdbscanOptions): Promise<Hdbscan> {
  let first: Hdbscan | undefined;
  for (const level of native().info().simdLevels)
    for (const threads of [1, 2, 3, 7]) {
      process.env.MATOMARI_SIMD = level;
      const fit = await hdbscan(points, { ...options, threads });
      expect(fit.simd).toBe(level);
      first ??= fit;
      const wanted = arrays(first);
      for (const [name, value] of Object.entries(arrays(fit)))
        if (!bytes(value).equals(bytes(wanted[name]!)))
          expect.fail(`${name} differs at ${level}, ${threads} threads`);
    }
  return first!;
}

/** Core distances and the minimum spanning tree's weights in ascending order, by the definitions and nothing else. */
function bruteForce({ data, rows, cols }: Matrix, minSamples: number, alpha: number, cosine: boolean) {
  const inverse = Array.from({ length: rows }, (_, i) => {
    let square = 0;
    for (let l = 0; l < cols; l++) square += data[i * cols + l]! * data[i * cols + l]!;
    return cosine ? 1 / Math.sqrt(square) : 1;
  });
  const distance = (i: number, j: number) => {
    let square = 0;
    for (let l = 0; l < cols; l++)
      square += (data[i * cols + l]! * inverse[i]! - data[j * cols + l]! * inverse[j]!) ** 2;
    return cosine ? square / 2 : Math.sqrt(square);
  };
  const core = Float64Array.from({ length: rows }, (_, i) => {
    const sorted = Float64Array.from({ length: rows }, (_, j) => distance(i, j)).sort();
    return sorted[Math.min(minSamples, rows - 1)]!;
  });
  const best = new Float64Array(rows).fill(Infinity);
  const inTree = new Uint8Array(rows);
  const heights: number[] = [];
  for (let step = 0, at = 0; step < rows - 1; step++) {
    inTree[at] = 1;
    let next = -1;
    for (let j = 0; j < rows; j++) {
      if (inTree[j]) continue;
      best[j] = Math.min(best[j]!, Math.max(core[at]!, core[j]!, distance(at, j) / alpha));
      if (next < 0 || best[j]! < best[next]!) next = j;
    }
    heights.push(best[next]!);
    at = next;
  }
  return { core, heights: Float64Array.from(heights).sort() };
}

function expectClose(actual: Float64Array, wanted: Float64Array, within: number, what: string) {
  expect(actual.length).toBe(wanted.length);
  actual.forEach((value, i) => {
    if (!(Math.abs(value - wanted[i]!) <= within * Math.abs(wanted[i]!) + within * 1e-3))
      expect.fail(`${what} ${i} is ${value}, not ${wanted[i]}`);
  });
}

/** Whether the single linkage tree is one: every cluster is joined once, after it was made, and sizes add up. */
function expectTree({ singleLinkageTree: { left, right, distance, size } }: Hdbscan, rows: number) {
  const sizes = new Int32Array(2 * rows - 1).fill(1, 0, rows);
  const joined = new Uint8Array(2 * rows - 1);
  left.forEach((a, s) => {
    const b = right[s]!;
    if (!(a < b && b < rows + s) || joined[a]!++ || joined[b]!++)
      expect.fail(`step ${s} joins ${a} and ${b}`);
    sizes[rows + s] = sizes[a]! + sizes[b]!;
    if (size[s] !== sizes[rows + s]) expect.fail(`step ${s} has size ${size[s]}`);
    if (s > 0 && !(distance[s]! >= distance[s - 1]!)) expect.fail(`step ${s} goes down`);
  });
  if (rows > 1) expect(size[rows - 2]).toBe(rows);
}

const SHAPES: [rows: number, cols: number, step: number][] = [
  [2, 2, 0],
  [3, 1, 0],
  [9, 2, 0],
  [300, 1, 0.25],
  [700, 2, 0],
  [700, 2, 0.125],
  [700, 2, 1],
  [500, 3, 0.5],
  [400, 9, 0],
  [300, 15, 0.5],
  [300, 16, 0],
  [300, 16, 1],
  [260, 40, 0],
  [2500, 2, 0.0625],
];

describe('hdbscan everywhere', () => {
  test.each(SHAPES)('is an exact tree: %i × %i, grid %d', async (rows, cols, step) => {
    const points = cloud(rows, cols, step);
    for (const options of [
      { minClusterSize: 5 },
      { minClusterSize: 4, minSamples: 2, alpha: 0.7 },
    ] as const) {
      const fit = await everywhere(points, options);
      expectTree(fit, rows);
      const { minSamples, alpha } = { minSamples: 5, alpha: 1, ...options };
      const wanted = bruteForce(points, minSamples, alpha, false);
      expectClose(fit.coreDistances, wanted.core, 1e-13, 'core distance');
      expectClose(fit.singleLinkageTree.distance, wanted.heights, 1e-13, 'height');
    }
  });

  test.each([
    [400, 3],
    [300, 24],
  ])('is an exact tree by cosine: %i × %i', async (rows, cols) => {
    const points = cloud(rows, cols, 0, 5);
    const fit = await everywhere(points, { minClusterSize: 5, metric: 'cosine' });
    expectTree(fit, rows);
    const wanted = bruteForce(points, 5, 1, true);
    expectClose(fit.coreDistances, wanted.core, 1e-9, 'core distance');
    expectClose(fit.singleLinkageTree.distance, wanted.heights, 1e-9, 'height');
  });

  test.each([
    ['a tree', 2],
    ['pairs', 20],
  ])('takes many equal points: %s', async (_, cols) => {
    const points = cloud(1500, cols, 16);
    const fit = await everywhere(points, { minClusterSize: 5 });
    expectTree(fit, 1500);
    expectClose(fit.singleLinkageTree.distance, bruteForce(points, 5, 1, false).heights, 1e-13, 'height');
  });

  test('takes a common offset and huge and tiny numbers', async () => {
    for (const [scale, offset] of [
      [1, 1e4],
      [1e30, 0],
      [1e-30, 0],
    ] as const)
      for (const cols of [2, 18]) {
        const points = cloud(200, cols);
        points.data.forEach((x, i) => {
          points.data[i] = x * scale + offset;
        });
        const fit = await everywhere(points, { minClusterSize: 5 });
        const { heights } = bruteForce(points, 5, 1, false);
        expectClose(
          fit.singleLinkageTree.distance.map((d) => d / scale),
          heights.map((d) => d / scale),
          1e-12,
          `height at ${scale} + ${offset}`,
        );
      }
  });

  test('has a tree that does not depend on the order of rows, but for its numbers', async () => {
    const points = cloud(600, 2);
    const back: Matrix = { ...points, data: new Float32Array(1200) };
    for (let i = 0; i < 600; i++) back.data.set(points.data.subarray(2 * i, 2 * i + 2), 2 * (599 - i));
    const a = await hdbscan(points);
    const b = await hdbscan(back);
    expect(b.singleLinkageTree.distance).toEqual(a.singleLinkageTree.distance);
    expect(Array.from(b.labels, (l) => l < 0).reverse()).toEqual(Array.from(a.labels, (l) => l < 0));
  });

  test('predicts the same bits, and the labels of the points it knows', async () => {
    for (const cols of [2, 20]) {
      const points = cloud(800, cols);
      const model = await hdbscan(points, { minClusterSize: 8 });
      expect(model.nClusters).toBeGreaterThan(1);
      const fresh = cloud(300, cols, 0, 9);
      const first = await approximatePredict(model, fresh, { threads: 1 });
      for (const level of native().info().simdLevels) {
        process.env.MATOMARI_SIMD = level;
        const again = await approximatePredict(model, fresh, { threads: 3 });
        expect(again.labels).toEqual(first.labels);
        expect(again.probabilities).toEqual(first.probabilities);
      }
      expect((await approximatePredict(model, points)).labels).toEqual(model.labels);
    }
  });
});
