import { describe, expect, it } from 'vitest';
import type { Matrix } from '#dist/matrix.js';
import { type Pca, pca } from '#dist/pca.js';
import { equal, fill, gaussian, KINDS, normal, realSentences, sentences } from './data.js';
import { everywhere } from './levels.js';
import { covariance, dot, eigenpairs } from './oracle.js';

/** Rows whose spread falls from direction to direction, in a basis turned at random. */
function falling(n: number, d: number, fall: number, offset = 0): Matrix {
  const g = normal(d);
  const basis = gaussian(d, d, d + 1);
  const out = fill(n, d, () => 0);
  for (let i = 0; i < n; i++) {
    const x = new Float64Array(d).fill(offset);
    for (let c = 0; c < d; c++) {
      const t = (g() * fall ** c) / Math.sqrt(d);
      for (let l = 0; l < d; l++) x[l]! += t * basis.data[c * d + l]!;
    }
    out.data.set(x, i * d);
  }
  return out;
}

/** Equal bits everywhere, and everything that makes a principal component one. */
async function check(points: Matrix, nComponents: number): Promise<Pca> {
  const { rows: n, cols: d } = points;
  const result = await everywhere((threads, device) => pca(points, { nComponents, threads, device }));
  const { matrix, mean } = covariance(points);
  const trace = matrix.reduce((s, row, l) => s + row[l]!, 0);
  const largest = result.explainedVariance[0]!;
  const size = points.data.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  mean.forEach((m, l) => {
    if (!(Math.abs(result.mean[l]! - m) <= 1e-6 * size))
      expect.fail(`mean ${l} is ${result.mean[l]}, not ${m}`);
  });
  const components = Array.from({ length: nComponents }, (_, c) =>
    Float64Array.from(result.components.data.subarray(c * d, (c + 1) * d)),
  );
  components.forEach((v, c) => {
    components.forEach((w, b) => {
      expect(dot(v, w), `components ${c} and ${b}`).toBeCloseTo(b === c ? 1 : 0, 5);
    });
    const largestEntry = v.reduce((most, x) => (Math.abs(x) > Math.abs(most) ? x : most), 0);
    expect(largestEntry, `sign of component ${c}`).toBeGreaterThan(0);
    const variance = result.explainedVariance[c]!;
    if (c > 0) expect(variance).toBeLessThanOrEqual(result.explainedVariance[c - 1]!);
    expect(result.explainedVarianceRatio[c]).toBeCloseTo(trace > 0 ? variance / trace : 0, 6);
    // Cv = λv.
    const residual = Math.sqrt(matrix.reduce((s, row, l) => s + (dot(row, v) - variance * v[l]!) ** 2, 0));
    expect(residual, `residual of component ${c}`).toBeLessThanOrEqual(1e-6 * largest + 1e-14 * size ** 2);
  });
  for (let i = 0; i < n; i++)
    components.forEach((v, c) => {
      let wanted = 0;
      for (let l = 0; l < d; l++) wanted += (points.data[i * d + l]! - mean[l]!) * v[l]!;
      const got = result.embedding.data[i * nComponents + c]!;
      if (!(Math.abs(got - wanted) <= 1e-6 * size * Math.sqrt(d)))
        expect.fail(`coordinate ${c} of row ${i} is ${got}, not ${wanted}`);
    });
  return result;
}

