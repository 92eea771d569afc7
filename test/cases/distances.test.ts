import { describe, expect, it } from 'vitest';
import { distances } from '#dist/distances.js';
import { type Matrix, METRICS, type Metric } from '#dist/matrix.js';
import { fill, gaussian, KINDS } from './data.js';
import { everywhere, expectDistance } from './levels.js';
import { distance } from './oracle.js';

async function check(a: Matrix, b: Matrix, metric: Metric): Promise<void> {
  const result = await everywhere((threads, device) => distances(a, b, { metric, threads, device }));
  expect([result.rows, result.cols]).toEqual([a.rows, b.rows]);
  for (let i = 0; i < a.rows; i++)
    for (let j = 0; j < b.rows; j++) {
      const x = a.data.subarray(i * a.cols, (i + 1) * a.cols);
      const y = b.data.subarray(j * b.cols, (j + 1) * b.cols);
      expectDistance(result.data[i * b.rows + j]!, distance(metric, x, y), `rows ${i} and ${j}`);
    }
}

describe('distances', () => {
  for (const [kind, make] of Object.entries(KINDS))
    for (const metric of METRICS)
      it(`${kind}, ${metric}: within one unit in the last place, equal bits everywhere`, async () => {
        await check(make(67, 19, 3), make(41, 19, 4), metric);
      });

  for (const [n, d, m] of [
    [1, 1, 1],
    [2, 3, 5],
    [33, 2, 49],
    [17, 47, 24],
    [31, 97, 25],
    [64, 16, 3],
    [3, 1000, 30],
  ] as const)
    it(`shape ${n} × ${d} to ${m}`, async () => {
      for (const metric of METRICS) await check(gaussian(n, d, n), gaussian(m, d, m + 50), metric);
    });

  it('more rows than seven threads take at once', async () => {
    for (const metric of METRICS) await check(gaussian(300, 6, 2), gaussian(37, 6, 3), metric);
  });

  it('is symmetric and zero between equal rows, bit for bit', async () => {
    const a = gaussian(50, 33, 5, 1e4);
    for (const metric of ['euclidean', 'sqeuclidean'] as const) {
      const { data } = await everywhere((threads, device) => distances(a, a, { metric, threads, device }));
      for (let i = 0; i < 50; i++) {
        expect(data[i * 50 + i]).toBe(0);
        for (let j = 0; j < i; j++) expect(data[i * 50 + j]).toBe(data[j * 50 + i]);
      }
    }
  });

  it('b in more parts than one', async () => {
    // 3000 columns leave room for some 170 rows of b at a time.
    await check(gaussian(5, 3000, 1), gaussian(400, 3000, 2), 'euclidean');
  });

  // A matrix with itself is worked out by half; a copy of it is not known to be the same.
  for (const [n, d, what] of [
    [70, 5, 'one part'],
    [400, 3000, 'several parts'],
    [2903, 2, 'written past the caches'],
  ] as const)
    for (const metric of METRICS)
      it(`with itself as with its copy, bit for bit: ${metric}, ${what}`, async () => {
        const a = gaussian(n, d, 8, n === 70 ? 1e4 : 1);
        const half = await everywhere((threads, device) => distances(a, a, { metric, threads, device }));
        const whole = await distances(a, { ...a, data: a.data.slice() }, { metric });
        expect(Buffer.from(half.data.buffer).equals(Buffer.from(whole.data.buffer))).toBe(true);
      });

  it('near rows far from the origin keep their digits', async () => {
    // 1e-3 apart at a distance of 1e4 · √8: aa + bb − 2ab has no digit left.
    const a = fill(40, 8, (i, l) => 1e4 + (l === i % 8 ? (i + 1) / 1024 : 0));
    const { data } = await everywhere((threads, device) =>
      distances(a, a, { metric: 'sqeuclidean', threads, device }),
    );
    for (let i = 0; i < 40; i++)
      for (let j = 0; j < 40; j++) {
        const [x, y] = [(i + 1) / 1024, (j + 1) / 1024];
        expect(data[i * 40 + j]).toBe(Math.fround(i % 8 === j % 8 ? (x - y) ** 2 : x * x + y * y));
      }
  });

  it('zero rows are at right angles to everything under cosine', async () => {
    const a = fill(3, 4, (i) => (i === 1 ? 0 : 1));
    const { data } = await everywhere((threads, device) =>
      distances(a, a, { metric: 'cosine', threads, device }),
    );
    expect(Array.from(data)).toEqual([0, 1, 0, 1, 1, 1, 0, 1, 0]);
  });

  it('opposite rows are 2 apart under cosine', async () => {
    const a = gaussian(20, 7, 3);
    const b = fill(20, 7, (i, l) => -2 * a.data[i * 7 + l]!);
    const { data } = await distances(a, b, { metric: 'cosine' });
    for (let i = 0; i < 20; i++) expect(data[i * 20 + i]).toBe(2);
  });

  it('no rows, no columns', async () => {
    const empty = (rows: number, cols: number): Matrix => ({ data: new Float32Array(0), rows, cols });
    expect((await distances(empty(0, 4), gaussian(3, 4))).data).toHaveLength(0);
    expect((await distances(gaussian(3, 4), empty(0, 4))).data).toHaveLength(0);
    const point = await distances(empty(2, 0), empty(3, 0));
    expect(Array.from(point.data)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(Array.from((await distances(empty(1, 0), empty(1, 0), { metric: 'cosine' })).data)).toEqual([1]);
  });
});
