import { describe, expect, test } from 'vitest';
import { matrix } from '#dist/matrix.js';
import {
  adjustedRandScore,
  completenessScore,
  homogeneityScore,
  normalizedMutualInfoScore,
  silhouetteScore,
  trustworthiness,
  vMeasureScore,
} from '#dist/metrics.js';

const labelScores = {
  adjustedRandScore,
  normalizedMutualInfoScore,
  vMeasureScore,
  homogeneityScore,
  completenessScore,
};

/** Whole-number points on a spiral: n rows of 3, no two alike. */
const spiral = (n: number) =>
  matrix(Array.from({ length: n }, (_, i) => [i, Math.round(i * Math.sin(i)), Math.round(i * Math.cos(i))]));

describe.each(Object.entries(labelScores))('%s', (_, score) => {
  test('takes every kind of label and does not care what they are called', async () => {
    const truth = [0, 0, 1, 1, 2, 2, 2];
    const pred = [5, 5, 5, -1, -1, 8, 8];
    const expected = await score(truth, pred);
    expect(expected).toBeGreaterThan(0);
    expect(expected).toBeLessThan(1);
    expect(await score(Int32Array.from(truth), Int32Array.from(pred))).toBe(expected);
    expect(
      await score(
        truth.map((l) => `class ${l}`),
        pred,
      ),
    ).toBe(expected);
    expect(
      await score(
        truth.map((l) => 9 - l),
        pred,
      ),
    ).toBe(expected);
    expect(await score(truth, truth)).toBeCloseTo(1, 14);
  });

  test.each([
    ['labelsTrue is empty', [], []],
    ['labelsTrue has 2 labels and labelsPred 3', [0, 1], [0, 1, 2]],
    ['labelsTrue[1] is 0.5', [0, 0.5], [0, 1]],
    ['labelsPred[0] is NaN', [0, 1], [Number.NaN, 1]],
    ['labelsTrue[1] is undefined', ['film', undefined], [0, 1]],
    ['labelsPred must be an array of labels, not "0 1"', [0, 1], '0 1'],
  ])('refuses: %s', async (message, truth, pred) => {
    await expect(score(truth as number[], pred as number[])).rejects.toMatchObject({
      name: 'MatomariError',
      code: 'bad_input',
      message: expect.stringContaining(message),
    });
  });

  test('refuses an unknown option and stops at an aborted signal', async () => {
    await expect(score([0], [0], { thread: 1 } as object)).rejects.toMatchObject({
      code: 'bad_option',
      message: expect.stringContaining('did you mean "threads"?'),
    });
    const reason = new Error('enough');
    await expect(score([0], [0], { signal: AbortSignal.abort(reason) })).rejects.toMatchObject({
      code: 'cancelled',
      cause: reason,
    });
  });
});

test('normalizedMutualInfoScore and vMeasureScore check their own options', async () => {
  await expect(normalizedMutualInfoScore([0], [0], { averageMethod: 'mean' as 'min' })).rejects.toMatchObject(
    {
      code: 'bad_option',
      message:
        'averageMethod must be one of arithmetic, geometric, min, max, not "mean"; did you mean "min"?',
    },
  );
  await expect(vMeasureScore([0], [0], { beta: -1 })).rejects.toMatchObject({
    code: 'bad_option',
    message: 'beta must be a number of at least 0, not -1',
  });
});

test('adjustedRandScore stays exact where products of pair counts pass 2^53', async () => {
  // Two labelings of 600,000 samples, independent by construction: every cell holds n / 4 and every class n / 2, so
  // the numerator is the small difference of two products near 10^22.
  const n = 600_000;
  const truth = Int32Array.from({ length: n }, (_, i) => i % 2);
  const pred = Int32Array.from({ length: n }, (_, i) => (i >> 1) % 2);
  const score = await adjustedRandScore(truth, pred);
  const m = BigInt(n);
  const tp = 4n * (m / 4n) * (m / 4n - 1n);
  const fp = 2n * (m / 2n) * (m / 2n - 1n) - tp;
  const tn = m * (m - 1n) - tp - 2n * fp;
  const scale = 10n ** 30n;
  const exact = Number((2n * (tp * tn - fp * fp) * scale) / (2n * (tp + fp) * (fp + tn))) / Number(scale);
  expect(score).toBeLessThan(0);
  expect(score / exact).toBeCloseTo(1, 12);
});

