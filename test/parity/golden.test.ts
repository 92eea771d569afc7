import { describe, expect, it } from 'vitest';
import { distances } from '#dist/distances.js';
import { kmeans } from '#dist/kmeans.js';
import { nearest } from '#dist/nearest.js';
import { pca } from '#dist/pca.js';
import { weightedMean } from '#dist/weighted-mean.js';
import { seedPlusPlus } from '../cases/oracle.js';
import { json, largestDifference, matrixOf, npy } from './golden.js';

interface Fit {
  inertia: number;
  n_iter: number;
  sizes?: number[];
  max_iter?: number;
  tol?: number;
}

describe("scikit-learn's k-means", () => {
  const points = matrixOf('kmeans_x_int8', 64);

  for (const [name, init] of [
    ['kmeans_tol1e-4', 'kmeans_init'],
    ['kmeans_tol1e-4_f64', 'kmeans_init'],
    ['kmeans_tol0', 'kmeans_init'],
    ['kmeans_it3', 'kmeans_init'],
    ['kmeans_empty', 'kmeans_empty_init'],
  ] as const)
    it(`${name}: labels, iterations, centres and inertia`, async () => {
      const wanted = json<Fit>(name);
      const result = await kmeans(points, {
        nClusters: 12,
        init: matrixOf(init),
        maxIter: wanted.max_iter ?? 300,
        tol: wanted.tol ?? 1e-4,
      });
      expect(Array.from(result.labels)).toEqual(Array.from(npy(`${name}_labels`).data));
      expect(result.nIter).toBe(wanted.n_iter);
      expect(result.converged).toBe(wanted.max_iter !== 3);
      expect(largestDifference(result.centroids.data, npy(`${name}_centers`).data)).toBeLessThan(1e-5);
      expect(Math.abs(result.inertia / wanted.inertia - 1)).toBeLessThan(1e-5);
      if (wanted.sizes) expect(Array.from(result.sizes)).toEqual(wanted.sizes);
    });

  it('the float64 run to ten digits', async () => {
    const { inertia } = json<Fit>('kmeans_tol1e-4_f64');
    const result = await kmeans(points, { nClusters: 12, init: matrixOf('kmeans_init') });
    // The centroids returned are float32, which moves a sum of squares by the square of their rounding only.
    expect(Math.abs(result.inertia / inertia - 1)).toBeLessThan(1e-10);
  });

  it("k-means++: as good a start as scikit-learn's over 50 seeds, and as good an end", async () => {
    const wanted = json<Record<string, number>>('kmeans_pp_quality');
    const potentials: number[] = [];
    const inertias: number[] = [];
    for (let seed = 0; seed < 50; seed++) {
      // test/cases/kmeans.test.ts shows that these are the rows that kmeans() draws.
      potentials.push(potential(seedPlusPlus(points, 12, seed)));
      inertias.push((await kmeans(points, { nClusters: 12, seed })).inertia);
    }
    const mean = (v: number[]) => v.reduce((a, b) => a + b, 0) / v.length;
    expect(mean(potentials)).toBeGreaterThan(wanted.potential_min!);
    expect(mean(potentials)).toBeLessThan(0.5 * (wanted.potential_mean! + wanted.potential_max!));
    expect(Math.max(...potentials)).toBeLessThan(wanted.random_rows_potential_mean!);
    expect(Math.max(...potentials)).toBeLessThan(1.05 * wanted.potential_max!);
    expect(Math.abs(mean(inertias) / wanted.lloyd_mean! - 1)).toBeLessThan(0.02);
    expect(Math.min(...inertias)).toBeLessThan(1.001 * wanted.lloyd_min!);
    expect(Math.max(...inertias)).toBeLessThan(1.05 * wanted.lloyd_max!);
  });

  function potential(seeds: number[]): number {
    let sum = 0;
    for (let i = 0; i < points.rows; i++) {
      let closest = Number.POSITIVE_INFINITY;
      for (const s of seeds) {
        let square = 0;
        for (let l = 0; l < 64; l++) square += (points.data[i * 64 + l]! - points.data[s * 64 + l]!) ** 2;
        closest = Math.min(closest, square);
      }
      sum += closest;
    }
    return sum;
  }
});

describe("scikit-learn's pairwise distances", () => {
  const a = matrixOf('pair_a');
  const b = matrixOf('pair_b');

  it('cosine, zero rows included', async () => {
    for (const [other, name] of [
      [b, 'cosine_ab_f64'],
      [a, 'cosine_aa_f64'],
    ] as const) {
      const { data } = await distances(a, other, { metric: 'cosine' });
      const similarity = Array.from(npy(name).data, (v) => 1 - v);
      expect(largestDifference(data, similarity)).toBeLessThan(2e-7);
    }
  });

  it('euclidean, and its square', async () => {
    const wanted = npy('euclid_ab_f64').data;
    const plain = await distances(a, b);
    const squared = await distances(a, b, { metric: 'sqeuclidean' });
    for (let i = 0; i < wanted.length; i++) {
      expect(plain.data[i]).toBe(Math.fround(wanted[i]!));
      expect(Math.abs(squared.data[i]! - wanted[i]! ** 2)).toBeLessThanOrEqual(1e-7 * wanted[i]! ** 2);
    }
  });

  it('the five most similar rows, in order', async () => {
    const result = await nearest(a, b, { k: 5, metric: 'cosine' });
    expect(Array.from(result.indices)).toEqual(Array.from(npy('topk5_idx').data));
    const scores = Array.from(npy('topk5_score').data, (v) => 1 - v);
    expect(largestDifference(result.distances, scores)).toBeLessThan(2e-7);
  });
});

describe("scikit-learn's brute-force neighbours", () => {
  const points = matrixOf('knn_x');
  for (const metric of ['euclidean', 'cosine'] as const)
    it(metric, async () => {
      const { indices, distances: found } = await nearest(points, points, { k: 15, metric });
      const wanted = npy(`knn_${metric}_dist`).data;
      expect(largestDifference(found, wanted)).toBeLessThan(metric === 'cosine' ? 1e-7 : 1e-6);
      // scikit-learn orders what float64 cannot tell apart as it comes.
      const order = npy(`knn_${metric}_idx`).data;
      for (let e = 0; e < indices.length; e++)
        if (indices[e] !== order[e]) expect(Math.abs(found[e]! - wanted[e]!)).toBeLessThan(1e-12);
      expect(indices.filter((v, e) => v !== order[e]).length).toBeLessThan(10);
    });
});

it("SciPy's sums by sparse weights, divided by the sums of the weights", async () => {
  const weights = {
    indptr: Int32Array.from(npy('wavg_indptr').data),
    indices: Int32Array.from(npy('wavg_indices').data),
    data: Float32Array.from(npy('wavg_data').data),
    rows: 200,
    cols: 184,
  };
  const means = await weightedMean(weights, matrixOf('wavg_dense'));
  const wanted = npy('wavg_mean_f64').data;
  expect(largestDifference(means.data, wanted)).toBeLessThan(1e-7);
  expect(Array.from(means.data.subarray(2 * 64, 3 * 64))).toEqual(Array(64).fill(0));
});

it("scikit-learn's PCA of the digits, signs included", async () => {
  const { embedding } = await pca(matrixOf('digits_x_uint8', 1, 'metrics'), { nComponents: 2 });
  expect(largestDifference(embedding.data, npy('digits_pca2').data)).toBeLessThan(1e-5);
});
