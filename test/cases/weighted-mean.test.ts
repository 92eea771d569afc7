import { describe, expect, it } from 'vitest';
import type { Matrix, SparseMatrix } from '#dist/matrix.js';
import { weightedMean } from '#dist/weighted-mean.js';
import { fill, gaussian, KINDS, sparse } from './data.js';
import { everywhere } from './levels.js';
import { ulp32, weightedMeans } from './oracle.js';

async function check(weights: SparseMatrix, vectors: Matrix): Promise<Matrix> {
  const result = await everywhere((threads, device) => weightedMean(weights, vectors, { threads, device }));
  expect([result.rows, result.cols]).toEqual([weights.cols, vectors.cols]);
  weightedMeans(weights, vectors).forEach((wanted, i) => {
    const value = Math.fround(wanted);
    if (!(Math.abs(result.data[i]! - value) <= ulp32(value)))
      expect.fail(`value ${i} is ${result.data[i]}, not ${value}`);
  });
  return result;
}

describe('weightedMean', () => {
  for (const [kind, make] of Object.entries(KINDS))
    it(`${kind}: the oracle's means, equal bits everywhere`, async () => {
      await check(sparse(90, 41, 0.2, 5), make(90, 23, 4));
    });

  for (const [rows, cols, d] of [
    [1, 1, 1],
    [3, 5, 2],
    [17, 2, 97],
    [300, 47, 16],
    [9000, 3, 5],
    [50, 200, 33],
    [9000, 2, 200], // more strips of columns than are copied at once
    [70_000, 3, 5], // more rows than a block has
  ] as const)
    it(`${rows} rows, ${cols} columns, vectors of ${d}`, async () => {
      await check(sparse(rows, cols, 0.5, rows), gaussian(rows, d, cols));
    });

  it('a column without weight gives zeros, and so does one whose weights cancel', async () => {
    const weights: SparseMatrix = {
      indptr: Int32Array.of(0, 2, 4),
      indices: Int32Array.of(0, 2, 0, 2),
      data: Float32Array.of(2, 1, 6, -1),
      rows: 2,
      cols: 3,
    };
    const { data } = await check(
      weights,
      fill(2, 2, (i, l) => 10 * i + l),
    );
    expect(Array.from(data)).toEqual([7.5, 8.5, 0, 0, 0, 0]);
  });

  it('takes 64-bit row pointers, with the same bits', async () => {
    const weights = sparse(60, 20, 0.3, 9);
    const vectors = gaussian(60, 12, 3);
    const wide = { ...weights, indptr: BigInt64Array.from(weights.indptr as Int32Array, BigInt) };
    expect((await check(wide, vectors)).data).toEqual((await check(weights, vectors)).data);
  });

  it('no entries, no columns, no vectors', async () => {
    const none = (rows: number, cols: number): SparseMatrix => ({
      indptr: new Int32Array(rows + 1),
      indices: new Int32Array(0),
      data: new Float32Array(0),
      rows,
      cols,
    });
    expect(Array.from((await check(none(3, 2), gaussian(3, 2))).data)).toEqual([0, 0, 0, 0]);
    expect((await check(none(3, 0), gaussian(3, 2))).data).toHaveLength(0);
    expect((await check(none(0, 2), { data: new Float32Array(0), rows: 0, cols: 1 })).data).toHaveLength(2);
    expect((await check(none(2, 2), { data: new Float32Array(0), rows: 2, cols: 0 })).data).toHaveLength(0);
  });
});
