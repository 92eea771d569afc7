import { describe, expect, it } from 'vitest';
import type { Matrix, SparseMatrix } from '#dist/matrix.js';
import { type TruncatedSvd, truncatedSvd, truncatedSvdTransform } from '#dist/truncated-svd.js';
import { gaussian, grid, sparse } from './data.js';
import { everywhere, expectSameBits } from './levels.js';
import { dot, eigenpairs } from './oracle.js';

/** The rows of a sparse matrix in float64. */
function dense({ indptr, indices, data, rows, cols }: SparseMatrix): Float64Array[] {
  return Array.from({ length: rows }, (_, i) => {
    const row = new Float64Array(cols);
    for (let e = Number(indptr[i]); e < Number(indptr[i + 1]); e++) row[indices[e]!]! += data[e]!;
    return row;
  });
}

/** A dense matrix as a sparse one, zeros left out. */
function sparseOf({ data, rows, cols }: Matrix): SparseMatrix {
  const at = Array.from(data.keys()).filter((e) => data[e] !== 0);
  const indptr = Int32Array.from({ length: rows + 1 }, (_, i) => at.filter((e) => e < i * cols).length);
  return {
    indptr,
    indices: Int32Array.from(at, (e) => e % cols),
    data: Float32Array.from(at, (e) => data[e]!),
    rows,
    cols,
  };
}

function diagonal(values: number[], cols = values.length): SparseMatrix {
  return {
    indptr: Int32Array.from({ length: values.length + 1 }, (_, i) => i),
    indices: Int32Array.from(values, (_, i) => i),
    data: Float32Array.from(values),
    rows: values.length,
    cols,
  };
}

const variance = (column: number[]) => {
  const mean = column.reduce((a, b) => a + b, 0) / column.length;
  return column.reduce((s, v) => s + (v - mean) ** 2, 0) / column.length;
};

/** Equal bits everywhere, and everything that makes a truncated singular value decomposition one. */
async function check(matrix: SparseMatrix, nComponents: number): Promise<TruncatedSvd> {
  const { rows: n, cols: d } = matrix;
  const result = await everywhere((threads, device) =>
    truncatedSvd(matrix, { nComponents, threads, device }),
  );
  const a = dense(matrix);
  const largest = result.singularValues[0]!;
  const whole = Array.from({ length: d }, (_, j) => variance(a.map((row) => row[j]!))).reduce(
    (x, y) => x + y,
    0,
  );
  const components = Array.from({ length: nComponents }, (_, c) =>
    Float64Array.from(result.components.data.subarray(c * d, (c + 1) * d)),
  );
  components.forEach((v, c) => {
    components.forEach((w, b) => {
      expect(dot(v, w), `components ${c} and ${b}`).toBeCloseTo(b === c ? 1 : 0, 5);
    });
    const most = v.reduce((seen, x) => (Math.abs(x) > Math.abs(seen) ? x : seen), 0);
    expect(most, `sign of component ${c}`).toBeGreaterThan(0);
    const sigma = result.singularValues[c]!;
    if (c > 0) expect(sigma).toBeLessThanOrEqual(result.singularValues[c - 1]!);
    // A·v is the embedding, as long as the singular value, and Aᵀ(A·v) = σ²·v.
    const image = a.map((row) => dot(row, v));
    image.forEach((wanted, i) => {
      const got = result.embedding.data[i * nComponents + c]!;
      if (!(Math.abs(got - wanted) <= 1e-6 * Math.abs(wanted) + 1e-12 * largest))
        expect.fail(`coordinate ${c} of row ${i} is ${got}, not ${wanted}`);
    });
    expect(Math.abs(Math.sqrt(dot(image, image)) - sigma)).toBeLessThanOrEqual(1e-6 * largest);
    let square = 0;
    for (let j = 0; j < d; j++) {
      let back = 0;
      for (let i = 0; i < n; i++) back += a[i]![j]! * image[i]!;
      square += (back - sigma ** 2 * v[j]!) ** 2;
    }
    expect(Math.sqrt(square), `residual of component ${c}`).toBeLessThanOrEqual(3e-6 * largest ** 2);
    const explained = variance(a.map((_, i) => result.embedding.data[i * nComponents + c]!));
    expect(Math.abs(result.explainedVariance[c]! - explained)).toBeLessThanOrEqual(1e-6 * explained);
    expect(result.explainedVarianceRatio[c]).toBeCloseTo(whole > 0 ? explained / whole : 0, 5);
  });
  const again = await everywhere((threads, device) =>
    truncatedSvdTransform(matrix, result.components, { threads, device }),
  );
  expectSameBits({ data: again.data }, { data: result.embedding.data }, 'transform against the embedding');
  return result;
}

