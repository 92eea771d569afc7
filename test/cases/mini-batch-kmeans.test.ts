import { describe, expect, it } from 'vitest';
import { assign } from '#dist/assign.js';
import {
  type MiniBatchKMeans,
  type MiniBatchKMeansOptions,
  miniBatchKmeans,
} from '#dist/kmeans/mini-batch.js';
import { kmeans } from '#dist/kmeans.js';
import type { Matrix } from '#dist/matrix.js';
import { blobs, equal, fill, gaussian, KINDS, pick, spread, withoutZeroRows } from './data.js';
import { everywhere } from './levels.js';
import { inertiaOf } from './oracle.js';

/** Equal bits everywhere, labels as assign() gives them for the returned centroids, and sizes and inertia that add up. */
async function check(points: Matrix, options: MiniBatchKMeansOptions): Promise<MiniBatchKMeans> {
  const { metric = 'euclidean', sampleWeight, batchSize = 1024, maxIter = 100 } = options;
  const result = await everywhere((threads, device) =>
    miniBatchKmeans(points, { ...options, threads, device }),
  );
  const again = await assign(points, result.centroids, { metric });
  expect(Array.from(result.labels)).toEqual(Array.from(again.labels));
  const sizes = new Int32Array(options.nClusters);
  for (const label of result.labels) sizes[label]!++;
  expect(Array.from(result.sizes)).toEqual(Array.from(sizes));
  const inertia = inertiaOf(points, result.centroids, result.labels, metric, sampleWeight);
  const blur = metric === 'cosine' ? 1e-15 * Math.sqrt(inertia * points.rows) : 0;
  expect(Math.abs(result.inertia - inertia)).toBeLessThanOrEqual(1e-12 * inertia + blur);
  const batch = Math.min(batchSize, points.rows);
  expect(result.nIter).toBe(Math.ceil((result.nSteps * batch) / points.rows));
  expect(result.nSteps).toBeLessThanOrEqual(Math.max(1, (maxIter * points.rows) / batch));
  return result;
}

const weights = (n: number) => Float32Array.from({ length: n }, (_, i) => (i % 9 === 4 ? 0 : 0.5 + (i % 5)));

