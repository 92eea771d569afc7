import { describe, expect, it } from 'vitest';
import { assign } from '#dist/assign.js';
import { type KMeans, type KMeansOptions, kmeans } from '#dist/kmeans.js';
import type { Matrix } from '#dist/matrix.js';
import {
  blobs,
  equal,
  fill,
  gaussian,
  KINDS,
  normal,
  pick,
  realSentences,
  sentences,
  spread,
  uniform,
  withoutZeroRows,
} from './data.js';
import { at, everywhere, LEVELS } from './levels.js';
import { inertiaOf, lloyd, nearestCentroid, seedPlusPlus } from './oracle.js';

/** Equal bits everywhere, labels as assign() gives them for the returned centroids, and sizes and inertia that add up. */
async function check(points: Matrix, options: KMeansOptions): Promise<KMeans> {
  const { metric = 'euclidean', sampleWeight } = options;
  const result = await everywhere((threads, device) => kmeans(points, { ...options, threads, device }));
  const again = await assign(points, result.centroids, { metric });
  expect(Array.from(result.labels)).toEqual(Array.from(again.labels));
  const sizes = new Int32Array(options.nClusters);
  for (const label of result.labels) sizes[label]!++;
  expect(Array.from(result.sizes)).toEqual(Array.from(sizes));
  const inertia = inertiaOf(points, result.centroids, result.labels, metric, sampleWeight);
  // Unit vectors of float64 may differ in their last place, which shows where points lie on their centroids.
  const blur = metric === 'cosine' ? 1e-15 * Math.sqrt(inertia * points.rows) : 0;
  expect(Math.abs(result.inertia - inertia)).toBeLessThanOrEqual(1e-12 * inertia + blur);
  expect(result.nIter).toBeLessThanOrEqual(options.maxIter ?? 300);
  return result;
}

function weights(n: number, seed: number): Float32Array {
  const u = uniform(seed);
  return Float32Array.from({ length: n }, (_, i) => (i % 9 === 4 ? 0 : 0.1 + 3 * u()));
}

/** The same partition and the same centroids as Lloyd's algorithm in plain float64. */
function expectLloyd(
  result: KMeans,
  points: Matrix,
  init: Matrix,
  options: Parameters<typeof lloyd>[2],
): void {
  const reference = lloyd(points, init, options);
  expect(Array.from(result.labels)).toEqual(Array.from(reference.labels));
  expect([result.nIter, result.converged]).toEqual([reference.nIter, reference.converged]);
  result.centroids.data.forEach((v, i) => {
    const wanted = reference.centroids[i]!;
    if (!(Math.abs(v - wanted) <= 1e-6 * (1 + Math.abs(wanted))))
      expect.fail(`centroid value ${i}: ${v}, not ${wanted}`);
  });
  expect(result.inertia).toBeCloseTo(reference.inertia, 3);
}