/** The singular values by Jacobi's rotations of AᵀA. */
function singularValues(matrix: SparseMatrix): number[] {
  const a = dense(matrix);
  const gram = Array.from({ length: matrix.cols }, (_, j) =>
    Float64Array.from({ length: matrix.cols }, (_, l) => a.reduce((s, row) => s + row[j]! * row[l]!, 0)),
  );
  return eigenpairs(gram).values.map((v) => Math.sqrt(Math.max(0, v)));
}

describe('truncatedSvd', () => {
  for (const [rows, cols, density, k] of [
    [1, 1, 1, 1],
    [1, 9, 1, 1],
    [9, 1, 1, 1],
    [3, 5, 0.9, 3],
    [17, 8, 0.5, 8],
    [40, 30, 0.2, 5],
    [200, 63, 0.1, 7],
    [90, 64, 0.1, 9],
    [63, 90, 0.1, 63],
    [1500, 70, 0.02, 4],
  ] as const)
    it(`${rows} × ${cols}, ${k} components: the oracle's values, equal bits everywhere`, async () => {
      const matrix = sparse(rows, cols, density, rows + cols);
      const values = singularValues(matrix);
      (await check(matrix, k)).singularValues.forEach((v, c) => {
        expect(Math.abs(v - values[c]!), `singular value ${c}`).toBeLessThanOrEqual(1e-6 * values[0]! + 1e-7);
      });
    });

  it('few components of many columns, by restarts, are the first of all components', async () => {
    // Values that fall by one part in a hundred: 64 vectors beyond those wanted do not settle them at once.
    const matrix = diagonal(Array.from({ length: 700 }, (_, i) => 0.99 ** i));
    const { singularValues: values, components } = await check(matrix, 12);
    let steps = 0;
    await truncatedSvd(matrix, {
      nComponents: 12,
      onProgress: ({ done }) => {
        steps = done;
      },
    });
    expect(steps, 'blocks of eight, of which ten fill the basis').toBeGreaterThan(10);
    values.forEach((v, c) => {
      expect(v).toBeCloseTo(0.99 ** c, 6);
      expect(components.data[c * 700 + c]).toBeCloseTo(1, 4);
    });
  });

  it('values far apart, and equal ones', async () => {
    const far = await check(diagonal([1e-2, 1, 1e4, 0.5], 6), 4);
    expect(Array.from(far.singularValues, (v) => v.toPrecision(3))).toEqual([
      '1.00e+4',
      '1.00',
      '0.500',
      '0.0100',
    ]);
    const same = await check(diagonal(new Array(300).fill(3)), 20);
    expect(new Set(same.singularValues)).toEqual(new Set([3]));
  });

  it('more components than the rank: the others are worth nothing', async () => {
    const rows = sparse(5, 40, 0.5, 3);
    const start = (i: number) => (i < 5 ? 0 : rows.data.length) + Number(rows.indptr[i < 5 ? i : i - 5]);
    const twice: SparseMatrix = {
      indptr: Int32Array.from({ length: 11 }, (_, i) => start(i)),
      indices: Int32Array.from([...rows.indices, ...rows.indices]),
      data: Float32Array.from([...rows.data, ...rows.data]),
      rows: 10,
      cols: 40,
    };
    const { singularValues: values } = await check(twice, 10);
    expect(values[3]).toBeGreaterThan(0.1);
    for (const v of values.slice(4)) expect(v).toBeLessThan(1e-6);
  });

  it('a matrix of zeros, with and without entries', async () => {
    for (const entries of [0, 1]) {
      const zero: SparseMatrix = {
        indptr: Int32Array.of(0, entries, entries, entries),
        indices: new Int32Array(entries),
        data: new Float32Array(entries),
        rows: 3,
        cols: 4,
      };
      const result = await check(zero, 3);
      for (const name of ['singularValues', 'explainedVariance', 'explainedVarianceRatio'] as const)
        expect(Array.from(result[name]), name).toEqual([0, 0, 0]);
      expect(result.embedding.data.every((v) => v === 0)).toBe(true);
    }
  });

  it('an empty row stays at the origin, equal columns share alike', async () => {
    const matrix = sparse(30, 12, 0.6, 4);
    const { embedding } = await check(matrix, 5);
    expect(Array.from(embedding.data.slice(2 * 5, 3 * 5))).toEqual([0, 0, 0, 0, 0]);
    const ones = await check(sparseOf({ data: new Float32Array(60).fill(1), rows: 10, cols: 6 }), 2);
    expect(Array.from(ones.components.data.slice(0, 6), (v) => v.toFixed(5))).toEqual(
      new Array(6).fill('0.40825'),
    );
  });

  it('entries that stand twice add up, whatever their order; row pointers of 64 bits', async () => {
    const matrix: SparseMatrix = {
      indptr: Int32Array.of(0, 3, 5),
      indices: Int32Array.of(2, 0, 2, 1, 0),
      data: Float32Array.of(1, 2, 3, 4, 5),
      rows: 2,
      cols: 3,
    };
    const once = await check(matrix, 2);
    const wide = await check(
      { ...matrix, indptr: BigInt64Array.from(matrix.indptr as Int32Array, BigInt) },
      2,
    );
    expectSameBits(wide, once, '64-bit row pointers');
  });

  it('many exact ties, dense rows, numbers near both ends of float32', async () => {
    await check(sparseOf(grid(60, 25, 3)), 6);
    await check(sparseOf(gaussian(50, 80, 3, 1e4)), 4);
    const points = gaussian(30, 10, 5);
    const wanted = await check(sparseOf(points), 4);
    for (const scale of [2 ** -120, 2 ** 120]) {
      const scaled = { ...points, data: points.data.map((v) => v * scale) };
      const { components } = await everywhere((threads, device) =>
        truncatedSvd(sparseOf(scaled), { nComponents: 4, threads, device }),
      );
      components.data.forEach((v, i) => {
        expect(v).toBeCloseTo(wanted.components.data[i]!, 4);
      });
    }
  });

  it('another seed finds the same', async () => {
    const matrix = sparse(300, 200, 0.05, 8);
    const a = await truncatedSvd(matrix, { nComponents: 5, seed: 0 });
    const b = await truncatedSvd(matrix, { nComponents: 5, seed: 2 ** 53 - 1 });
    a.components.data.forEach((v, i) => {
      expect(v).toBeCloseTo(b.components.data[i]!, 4);
    });
  });

  it('refuses coordinates beyond the largest float32', async () => {
    const huge = { data: new Float32Array(40).fill(3e38), rows: 2, cols: 20 };
    await expect(truncatedSvd(sparseOf(huge), { nComponents: 1 })).rejects.toMatchObject({
      code: 'bad_input',
      message: expect.stringContaining('beyond the largest float32: scale the matrix down'),
    });
  });

  it('stops when told to', async () => {
    const controller = new AbortController();
    const matrix = sparse(3000, 2000, 0.02, 8);
    const running = truncatedSvd(matrix, {
      nComponents: 300,
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    await expect(running).rejects.toMatchObject({ code: 'cancelled' });
  });
});
