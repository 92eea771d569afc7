import { describe, expect, it } from 'vitest';
import { assign } from '#dist/assign.js';
import { distances } from '#dist/distances.js';
import { type Matrix, METRICS } from '#dist/matrix.js';
import {
  fill,
  gaussian,
  KINDS,
  normal,
  pick,
  realSentences,
  sentences,
  spread,
  withoutZeroRows,
} from './data.js';
import { everywhere, expectDistance } from './levels.js';
import { distance, nearestCentroid } from './oracle.js';

async function check(points: Matrix, centroids: Matrix, metric: (typeof METRICS)[number]): Promise<void> {
  const result = await everywhere((threads, device) =>
    assign(points, centroids, { metric, threads, device }),
  );
  const expected = nearestCentroid(points, centroids, metric);
  expect(Array.from(result.labels)).toEqual(Array.from(expected));
  const { cols } = points;
  for (let i = 0; i < points.rows; i++) {
    const x = points.data.subarray(i * cols, (i + 1) * cols);
    const c = centroids.data.subarray(expected[i]! * cols, (expected[i]! + 1) * cols);
    expectDistance(result.distances[i]!, distance(metric, x, c), `row ${i}`);
  }
}

describe('assign', () => {
  for (const [kind, make] of Object.entries(KINDS))
    for (const metric of METRICS)
      it(`${kind}, ${metric}: labels of the oracle, equal bits everywhere`, async () => {
        const points = withoutZeroRows(make(203, 19, 3));
        await check(points, spread(points, 23), metric);
      });

  for (const [n, d, k] of [
    [1, 1, 1],
    [2, 1, 2],
    [97, 2, 3],
    [96, 5, 5],
    [100, 3, 17],
    [191, 16, 47],
    [193, 33, 48],
    [97, 17, 49],
    [130, 48, 97],
    [49, 129, 2],
    [5, 1, 5],
  ] as const)
    it(`shape ${n} × ${d} to ${k} centroids`, async () => {
      const points = gaussian(n, d, n + d);
      for (const metric of METRICS) await check(points, gaussian(k, d, 9), metric);
    });

  it('more rows than seven threads take at once', async () => {
    for (const metric of METRICS) await check(gaussian(7001, 5, 2), gaussian(11, 5, 3), metric);
  });

  it('gives a point half way between centroids to the lower index', async () => {
    const centroids = fill(40, 1, (i) => 2 * (39 - i));
    const points = fill(39, 1, (i) => 2 * i + 1);
    const { labels } = await everywhere((threads, device) => assign(points, centroids, { threads, device }));
    // Point 1 lies between centroids 39 (at 0) and 38 (at 2).
    expect(Array.from(labels)).toEqual(Array.from({ length: 39 }, (_, i) => 38 - i));
  });

  it('gives equal centroids to the lowest index, whatever panel they stand in', async () => {
    const one = gaussian(1, 24, 5);
    const centroids = pick(one, Array(160).fill(0));
    const { labels, recheckedShare } = await everywhere((threads, device) =>
      assign(gaussian(100, 24, 6), centroids, { threads, device }),
    );
    expect(new Set(labels)).toEqual(new Set([0]));
    expect(recheckedShare).toBe(1);
  });

  it('sees one unit in the last place of one coordinate', async () => {
    // Two centroids that differ by one float32 step in one of 300 coordinates; float32 scores cannot tell them apart.
    const base = gaussian(1, 300, 8, 1e4);
    const up = new Float32Array(base.data);
    new Int32Array(up.buffer)[123]! += 1;
    const centroids = { data: Float32Array.of(...base.data, ...up), rows: 2, cols: 300 };
    const points = fill(50, 300, (i, l) =>
      l === 123 && i % 2 ? up[l]! + 1e-2 : base.data[l]! - (l === 123 ? 1e-2 : 0),
    );
    const { labels } = await everywhere((threads, device) => assign(points, centroids, { threads, device }));
    expect(Array.from(labels)).toEqual(Array.from({ length: 50 }, (_, i) => i % 2));
  });

  it('sentence embeddings of 384 columns to 100 centroids: few rows are rechecked', async () => {
    const points = sentences(700, 384, 4);
    await check(points, spread(points, 100), 'euclidean');
    await check(points, spread(points, 100), 'cosine');
    const { recheckedShare } = await assign(points, spread(gaussian(700, 384, 4), 100));
    expect(recheckedShare).toBeLessThan(0.02);
  });

  it('real sentence embeddings', async (ctx) => {
    const points = realSentences(600);
    if (typeof points === 'string') return ctx.skip(points);
    for (const metric of METRICS) await check(points, spread(points, 60), metric);
  });

  it('takes centroids that are farther than float32 can score', async () => {
    const points = gaussian(60, 12, 2);
    const centroids = gaussian(20, 12, 3);
    centroids.data.set([3e38, -3e38, 3e38, -3e38, 1e30, 0, 0, 0, 0, 0, 0, 3e38], 0);
    centroids.data.set(
      [3e38, 3e38, 3e38, 3e38, 3e38, 3e38, -3e38, -3e38, -3e38, -3e38, -3e38, -3e38],
      7 * 12,
    );
    for (const metric of METRICS) await check(points, centroids, metric);
    for (const metric of METRICS) await check(centroids, points, metric);
  });

  it('a single centroid gets every point, however far', async () => {
    const points = fill(40, 2, (i) => (i % 2 ? 1e30 : -1e30));
    for (const metric of METRICS)
      await check(
        points,
        fill(1, 2, () => 2e30),
        metric,
      );
  });

  it('directions that float64 cannot tell apart under cosine go to the lowest index', async () => {
    // Cosines differ by 1e-19. A float32 screen of what is left after centring sees that; the documented rule does not.
    const g = normal(3);
    const centroids = fill(40, 5, (_, l) => (l === 0 ? 1 : 1e-14 * g()));
    const points = fill(50, 5, (_, l) => (l === 0 ? 1 : 1e-5 * g()));
    for (let i = 1; i < 50; i += 2)
      for (let l = 1; l < 5; l++) points.data[i * 5 + l] = -points.data[i * 5 - 5 + l]!;
    await check(points, centroids, 'cosine');
  });

  it('cosine of rows so long that 1/length is a denormal float32', async () => {
    const g = normal(4);
    const base = Array.from({ length: 64 }, () => (g() > 0 ? 1 : -1));
    const near = (i: number, l: number) => base[l]! * (1 - 1e-6 * Math.abs(g()) * ((i + l) % 3));
    const centroids = fill(30, 64, near);
    await check(
      fill(80, 64, (i, l) => 3.4e38 * near(i, l)),
      centroids,
      'cosine',
    );
    await check(
      fill(80, 64, (i, l) => 1e-38 * near(i, l)),
      centroids,
      'cosine',
    );
  });

  it('agrees with distances(), bit for bit', async () => {
    const points = sentences(60, 40, 2);
    const centroids = spread(points, 9);
    for (const metric of METRICS) {
      const all = await distances(points, centroids, { metric });
      const { labels, distances: own } = await assign(points, centroids, { metric });
      expect(Array.from(own)).toEqual(Array.from(labels, (j, i) => all.data[i * 9 + j]));
    }
  });

  it('no points: empty labels', async () => {
    const result = await everywhere((threads, device) =>
      assign({ data: new Float32Array(0), rows: 0, cols: 4 }, gaussian(3, 4), { threads, device }),
    );
    expect(result).toMatchObject({
      labels: new Int32Array(0),
      distances: new Float32Array(0),
      recheckedShare: 0,
    });
  });
});