describe('silhouetteScore', () => {
  test('is 0 for points alone in their cluster and for coinciding clusters', async () => {
    const points = matrix([[0], [0], [9], [0]]);
    // Point 2 is alone: 0. Points 0, 1 lie on point 3 of the other cluster: a = b = 0, so 0.
    expect(await silhouetteScore(points, [0, 0, 1, 2])).toBe(0);
  });

  test('follows its definition', async () => {
    // a(0) = 1, b(0) = mean(4, 6) = 5; a(1) = 1, b(1) = 4; a(2) = 2, b(2) = 3.5; a(3) = 2, b(3) = 5.5.
    const score = await silhouetteScore(matrix([[0], [1], [4], [6]]), ['a', 'a', 'b', 'b']);
    expect(score).toBeCloseTo((4 / 5 + 3 / 4 + 1.5 / 3.5 + 3.5 / 5.5) / 4, 7);
  });

  test('gives the same number whatever the threads, and a seeded sample', async () => {
    const points = spiral(500);
    const labels = Int32Array.from({ length: 500 }, (_, i) => Math.floor(i / 100));
    const whole = await silhouetteScore(points, labels, { threads: 1 });
    expect(await silhouetteScore(points, labels, { threads: 3 })).toBe(whole);
    expect(await silhouetteScore(points, labels, { sampleSize: 500, seed: 4 })).toBeCloseTo(whole, 12);
    const sample = await silhouetteScore(points, labels, { sampleSize: 200, seed: 4 });
    expect(await silhouetteScore(points, labels, { sampleSize: 200, seed: 4 })).toBe(sample);
    expect(await silhouetteScore(points, labels, { sampleSize: 200, seed: 5 })).not.toBe(sample);
    expect(Math.abs(sample - whole)).toBeLessThan(0.1);
  });

  test('works in several blocks and reports them', async () => {
    const n = 4000; // more than 2^21 distances
    const points = spiral(n);
    const labels = Int32Array.from({ length: n }, (_, i) => i % 2);
    const progress: { stage: string; done: number; total: number }[] = [];
    const score = await silhouetteScore(points, labels, { onProgress: (p) => progress.push(p) });
    expect(score).toBeCloseTo(0, 1);
    expect(progress.length).toBeGreaterThan(1);
    expect(progress.at(-1)).toEqual({ stage: 'silhouette', done: n, total: n });
  });

  test('stops between blocks when aborted', async () => {
    const n = 4000;
    const abort = new AbortController();
    const labels = Int32Array.from({ length: n }, (_, i) => i % 2);
    const job = silhouetteScore(spiral(n), labels, { signal: abort.signal, onProgress: () => abort.abort() });
    await expect(job).rejects.toMatchObject({ code: 'cancelled' });
  });

  test.each([
    ['1 cluster', [0, 0, 0], 'needs from 2 to 2 different labels for 3 points, but there is 1'],
    ['a cluster for each point', [0, 1, 2], 'but there are 3'],
    ['too few labels', [0, 1], 'labels has 2 entries, but points has 3 rows'],
    ['no labels', [], 'labels is empty'],
  ])('refuses %s', async (_, labels, message) => {
    await expect(silhouetteScore(spiral(3), labels)).rejects.toMatchObject({
      code: 'bad_input',
      message: expect.stringContaining(message),
    });
  });

  test.each([
    [{ metric: 'dot' }, 'metric must be one of euclidean, sqeuclidean, cosine, not "dot"'],
    [{ sampleSize: 4 }, 'sampleSize must be an integer from 1 to 3, not 4'],
    [{ seed: -1 }, 'seed must be an integer of at least 0, not -1'],
    [{ sample: 4 }, 'silhouetteScore has no option "sample": did you mean'],
  ])('refuses option %j', async (options, message) => {
    await expect(silhouetteScore(spiral(3), [0, 0, 1], options as object)).rejects.toMatchObject({
      code: 'bad_option',
      message: expect.stringContaining(message),
    });
  });

  test('names the row and column of a NaN, in the caller’s words', async () => {
    const points = spiral(5);
    points.data[3 * 3 + 1] = Number.NaN;
    const refusal = {
      code: 'bad_input',
      message: 'points holds NaN at row 3, column 1: every value must be a finite number',
    };
    await expect(silhouetteScore(points, [0, 0, 1, 1, 1])).rejects.toMatchObject(refusal);
    await expect(trustworthiness(points, spiral(5), { nNeighbors: 2 })).rejects.toMatchObject(refusal);
  });
});