describe('miniBatchKmeans', () => {
  for (const [kind, make] of Object.entries(KINDS))
    for (const metric of ['euclidean', 'cosine'] as const)
      it(`${kind}, ${metric}: equal bits everywhere, consistent with assign()`, async () => {
        const points = withoutZeroRows(make(307, 17, 3));
        await check(points, { nClusters: 7, metric, seed: 5, batchSize: 50, maxIter: 3 });
        await check(points, {
          nClusters: 5,
          metric,
          init: spread(points, 5),
          sampleWeight: weights(307),
          batchSize: 64,
          maxIter: 2,
        });
      });

  for (const [n, d, k, batchSize] of [
    [1, 1, 1, 1],
    [2, 1, 2, 1],
    [5, 2, 5, 100],
    [97, 1, 3, 7],
    [200, 16, 48, 10],
    [250, 97, 47, 250],
    [1925, 5, 2, 1024],
  ] as const)
    it(`shape ${n} × ${d}, ${k} clusters, batches of ${batchSize}`, async () => {
      const points = gaussian(n, d, n);
      await check(points, { nClusters: k, seed: n, batchSize, maxIter: 4 });
      await check(points, { nClusters: k, init: 'random', nInit: 2, seed: n, batchSize, maxIter: 2 });
    });

  it('one step, one cluster: the mean of the batch', async () => {
    // Two rows, drawn with replacement: a mean is one of nine points between them.
    const points = fill(2, 1, (i) => 8 * i);
    const { centroids, nSteps } = await check(points, {
      nClusters: 1,
      init: fill(1, 1, () => 3),
      maxIter: 1,
    });
    expect(nSteps).toBe(1);
    expect([0, 4, 8]).toContain(centroids.data[0]);
  });

  it('finds separated groups, near the inertia of Lloyd’s algorithm, in a fraction of the passes', async () => {
    const points = blobs(6000, 12, 6, 4);
    const options = { nClusters: 6, seed: 3 };
    const full = await kmeans(points, options);
    const quick = await check(points, { ...options, batchSize: 256 });
    expect(quick.inertia).toBeLessThan(1.05 * full.inertia);
    expect(quick.converged).toBe(true);
    expect(quick.nIter).toBeLessThan(20);
    const cosine = await check(points, { ...options, batchSize: 256, metric: 'cosine' });
    expect(cosine.inertia).toBeLessThan(
      1.05 * (await kmeans(points, { ...options, metric: 'cosine' })).inertia,
    );
  });

  it('a cluster that nothing is near starts anew, unless the ratio is 0', async () => {
    const points = blobs(900, 4, 3, 2);
    const far = pick(points, [0, 1, 2]);
    far.data.fill(1e6, 8);
    const options = { nClusters: 3, init: far, batchSize: 128, seed: 1 };
    expect(Array.from((await check(points, { ...options, reassignmentRatio: 0 })).sizes)).toContain(0);
    expect(Array.from((await check(points, options)).sizes)).not.toContain(0);
  });

  it('the best of several runs, by the inertia of all points', async () => {
    const points = blobs(1200, 3, 12, 9);
    const options = { nClusters: 12, init: 'random', batchSize: 100, maxIter: 2 } as const;
    const one = await check(points, { ...options, nInit: 1 });
    const five = await check(points, { ...options, nInit: 5 });
    expect(five.inertia).toBeLessThan(one.inertia);
  });

  it('goes on to maxIter with maxNoImprovement 0', async () => {
    const points = equal(100, 3);
    expect(
      await check(points, { nClusters: 2, batchSize: 20, maxIter: 7, maxNoImprovement: 0 }),
    ).toMatchObject({
      nSteps: 35,
      nIter: 7,
      converged: false,
      inertia: 0,
    });
    const stopped = await check(points, { nClusters: 2, batchSize: 20, maxIter: 7 });
    expect([stopped.nSteps, stopped.converged]).toEqual([12, true]);
  });

  it('a common offset of 10,000 and points of no weight change nothing', async () => {
    const near = blobs(500, 9, 5, 8);
    near.data.forEach((v, i) => {
      near.data[i] = Math.round(v * 64) / 64;
    });
    const options = { nClusters: 5, seed: 2, batchSize: 100, maxIter: 4 };
    const there = await check({ ...near, data: near.data.map((v) => v + 10_000) }, options);
    expect(Array.from(there.labels)).toEqual(Array.from((await check(near, options)).labels));
    const weight = new Float32Array(500).fill(1);
    weight[7] = 0;
    const moved = { ...near, data: near.data.slice() };
    moved.data.fill(1e4, 7 * 9, 8 * 9);
    const [a, b] = [
      await check(near, { ...options, init: spread(near, 5), sampleWeight: weight }),
      await check(moved, { ...options, init: spread(near, 5), sampleWeight: weight }),
    ];
    expect(b.centroids.data).toEqual(a.centroids.data);
  });

  it('refuses what kmeans refuses, and its own options out of range', async () => {
    const points = gaussian(6, 3);
    const refusal = async (options: object, code: string, message: RegExp) => {
      await expect(miniBatchKmeans(points, { nClusters: 2, ...options })).rejects.toMatchObject({
        code,
        message,
      });
    };
    await refusal({ nClusters: 7 }, 'bad_input', /only 6 points/);
    await refusal({ batchSize: 0 }, 'bad_option', /batchSize must be an integer of at least 1/);
    await refusal({ maxNoImprovement: -1 }, 'bad_option', /maxNoImprovement/);
    await refusal({ reassignmentRatio: 2 }, 'bad_option', /reassignmentRatio/);
    await refusal({ tol: 1 }, 'bad_option', /no option "tol"/);
    await refusal({ sampleWeight: new Float32Array(6) }, 'bad_input', /zero for every row/);
    await refusal({ init: equal(3, 3) }, 'bad_input', /init has 3 rows/);
  });

  it('stops when told to', async () => {
    const controller = new AbortController();
    const running = miniBatchKmeans(gaussian(3000, 20), {
      nClusters: 50,
      maxIter: 1e6,
      maxNoImprovement: 0,
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    await expect(running).rejects.toMatchObject({ code: 'cancelled' });
  });
});
