import { describe, expect, it } from 'vitest';
import type { Matrix } from '#dist/matrix.js';
import { type UmapOptions, umap, umapTransform } from '#dist/umap.js';
import { blobs, equal, fill, gaussian, KINDS, sentences } from './data.js';
import { everywhere } from './levels.js';

/** Equal bits everywhere, finite, and of the right shape. */
async function check(points: Matrix, options: UmapOptions = {}) {
  const result = await everywhere((threads, device) =>
    umap(points, { nEpochs: 30, ...options, threads, device }),
  );
  const cols = options.nComponents ?? 2;
  expect(result.embedding).toMatchObject({ rows: points.rows, cols });
  expect(result.embedding.data.every(Number.isFinite)).toBe(true);
  return result;
}

describe('umap', () => {
  for (const [kind, make] of Object.entries(KINDS))
    it(`${kind}: equal bits everywhere`, async () => {
      await check(make(150, 11, 3), { nNeighbors: 8 });
    });

  for (const metric of ['euclidean', 'sqeuclidean', 'cosine'] as const)
    it(`sentence embeddings by ${metric}, from every start`, async () => {
      const points = sentences(700, 24, 5);
      for (const init of ['spectral', 'pca', 'random', gaussian(700, 2, 9)] as const) {
        const { initUsed } = await check(points, { metric, init, seed: 2 ** 53 - 1 });
        expect(initUsed).toBe(typeof init === 'string' ? init : 'given');
      }
    });

  it('one, three and seven dimensions, fractions, and more random points than neighbours', async () => {
    const points = sentences(500, 30, 2);
    await check(points, { nComponents: 1 });
    await check(points, { nComponents: 3, minDist: 0 });
    await check(points, { nComponents: 7, localConnectivity: 1.5, setOpMixRatio: 0.25 });
    await check(points, { negativeSampleRate: 12, repulsionStrength: 2.5, learningRate: 0.5, spread: 2 });
    await check(points, { negativeSampleRate: 0, nEpochs: 5 });
  });

  it('pieces of the graph: a start by pca, and says so', async () => {
    const points = blobs(240, 6, 4, 7);
    for (const metric of ['euclidean', 'cosine'] as const) {
      const { initUsed } = await check(points, { nNeighbors: 5, metric });
      expect(initUsed).toBe(metric === 'euclidean' ? 'pca' : initUsed);
    }
    // On a line there is no second component.
    const line = fill(60, 1, (i) => i + 1000 * Math.floor(i / 30));
    expect((await check(line, { nNeighbors: 5 })).initUsed).toBe('random');
  });

  it('a hub that everything leads to', async () => {
    const { embedding } = await check(equal(1100, 3), { nNeighbors: 5, nEpochs: 4 });
    expect(new Set(embedding.data).size).toBeGreaterThan(500);
  });

  it('a given start with equal rows comes apart', async () => {
    const { embedding } = await check(gaussian(100, 5), { init: fill(100, 2, () => 7), nEpochs: 200 });
    expect(new Set(embedding.data).size).toBeGreaterThan(150);
  });
});

describe('umapTransform', () => {
  it('equal bits everywhere, whoever else is new', async () => {
    const points = sentences(400, 20, 4);
    const { embedding } = await umap(points, { nEpochs: 50 });
    const fresh = sentences(90, 20, 8);
    for (const metric of ['euclidean', 'cosine'] as const) {
      const placed = await everywhere((threads, device) =>
        umapTransform(fresh, { points, embedding }, { metric, threads, device, seed: 3 }),
      );
      expect(placed.embedding.data.every(Number.isFinite)).toBe(true);
    }
  });

  it('no new points: an empty map', async () => {
    const points = gaussian(20, 3);
    const { embedding } = await umap(points, { nNeighbors: 5 });
    const none = { data: new Float32Array(0), rows: 0, cols: 3 };
    expect((await umapTransform(none, { points, embedding })).embedding).toEqual({ ...none, cols: 2 });
  });
});