describe('pca', () => {
  for (const [kind, make] of Object.entries(KINDS)) {
    // Variances of numbers below 1e-38 or beyond 1e19 are not float32 numbers: below.
    if (kind === 'denormal' || kind === 'far outlier') continue;
    it(`${kind}: equal bits everywhere, eigenvectors of the covariance`, async () => {
      await check(make(150, 19, 3), 5);
    });
  }

  for (const [n, d, k] of [
    [1, 1, 1],
    [1, 4, 1],
    [2, 3, 2],
    [5, 1, 1],
    [3, 17, 3],
    [47, 2, 2],
    [49, 48, 48],
    [600, 5, 5],
    [1100, 33, 7],
    [64, 97, 20],
  ] as const)
    it(`shape ${n} × ${d}, ${k} components`, async () => {
      const points = gaussian(n, d, n + d);
      const { explainedVariance } = await check(points, k);
      const { values } = eigenpairs(covariance(points).matrix);
      explainedVariance.forEach((v, c) => {
        expect(Math.abs(v - values[c]!)).toBeLessThanOrEqual(1e-6 * values[0]!);
      });
    });

  it('more rows than are added up at once', async () => {
    await check(gaussian(2100, 70, 3), 3);
  });

  it('all components give the points back', async () => {
    const points = falling(80, 12, 0.8, 3);
    const { embedding, components, mean, explainedVarianceRatio } = await check(points, 12);
    expect(explainedVarianceRatio.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
    for (let i = 0; i < 80; i++)
      for (let l = 0; l < 12; l++) {
        let sum = mean[l]!;
        for (let c = 0; c < 12; c++) sum += embedding.data[i * 12 + c]! * components.data[c * 12 + l]!;
        expect(sum).toBeCloseTo(points.data[i * 12 + l]!, 4);
      }
  });

  it('few components of many columns (Krylov) are the first of all components (dense)', async () => {
    const points = falling(260, 200, 0.97);
    const few = await check(points, 6);
    const many = await pca(points, { nComponents: 30 });
    for (const name of ['explainedVariance', 'explainedVarianceRatio'] as const)
      for (let c = 0; c < 6; c++) {
        const relative = few[name][c]! / many[name][c]! - 1;
        expect(Math.abs(relative), `${name} ${c}`).toBeLessThan(1e-6);
      }
    few.components.data.forEach((v, i) => {
      expect(Math.abs(v - many.components.data[i]!)).toBeLessThan(1e-5);
    });
  });

  it('equal variances in every direction of 200 columns', async () => {
    // The hardest spectrum to separate: the vectors are arbitrary, but they must belong to their values.
    await check(gaussian(300, 200, 2), 4);
  });

  it('fewer rows than components fill: the rest of many columns is empty', async () => {
    const { explainedVariance } = await check(gaussian(8, 210, 5), 8);
    expect(explainedVariance[7]! / explainedVariance[0]!).toBeLessThan(1e-12);
  });

  it('constant columns and equal rows have no variance', async () => {
    const points = gaussian(40, 6, 3);
    for (let i = 0; i < 40; i++) points.data[i * 6 + 2] = 7;
    const { components } = await check(points, 3);
    for (let c = 0; c < 3; c++) expect(Math.abs(components.data[c * 6 + 2]!)).toBeLessThan(1e-6);
    const flat = await check(equal(30, 250), 4);
    expect(Array.from(flat.explainedVariance)).toEqual([0, 0, 0, 0]);
    expect(Array.from(flat.explainedVarianceRatio)).toEqual([0, 0, 0, 0]);
    expect(new Set(flat.embedding.data)).toEqual(new Set([0]));
  });

  it('numbers near both ends of float32', async () => {
    for (const scale of [1e-40, 3e38]) {
      const small = fill(40, 3, (i, l) => Math.fround(Math.sin(i * 3 + l * (i % 5))));
      // Powers of two: the same digits at another place.
      const factor = 2 ** Math.floor(Math.log2(scale));
      const points = fill(40, 3, (i, l) => small.data[i * 3 + l]! * factor);
      const result = await everywhere((threads, device) => pca(points, { nComponents: 2, threads, device }));
      const wanted = await pca(small, { nComponents: 2 });
      result.explainedVarianceRatio.forEach((v, c) => {
        expect(v).toBeCloseTo(wanted.explainedVarianceRatio[c]!, 3);
      });
      expect(result.embedding.data.every(Number.isFinite)).toBe(true);
    }
    // Differences of two of these are beyond the largest float32.
    const points = fill(30, 4, (i, l) => (i % 10 === 3 * l ? 3e38 : -3e38));
    const { explainedVarianceRatio } = await everywhere((threads, device) =>
      pca(points, { nComponents: 4, threads, device }),
    );
    expect(explainedVarianceRatio.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
  });

  it('one far outlier is the first component', async () => {
    const points = KINDS['far outlier']!(100, 6, 3);
    const { explainedVarianceRatio, components } = await everywhere((threads, device) =>
      pca(points, { nComponents: 2, threads, device }),
    );
    expect(explainedVarianceRatio[0]).toBeCloseTo(1, 6);
    const row = points.data.subarray(50 * 6, 51 * 6);
    const cos = dot(row, components.data.subarray(0, 6)) / Math.sqrt(dot(row, row));
    expect(Math.abs(cos)).toBeCloseTo(1, 6);
  });

  it('sentence embeddings, real ones where there are any', async () => {
    await check(sentences(150, 96, 5), 2);
    const real = realSentences(300);
    if (typeof real !== 'string') await check(real, 2);
  });
});
