import { describe, expect, it } from 'vitest';
import { distances } from '#dist/distances.js';
import { type Matrix, METRICS, type Metric } from '#dist/matrix.js';
import { nearest } from '#dist/nearest.js';
import { equal, fill, gaussian, grid, KINDS, normal, pick, realSentences, sentences } from './data.js';
import { everywhere } from './levels.js';
import { neighbours } from './oracle.js';

async function check(queries: Matrix, points: Matrix, k: number, metric: Metric): Promise<void> {
  const result = await everywhere((threads, device) =>
    nearest(queries, points, { k, metric, threads, device }),
  );
  expect([result.rows, result.k]).toEqual([queries.rows, k]);
  expect(Array.from(result.indices)).toEqual(Array.from(neighbours(queries, points, k, metric)));
  const all = await distances(queries, points, { metric });
  for (let i = 0; i < queries.rows; i++)
    for (let n = 0; n < k; n++) {
      const j = result.indices[i * k + n]!;
      if (result.distances[i * k + n] !== all.data[i * points.rows + j])
        expect.fail(`distance ${n} of query ${i} is not that of distances()`);
    }
}

describe('nearest', () => {
  for (const [kind, make] of Object.entries(KINDS))
    for (const metric of METRICS)
      it(`${kind}, ${metric}: a full sort's neighbours, equal bits everywhere`, async () => {
        const points = make(131, 13, 3);
        await check(points, points, 6, metric);
      });

  for (const [q, d, n, k] of [
    [1, 1, 1, 1],
    [3, 1, 2, 2],
    [5, 2, 3, 3],
    [17, 5, 47, 47],
    [97, 3, 48, 1],
    [96, 17, 49, 5],
    [2, 97, 97, 10],
    [100, 16, 200, 199],
    [31, 33, 300, 17],
  ] as const)
    it(`shape ${q} × ${d} to ${n} points, k = ${k}`, async () => {
      for (const metric of METRICS) await check(gaussian(q, d, q), gaussian(n, d, n + 7), k, metric);
    });

  it('more queries than seven threads take at once', async () => {
    for (const metric of METRICS) await check(gaussian(900, 4, 3), gaussian(60, 4, 5), 7, metric);
  });

  it('more points than are packed at once', async () => {
    // Points go by in parts of 4,096: neighbours come from every part.
    const points = gaussian(9000, 4, 3);
    await check(pick(points, [0, 4095, 4096, 8191, 8192, 8999]), points, 40, 'euclidean');
  });

  it('more queries than are open at once', async () => {
    const queries = gaussian(8300, 3, 2);
    const points = gaussian(30, 3, 4);
    const { indices } = await everywhere((threads, device) =>
      nearest(queries, points, { k: 2, threads, device }),
    );
    const last = pick(queries, [8191, 8192, 8299]);
    expect([8191, 8192, 8299].flatMap((i) => [indices[2 * i], indices[2 * i + 1]])).toEqual(
      Array.from(neighbours(last, points, 2, 'euclidean')),
    );
  });

  it('equal points in the order of their indices, however many', async () => {
    const points = equal(3000, 8);
    const { indices } = await everywhere((threads, device) =>
      nearest(pick(points, [5, 2999]), points, { k: 25, threads, device }),
    );
    const first = Array.from({ length: 25 }, (_, n) => n);
    expect(Array.from(indices)).toEqual([...first, ...first]);
  });

  it('holds no rows × points lists where all points are equal', async () => {
    const points = equal(4000, 2);
    const before = process.memoryUsage.rss();
    let peak = before;
    const timer = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage.rss());
    }, 5);
    await nearest(points, points, { k: 3 });
    clearInterval(timer);
    // Lists of every point for every query would take 190 MB and more.
    expect((peak - before) / 1e6).toBeLessThan(100);
  });

  it('ties on a grid in two parts', async () => {
    const points = grid(5000, 3, 9);
    await check(pick(points, [1, 2, 4999]), points, 400, 'euclidean');
    await check(pick(points, [1, 2, 4999]), points, 400, 'dot');
  });

  for (const [kind, make] of Object.entries(KINDS))
    it(`${kind}, few dimensions: a k-d tree finds what a comparison of all finds`, async () => {
      for (const dims of [1, 2, 8])
        for (const metric of ['euclidean', 'sqeuclidean'] as const) {
          const points = make(1200, dims, 3);
          const queries = metric === 'euclidean' ? points : make(400, dims, 5);
          const byTree = await everywhere((threads, device) =>
            nearest(queries, points, { k: 20, metric, threads, device }),
          );
          const all = await nearest(queries, points, { k: 20, metric, screen: 'f32' });
          expect(byTree.indices).toEqual(all.indices);
          expect(byTree.distances).toEqual(all.distances);
        }
    });

  it('zero rows under cosine stand one away from everything', async () => {
    const points = fill(40, 5, (i, l) => (i % 3 === 0 ? 0 : ((i * 7 + l * 3) % 11) - 5));
    await check(points, points, 12, 'cosine');
  });

  // Unit vectors nearer to their mean than float32 can scale one.
  it('rows of one direction under cosine', async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const g = normal(seed);
      const base = [g(), g()];
      const rows = (count: number) => fill(count, 2, (_, l) => base[l]! + 10 ** -(3 + (seed % 5)) * g());
      await check(rows(6), rows(49), 20, 'cosine');
    }
  });

  it('sentence embeddings', async () => {
    const points = sentences(400, 96, 6);
    for (const metric of METRICS) await check(pick(points, [0, 7, 18, 399]), points, 20, metric);
  });

  it('real sentence embeddings', async (ctx) => {
    const points = realSentences(1000);
    if (typeof points === 'string') return ctx.skip(points);
    for (const metric of METRICS) await check(pick(points, [0, 1, 500, 999]), points, 20, metric);
  });

  it('points farther than float32 can score', async () => {
    const points = gaussian(80, 6, 2);
    points.data.set([3e38, -3e38, 1e30, 0, 0, 3e38], 60);
    points.data.set([-3e38, -3e38, 1e30, 0, 3e38, 3e38], 90);
    for (const metric of METRICS) await check(points, points, 79, metric);
  });

  it('no queries: empty lists', async () => {
    const result = await nearest({ data: new Float32Array(0), rows: 0, cols: 4 }, gaussian(3, 4), { k: 2 });
    expect(result).toMatchObject({ indices: new Int32Array(0), rows: 0, k: 2, recheckedShare: 0 });
  });
});