describe('trustworthiness', () => {
  test('is 1 for the points themselves, also with duplicates, and for a rigid motion', async () => {
    const points = matrix([
      [0, 0],
      [0, 0],
      [0, 0],
      [5, 1],
      [5, 1],
      [9, 3],
      [12, 0],
      [2, 7],
      [8, 8],
      [0, 20],
    ]);
    expect(await trustworthiness(points, points, { nNeighbors: 4 })).toBe(1);
    const turned = matrix(
      Array.from({ length: 10 }, (_, i) => [-points.data[i * 2 + 1]!, points.data[i * 2]!]),
    );
    expect(await trustworthiness(points, turned, { nNeighbors: 4 })).toBe(1);
  });

  test('follows its definition', async () => {
    // On a line 0 1 2 3 4; in the embedding, points 2 and 4 have changed places. k = 1.
    const points = matrix([[0], [1], [2.25], [3.75], [5.5]]);
    const embedding = matrix([[0], [1], [5.5], [3.75], [2.25]]);
    // Nearest in the embedding: 0→1, 1→0, 2→3, 3→4, 4→1; ranks in the original: 1, 1, 2, 2, 3. Excess 0+0+1+1+2.
    const expected = 1 - (2 / (5 * 1 * (2 * 5 - 3 - 1))) * 4;
    expect(await trustworthiness(points, embedding, { nNeighbors: 1 })).toBeCloseTo(expected, 14);
  });

  test('works in several blocks, and the default looks at 5 neighbours', async () => {
    const points = spiral(4000);
    const flat = matrix(Array.from({ length: 4000 }, (_, i) => [points.data[i * 3]!]));
    const progress: number[] = [];
    const score = await trustworthiness(points, flat, { onProgress: ({ done }) => progress.push(done) });
    expect(score).toBe(await trustworthiness(points, flat, { nNeighbors: 5, threads: 1 }));
    expect(score).toBeGreaterThan(0.5);
    expect(score).toBeLessThan(1);
    expect(progress.length).toBeGreaterThan(1);
  });

  test('refuses what has no answer', async () => {
    await expect(trustworthiness(spiral(10), spiral(10))).rejects.toMatchObject({
      code: 'bad_option',
      message: 'nNeighbors must be below half the number of points (5), not 5: lower it or give more points',
    });
    await expect(trustworthiness(spiral(10), spiral(9), { nNeighbors: 2 })).rejects.toMatchObject({
      code: 'bad_input',
      message: 'points has 10 rows and embedding 9: give both for the same points',
    });
    await expect(trustworthiness(spiral(10), spiral(10), { neighbors: 2 } as object)).rejects.toMatchObject({
      code: 'bad_option',
      message: expect.stringContaining('did you mean "nNeighbors"?'),
    });
  });
});
