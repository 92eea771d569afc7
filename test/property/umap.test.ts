import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Matrix } from '#dist/matrix.js';
import { trustworthiness } from '#dist/metrics.js';
import { umap, umapTransform } from '#dist/umap.js';
import { equal, fill, gaussian } from '../cases/data.js';

const run = (points: Matrix, options = {}) => umap(points, { nEpochs: 40, ...options });
const refusal = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error) => `${error.code}: ${error.message}`,
  );

describe('few points', () => {
  test('one point: zeros', async () => {
    const { embedding, initUsed } = await run(gaussian(1, 4), { nComponents: 3 });
    expect(embedding).toEqual({ data: new Float32Array(3), rows: 1, cols: 3 });
    expect(initUsed).toBe('random');
  });

  test.each([2, 3, 4, 5, 14, 15, 16, 17])('%i points, whatever nNeighbors', async (n) => {
    for (const nNeighbors of [2, 3, 15, 1000]) {
      const { embedding } = await run(gaussian(n, 3, n), { nNeighbors });
      expect(embedding.data.every(Number.isFinite)).toBe(true);
      expect(new Set(embedding.data).size).toBe(2 * n);
    }
  });

  test('as many neighbours as points, or more, are one fewer than there are', async () => {
    const points = gaussian(12, 4);
    const { embedding } = await run(points, { nNeighbors: 11 });
    for (const nNeighbors of [12, 13, 500])
      expect((await run(points, { nNeighbors })).embedding).toEqual(embedding);
  });

  test('30 points with 5 neighbours keep their neighbourhoods', async () => {
    const points = fill(30, 6, (i, l) => (l === i % 3 ? 4 : 0) + Math.sin(i * 7 + l * 3));
    const { embedding } = await umap(points, { nNeighbors: 5, minDist: 0.1, seed: 42 });
    expect(await trustworthiness(points, embedding, { nNeighbors: 5 })).toBeGreaterThan(0.85);
  });

  test('any small matrix of whole numbers, duplicates and all', async () => {
    const points = fc
      .tuple(fc.integer({ min: 1, max: 24 }), fc.integer({ min: 1, max: 4 }))
      .chain(([rows, cols]) =>
        fc
          .array(fc.integer({ min: 0, max: 3 }), { minLength: rows * cols, maxLength: rows * cols })
          .map((values) => ({ data: Float32Array.from(values), rows, cols })),
      );
    await fc.assert(
      fc.asyncProperty(
        points,
        fc.record({
          nNeighbors: fc.integer({ min: 2, max: 30 }),
          nComponents: fc.integer({ min: 1, max: 4 }),
          metric: fc.constantFrom('euclidean' as const, 'sqeuclidean' as const, 'cosine' as const),
          init: fc.constantFrom('spectral' as const, 'pca' as const, 'random' as const),
          setOpMixRatio: fc.constantFrom(0, 0.5, 1),
          localConnectivity: fc.constantFrom(0, 0.5, 1, 2.5),
        }),
        async (m, options) => {
          const { embedding } = await run(m, options);
          expect(embedding.data.every(Number.isFinite)).toBe(true);
        },
      ),
      { numRuns: 150 },
    );
  });

  test('all points equal: a finite map', async () => {
    const { embedding } = await run(equal(40, 5));
    expect(embedding.data.every(Number.isFinite)).toBe(true);
  });
});

test('nEpochs 0 gives the start, each axis from 0 to 10', async () => {
  const { embedding } = await umap(gaussian(300, 8), { nEpochs: 0 });
  for (const c of [0, 1]) {
    const axis = embedding.data.filter((_, e) => e % 2 === c);
    expect([Math.min(...axis), Math.max(...axis)]).toEqual([0, 10]);
  }
});

test('progress goes through the stages', async () => {
  const order = ['nearest', 'spectral', 'layout'];
  const stages = new Set<string>();
  await umap(gaussian(2000, 32), { nEpochs: 300, onProgress: ({ stage }) => stages.add(stage) });
  // A turn of the event loop shows only the last of what happened in it: a short stage may be missed.
  expect(Array.from(stages)).toEqual(order.filter((stage) => stages.has(stage)));
  expect(stages).toContain('layout');
  expect(stages.size).toBeGreaterThan(1);
});

test('an abort stops the layout', async () => {
  const controller = new AbortController();
  let aborted = 0;
  const running = umap(gaussian(3000, 8), {
    nEpochs: 100_000,
    signal: controller.signal,
    onProgress: ({ stage }) => {
      if (stage !== 'layout' || aborted) return;
      aborted = performance.now();
      controller.abort();
    },
  });
  expect(await refusal(running)).toMatch(/^cancelled/);
  // 50 ms on a machine of its own.
  expect(performance.now() - aborted).toBeLessThan(500);
});

describe('refusals', () => {
  const points = gaussian(10, 3);
  test.each([
    [{ nNeighbors: 1 }, /^bad_option: nNeighbors must be an integer from 2 to 1000000, not 1$/],
    [{ minDist: 2 }, /^bad_option: minDist is 2, but may not exceed spread, 1: lower it or raise spread$/],
    [{ minDist: -1 }, /^bad_option: minDist/],
    [{ nNeighbours: 4 }, /^bad_option: umap has no option "nNeighbours": did you mean "nNeighbors"\?$/],
    [{ metric: 'dot' }, /^bad_option: metric must be one of euclidean, sqeuclidean, cosine/],
    [{ init: 'spectal' }, /^bad_option: init .* did you mean "spectral"/],
    [{ init: gaussian(9, 2) }, /^bad_input: init is 9 × 2, but 10 points in 2 dimensions need 10 × 2$/],
    [{ init: fill(10, 2, () => Number.NaN) }, /^bad_input: .*init/],
    [{ nEpochs: 1.5 }, /^bad_option: nEpochs/],
    [{ seed: -1 }, /^bad_option: seed/],
  ])('%j', async (options, message) => {
    expect(await refusal(umap(points, options as object))).toMatch(message);
  });

  test('NaN and nothing at all', async () => {
    expect(await refusal(umap(fill(5, 2, (i) => (i === 3 ? Number.NaN : i))))).toMatch(/^bad_input: .*row 3/);
    expect(await refusal(umap(fill(1, 2, () => Number.NaN)))).toMatch(/^bad_input/);
    expect(await refusal(umap({ data: new Float32Array(0), rows: 0, cols: 4 }))).toMatch(
      /^bad_input: .*empty/,
    );
  });

  test('a fit whose parts do not belong together', async () => {
    const embedding = gaussian(9, 2);
    expect(await refusal(umapTransform(points, { points, embedding }))).toMatch(
      /^bad_input: fitted.points has 10 rows and fitted.embedding 9: give both of one fit$/,
    );
    expect(await refusal(umapTransform(gaussian(2, 4), { points, embedding: gaussian(10, 2) }))).toMatch(
      /^bad_input: points has 4 columns/,
    );
  });
});