describe('kmeans', () => {
  for (const [kind, make] of Object.entries(KINDS))
    for (const metric of ['euclidean', 'cosine'] as const)
      it(`${kind}, ${metric}: equal bits everywhere, consistent with assign()`, async () => {
        const points = withoutZeroRows(make(307, 17, 3));
        await check(points, { nClusters: 7, metric, seed: 5, maxIter: 12 });
        await check(points, {
          nClusters: 5,
          metric,
          init: spread(points, 5),
          sampleWeight: weights(307, 2),
          maxIter: 8,
        });
      });

  // Unit vectors nearer to their mean than float32 can scale one: bounds of distances must know.
  it('rows of one direction under cosine', async () => {
    for (const [d, k, size] of [
      [40, 12, 1e-4],
      [40, 12, 1e-6],
      [40, 150, 1e-5],
      [12, 12, 1e-5],
    ] as const) {
      const g = normal(d + k);
      const base = Array.from({ length: d }, g);
      const points = fill(600, d, (_, l) => base[l]! + size * g());
      await check(points, { nClusters: k, metric: 'cosine', seed: 3, maxIter: 12 });
    }
  });

  for (const [n, d, k] of [
    [1, 1, 1],
    [2, 1, 2],
    [3, 3, 2],
    [5, 2, 5],
    [97, 1, 3],
    [100, 47, 17],
    [200, 16, 48],
    [193, 48, 49],
    [250, 97, 47],
    [961, 3, 97],
    [1925, 5, 2],
  ] as const)
    it(`shape ${n} × ${d}, ${k} clusters`, async () => {
      const points = gaussian(n, d, n);
      await check(points, { nClusters: k, seed: n, maxIter: 6 });
      await check(points, { nClusters: k, init: 'random', seed: n, maxIter: 6, tol: 0 });
    });

  it('more rows than seven threads take at once', async () => {
    const points = gaussian(7001, 5, 2);
    await check(points, { nClusters: 11, maxIter: 5, seed: 1 });
    await check(points, { nClusters: 11, maxIter: 5, metric: 'cosine', sampleWeight: weights(7001, 3) });
    await check(points, { nClusters: 7, maxIter: 3, init: 'random', nInit: 2 });
  });

  it('well separated groups: the partition, centroids and iterations of plain float64', async () => {
    const points = blobs(600, 12, 6, 4);
    const init = pick(
      points,
      [0, 1, 2, 3, 4, 5].map((g) => 60 + 7 * g),
    );
    for (const metric of ['euclidean', 'cosine'] as const)
      for (const sampleWeight of [undefined, weights(600, 7)]) {
        const options = { metric, ...(sampleWeight ? { sampleWeight } : {}) };
        const result = await check(points, { nClusters: 6, init, ...options });
        expectLloyd(result, points, init, options);
        expect(result.converged).toBe(true);
      }
  });

  it('a common offset of 10,000 changes nothing but the place', async () => {
    // Rounded so that adding the offset loses nothing.
    const near = blobs(500, 9, 5, 8);
    near.data.forEach((v, i) => {
      near.data[i] = Math.round(v * 64) / 64;
    });
    const far = fill(500, 9, (i, l) => near.data[i * 9 + l]! + 1e4);
    const rows = [3, 50, 101, 224, 402];
    const a = await check(near, { nClusters: 5, init: pick(near, rows) });
    const b = await check(far, { nClusters: 5, init: pick(far, rows) });
    expect(Array.from(b.labels)).toEqual(Array.from(a.labels));
    expect(b.nIter).toBe(a.nIter);
    expectLloyd(b, far, pick(far, rows), {});
  });

  it('overlapping groups of a few hundred rows: still the run of plain float64', async () => {
    const points = gaussian(400, 6, 21);
    const init = spread(points, 8);
    const result = await check(points, { nClusters: 8, init, tol: 0 });
    expectLloyd(result, points, init, { tol: 0 });
    expect(result.nIter).toBeGreaterThan(8);
  });

  it('stops at maxIter, and by tol', async () => {
    const points = gaussian(400, 6, 21);
    const init = spread(points, 8);
    const full = await check(points, { nClusters: 8, init, tol: 0 });
    const cut = await check(points, { nClusters: 8, init, tol: 0, maxIter: 3 });
    expect([cut.nIter, cut.converged]).toEqual([3, false]);
    expectLloyd(cut, points, init, { tol: 0, maxIter: 3 });
    const loose = await check(points, { nClusters: 8, init, tol: 0.05 });
    expect(loose.converged).toBe(true);
    expect(loose.nIter).toBeLessThan(full.nIter);
    expectLloyd(loose, points, init, { tol: 0.05 });
  });

  it('clusters that begin empty take over the farthest points', async () => {
    const points = blobs(300, 5, 4, 3);
    const init = pick(points, [0, 1, 2, 3, 4, 5, 6]);
    // Three centroids that no point is nearest to.
    for (const j of [1, 4, 6]) init.data.fill(1e4 * (j + 1), j * 5, j * 5 + 5);
    const result = await check(points, { nClusters: 7, init });
    expectLloyd(result, points, init, {});
    expect(Math.min(...result.sizes)).toBeGreaterThan(0);
    const weighted = { sampleWeight: weights(300, 4) };
    expectLloyd(await check(points, { nClusters: 7, init, ...weighted }), points, init, weighted);
  });

  it('more clusters than different points: the rest stay empty', async () => {
    const points = pick(
      gaussian(3, 4, 2),
      Array.from({ length: 60 }, (_, i) => i % 3),
    );
    for (const init of ['k-means++', 'random'] as const) {
      const { sizes, inertia, labels } = await check(points, { nClusters: 10, init, seed: 3 });
      expect(inertia).toBeLessThan(1e-10);
      expect(sizes.filter((s) => s > 0)).toHaveLength(3);
      labels.forEach((label, i) => {
        expect(label).toBe(labels[i % 3]);
      });
    }
    const one = await check(equal(40, 3), { nClusters: 4 });
    expect(Array.from(one.sizes)).toEqual([40, 0, 0, 0]);
  });

  it('as many clusters as points: each its own', async () => {
    const points = gaussian(50, 7, 9);
    const { sizes, inertia } = await check(points, { nClusters: 50 });
    expect(new Set(sizes)).toEqual(new Set([1]));
    expect(inertia).toBe(0);
  });

  it('weights of whole numbers are the same as repeated rows', async () => {
    const points = blobs(120, 6, 4, 12);
    const times = Float32Array.from({ length: 120 }, (_, i) => 1 + (i % 3));
    const repeated = pick(
      points,
      Array.from(times).flatMap((t, i) => Array<number>(t).fill(i)),
    );
    const init = spread(points, 4);
    const a = await check(points, { nClusters: 4, init, sampleWeight: times });
    const b = await check(repeated, { nClusters: 4, init });
    expect(Math.abs(a.inertia - b.inertia)).toBeLessThan(1e-9 * b.inertia);
    expect(a.centroids.data.map(Math.fround)).toEqual(b.centroids.data);
  });

  it('rows of weight 0 move no centroid', async () => {
    const points = blobs(200, 6, 4, 12);
    const sampleWeight = new Float32Array(200).fill(1);
    for (let i = 0; i < 200; i += 5) {
      sampleWeight[i] = 0;
      points.data.fill(500 + i, i * 6, i * 6 + 6);
    }
    const kept = pick(
      points,
      Array.from({ length: 200 }, (_, i) => i).filter((i) => i % 5),
    );
    const init = pick(points, [1, 2, 3, 4]);
    const a = await check(points, { nClusters: 4, init, sampleWeight, tol: 0 });
    const b = await check(kept, { nClusters: 4, init, tol: 0 });
    expect(Array.from(a.centroids.data)).toEqual(Array.from(b.centroids.data));
    const seeded = await check(points, { nClusters: 4, sampleWeight, seed: 1 });
    expect(Math.max(...seeded.centroids.data)).toBeLessThan(100);
  });

  it('nInit returns the best of its runs', async () => {
    const points = blobs(300, 4, 12, 30);
    const one = await check(points, { nClusters: 12, init: 'random', seed: 2 });
    const many = await check(points, { nClusters: 12, init: 'random', seed: 2, nInit: 8 });
    expect(many.inertia).toBeLessThan(one.inertia);
  });

  it('the seed decides, and nothing else', async () => {
    const points = gaussian(300, 8, 6);
    const seeds = [0, 1, 2 ** 32, 2 ** 32 + 1, 2 ** 53 - 1];
    const labels = new Set<string>();
    for (const seed of seeds) {
      const a = await check(points, { nClusters: 9, seed, maxIter: 2 });
      const b = await kmeans(points, { nClusters: 9, seed, maxIter: 2 });
      expect(b.inertia).toBe(a.inertia);
      labels.add(a.labels.join());
    }
    expect(labels.size).toBe(seeds.length);
  });

  it('k-means++ draws the rows of the plain algorithm, an outlier and weights included', async () => {
    const far = gaussian(300, 5, 14);
    far.data.fill(3e9, 55 * 5, 55 * 5 + 5);
    for (const [points, sampleWeight] of [
      [gaussian(400, 7, 13), undefined],
      [blobs(300, 3, 9, 15), undefined],
      [gaussian(300, 5, 14, 1e4), weights(300, 3)],
      [sentences(260, 48, 5), undefined],
      [far, undefined],
      [KINDS.grid!(150, 2), undefined],
    ] as const)
      for (const seed of [0, 7]) {
        const weighted = sampleWeight ? { sampleWeight } : {};
        const init = pick(points, seedPlusPlus(points, 11, seed, sampleWeight));
        const own = await check(points, { nClusters: 11, seed, maxIter: 1, tol: 0, ...weighted });
        const given = await check(points, { nClusters: 11, init, maxIter: 1, tol: 0, ...weighted });
        expect(own.inertia).toBe(given.inertia);
        expect(Array.from(own.centroids.data)).toEqual(Array.from(given.centroids.data));
      }
  });

  it('random rows are all different, and drawn by weight', async () => {
    const points = fill(64, 1, (i) => i * i);
    const all = await kmeans(points, { nClusters: 64, init: 'random', maxIter: 1, seed: 4 });
    expect(new Set(all.sizes)).toEqual(new Set([1]));
    const sampleWeight = new Float32Array(64);
    for (const i of [3, 10, 40]) sampleWeight[i] = 1;
    const { centroids } = await kmeans(points, { nClusters: 3, init: 'random', sampleWeight, maxIter: 1 });
    expect(Array.from(centroids.data).sort((a, b) => a - b)).toEqual([9, 100, 1600]);
  });

  it('labels within a fit are those of the oracle at every level', async () => {
    const points = sentences(500, 64, 8);
    const result = await check(points, { nClusters: 20, seed: 3 });
    expect(Array.from(result.labels)).toEqual(
      Array.from(nearestCentroid(points, result.centroids, 'sqeuclidean')),
    );
    expect(result.recheckedShare).toBeLessThan(0.05);
  });

  it('real sentence embeddings', async (ctx) => {
    const points = realSentences(800);
    if (typeof points === 'string') return ctx.skip(points);
    for (const metric of ['euclidean', 'cosine'] as const)
      await check(points, { nClusters: 30, metric, seed: 1, maxIter: 10 });
  });

  it('one far outlier leaves the other clusters alone', async () => {
    const points = blobs(400, 4, 3, 5);
    points.data.fill(1e7, 0, 4);
    const result = await check(points, { nClusters: 4, seed: 2 });
    expect(Array.from(result.sizes).sort((a, b) => a - b)).toEqual([1, 133, 133, 133]);
  });

  it('each level says which it is', async () => {
    for (const level of LEVELS)
      expect((await at(level, () => kmeans(gaussian(20, 2), { nClusters: 2 }))).simd).toBe(level);
  });
});
