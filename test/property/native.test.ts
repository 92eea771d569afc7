import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assign } from '#dist/assign.js';
import { distances } from '#dist/distances.js';
import { kmeans } from '#dist/kmeans.js';
import { type Matrix, METRICS, type SparseMatrix } from '#dist/matrix.js';
import { nearest } from '#dist/nearest.js';
import { pca } from '#dist/pca.js';
import { weightedMean } from '#dist/weighted-mean.js';
import { fill, normal, pick, sparse, uniform, withoutZeroRows } from '../cases/data.js';
import { at, everywhere, LEVELS } from '../cases/levels.js';
import { covariance, dot, nearestCentroid, neighbours, weightedMeans } from '../cases/oracle.js';

/*
 * Data made to break an error bound: points that lie almost between two centroids, equal rows, numbers of every size up to
 * 3e38 and down to 1e-45, common offsets, and mixtures of these. Each drawn case runs at every SIMD level.
 * MATOMARI_FUZZ=100 draws a hundred times as many.
 */
const MORE = Number(process.env.MATOMARI_FUZZ || 1);

interface Shape {
  seed: number;
  n: number;
  d: number;
  k: number;
}

const shape = (n: number, d: number, k: number): fc.Arbitrary<Shape> =>
  fc.record({
    seed: fc.integer({ min: 1, max: 2 ** 31 }),
    n: fc.integer({ min: 1, max: n }),
    d: fc.integer({ min: 1, max: d }),
    k: fc.integer({ min: 1, max: k }),
  });

/** Neighbouring float32, `steps` away. */
function step(value: number, steps: number): number {
  const bits = new Int32Array(Float32Array.of(value).buffer)[0]!;
  const out = new Float32Array(Int32Array.of(value === 0 ? Math.abs(steps) : bits + steps).buffer)[0]!;
  return Number.isFinite(out) ? out : value;
}

type Make = (s: Shape) => { points: Matrix; centroids: Matrix };

const ADVERSARIES: Record<string, Make> = {
  'points almost half way between two centroids': ({ seed, n, d, k }) => {
    const g = normal(seed);
    const u = uniform(seed + 1);
    const scale = 10 ** Math.round(8 * u() - 4);
    const centroids = fill(k, d, () => scale * g());
    const points = fill(n, d, () => 0);
    for (let i = 0; i < n; i++) {
      const [a, b] = [Math.floor(u() * k), Math.floor(u() * k)];
      for (let l = 0; l < d; l++) {
        const middle = (centroids.data[a * d + l]! + centroids.data[b * d + l]!) / 2;
        points.data[i * d + l] = step(Math.fround(middle), Math.round(4 * u() - 2));
      }
    }
    return { points, centroids };
  },
  'centroids that differ in the last places': ({ seed, n, d, k }) => {
    const g = normal(seed);
    const u = uniform(seed + 1);
    const offset = 10 ** Math.round(12 * u() - 4);
    const base = Float32Array.from({ length: d }, () => offset * (1 + g()));
    const nudge = (_: number, l: number) => step(base[l]!, u() < 0.3 ? Math.round(6 * u() - 3) : 0);
    return { points: fill(n, d, nudge), centroids: fill(k, d, nudge) };
  },
  'whole numbers, many ties': ({ seed, n, d, k }) => {
    const u = uniform(seed);
    const most = 1 + Math.floor(3 * u());
    const value = () => Math.floor((2 * most + 1) * u()) - most;
    return { points: fill(n, d, value), centroids: fill(k, d, value) };
  },
  'a large common part': ({ seed, n, d, k }) => {
    const g = normal(seed);
    const offset = 10 ** Math.round(7 * uniform(seed)());
    const common = Float64Array.from({ length: d }, () => offset * g());
    const value = (_: number, l: number) => common[l]! + g();
    return { points: fill(n, d, value), centroids: fill(k, d, value) };
  },
  'numbers of every size': ({ seed, n, d, k }) => {
    const u = uniform(seed);
    const value = () => (u() - 0.5) * 10 ** (83 * u() - 45);
    return { points: fill(n, d, value), centroids: fill(k, d, value) };
  },
  'norms around 1e18 and 1e38': ({ seed, n, d, k }) => {
    const g = normal(seed);
    const u = uniform(seed + 1);
    const sizes = [1e17, 4e18, 3e19, 1e30, 1e38];
    const size = sizes[Math.floor(u() * sizes.length)]!;
    const value = () => Math.max(-3.4e38, Math.min(3.4e38, size * g()));
    const points = fill(n, d, value);
    const centroids = fill(k, d, value);
    // Some of ordinary size among them, and some pairs that differ little.
    for (let i = 0; i < n; i += 3) for (let l = 0; l < d; l++) points.data[i * d + l] = g();
    for (let j = 1; j < k; j += 2)
      for (let l = 0; l < d; l++)
        centroids.data[j * d + l] =
          u() < 0.5 ? g() : step(centroids.data[(j - 1) * d + l]!, Math.round(2 * u() - 1));
    return { points, centroids };
  },
  'denormal numbers': ({ seed, n, d, k }) => {
    const u = uniform(seed);
    const value = () => Math.round(40 * u() - 20) * 2 ** -149 * (u() < 0.1 ? 2 ** 20 : 1);
    return { points: fill(n, d, value), centroids: fill(k, d, value) };
  },
  'nearly one direction': ({ seed, n, d, k }) => {
    const g = normal(seed);
    const u = uniform(seed + 1);
    const base = Float64Array.from({ length: d }, () => g());
    const spread = 10 ** (-12 * u());
    const length = () => 10 ** (8 * u() - 4);
    const rows = (count: number) => {
      const m = fill(count, d, () => 0);
      for (let i = 0; i < count; i++) {
        const s = length();
        for (let l = 0; l < d; l++) m.data[i * d + l] = s * (base[l]! + spread * g());
      }
      return m;
    };
    return { points: rows(n), centroids: rows(k) };
  },
};

for (const [name, make] of Object.entries(ADVERSARIES))
  describe(name, () => {
    it('labels are those of the exact oracle at every level', async () => {
      await fc.assert(
        fc.asyncProperty(shape(40, 24, 70), fc.constantFrom(...METRICS), async (s, metric) => {
          const { points, centroids } = make(s);
          const [x, c] =
            metric === 'cosine' ? [withoutZeroRows(points), withoutZeroRows(centroids)] : [points, centroids];
          const wanted = Array.from(nearestCentroid(x, c, metric));
          for (const level of LEVELS) {
            const { labels } = await at(level, () => assign(x, c, { metric, threads: 1 }));
            expect(Array.from(labels), level).toEqual(wanted);
          }
        }),
        { numRuns: 60 * MORE },
      );
    });

    it('neighbours are those of a full exact sort at every level', async () => {
      await fc.assert(
        fc.asyncProperty(
          shape(12, 12, 90),
          fc.constantFrom(...METRICS),
          fc.nat(),
          async (s, metric, count) => {
            const { points: queries, centroids: points } = make(s);
            const k = 1 + (count % points.rows);
            const wanted = Array.from(neighbours(queries, points, k, metric));
            for (const level of LEVELS) {
              const { indices } = await at(level, () => nearest(queries, points, { k, metric, threads: 1 }));
              expect(Array.from(indices), level).toEqual(wanted);
            }
          },
        ),
        { numRuns: 40 * MORE },
      );
    });

    it('k-means gives equal bits everywhere and the labels of its own centroids', async () => {
      await fc.assert(
        fc.asyncProperty(shape(60, 12, 12), fc.constantFrom('euclidean', 'cosine'), async (s, m) => {
          const metric = m as 'euclidean' | 'cosine';
          const made = make(s).points;
          const points = metric === 'cosine' ? withoutZeroRows(made) : made;
          const nClusters = 1 + (s.k % points.rows);
          const options = { nClusters, metric, seed: s.seed, maxIter: 5 };
          let first: Awaited<ReturnType<typeof kmeans>> | undefined;
          for (const level of LEVELS) {
            const result = await at(level, () => kmeans(points, { ...options, threads: 2 }));
            first ??= result;
            expect(result.centroids.data).toEqual(first.centroids.data);
            expect(result.labels).toEqual(first.labels);
            expect([result.inertia, result.nIter]).toEqual([first.inertia, first.nIter]);
          }
          expect(first!.centroids.data.every(Number.isFinite)).toBe(true);
          const again = await assign(points, first!.centroids, { metric });
          expect(again.labels).toEqual(first!.labels);
        }),
        { numRuns: 30 * MORE },
      );
    });
  });

describe('distances', () => {
  it('do not depend on what stands around the two rows', async () => {
    await fc.assert(
      fc.asyncProperty(shape(30, 40, 40), fc.constantFrom(...METRICS), async (s, metric) => {
        const { points, centroids } = ADVERSARIES['numbers of every size']!(s);
        const all = await distances(points, centroids, { metric });
        const i = s.seed % points.rows;
        const j = s.seed % centroids.rows;
        const one = await distances(pick(points, [i]), pick(centroids, [j]), { metric });
        expect(one.data[0]).toBe(all.data[i * centroids.rows + j]);
      }),
      { numRuns: 50 * MORE },
    );
  });
});

describe('weightedMean', () => {
  const arbitrary = shape(40, 12, 15);
  const vectorsOf = ({ seed, n, d }: Shape) => {
    const g = normal(seed);
    return fill(n, d, () => 5 + g());
  };
  const weightsOf = ({ seed, n, k }: Shape): SparseMatrix => sparse(n, k, 0.4, seed);

  it('lies between the smallest and the largest value of its column, and where the oracle puts it', async () => {
    await fc.assert(
      fc.asyncProperty(arbitrary, async (s) => {
        const vectors = vectorsOf(s);
        const weights = weightsOf(s);
        const { data } = await weightedMean(weights, vectors);
        const wanted = weightedMeans(weights, vectors);
        const low = Math.min(...vectors.data);
        const high = Math.max(...vectors.data);
        data.forEach((v, i) => {
          expect(Math.abs(v - wanted[i]!)).toBeLessThanOrEqual(1e-6 * Math.abs(wanted[i]!));
          if (v !== 0) expect(v >= low && v <= high).toBe(true);
        });
      }),
      { numRuns: 60 * MORE },
    );
  });

  it('twice the weights are the same means, bit for bit', async () => {
    await fc.assert(
      fc.asyncProperty(arbitrary, async (s) => {
        const weights = weightsOf(s);
        const twice = { ...weights, data: weights.data.map((w) => 2 * w) };
        const a = await weightedMean(weights, vectorsOf(s));
        const b = await weightedMean(twice, vectorsOf(s));
        expect(b.data).toEqual(a.data);
      }),
      { numRuns: 30 * MORE },
    );
  });

  it('the order of the entries within a row changes nothing', async () => {
    await fc.assert(
      fc.asyncProperty(arbitrary, async (s) => {
        const weights = weightsOf(s);
        const indices = weights.indices.slice();
        const data = weights.data.slice();
        for (let i = 0; i < weights.rows; i++) {
          const [from, to] = [Number(weights.indptr[i]), Number(weights.indptr[i + 1])];
          indices.subarray(from, to).reverse();
          data.subarray(from, to).reverse();
        }
        const a = await weightedMean(weights, vectorsOf(s));
        const b = await weightedMean({ ...weights, indices, data }, vectorsOf(s));
        expect(b.data).toEqual(a.data);
      }),
      { numRuns: 30 * MORE },
    );
  });
});

describe('pca', () => {
  it('unit components at right angles that hold the variance, few or all', async () => {
    await fc.assert(
      fc.asyncProperty(shape(40, 16, 16), async (s) => {
        const { points } = ADVERSARIES['a large common part']!(s);
        const nComponents = 1 + (s.k % Math.min(points.rows, points.cols));
        const { components, explainedVariance, embedding } = await everywhere((threads, device) =>
          pca(points, { nComponents, threads, device }),
        );
        const { matrix } = covariance(points);
        const d = points.cols;
        const rows = Array.from({ length: nComponents }, (_, c) =>
          components.data.subarray(c * d, (c + 1) * d),
        );
        rows.forEach((v, c) => {
          rows.forEach((w, b) => {
            expect(dot(v, w)).toBeCloseTo(b === c ? 1 : 0, 5);
          });
          // vᵀCv is the variance, and so is that of the coordinates.
          const image = matrix.map((row) => dot(row, v));
          const scale = Math.max(explainedVariance[0]!, 1e-6);
          expect(Math.abs(dot(v, image) - explainedVariance[c]!)).toBeLessThan(1e-5 * scale);
          let square = 0;
          for (let i = 0; i < points.rows; i++) square += embedding.data[i * nComponents + c]! ** 2;
          if (points.rows > 1)
            expect(Math.abs(square / (points.rows - 1) - explainedVariance[c]!)).toBeLessThan(1e-4 * scale);
        });
      }),
      { numRuns: 40 * MORE },
    );
  });

  it('Krylov and dense agree where both can be had', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 1e6 }), async (seed) => {
        const g = normal(seed);
        const factors = Array.from({ length: 196 }, (_, l) => 0.9 ** l);
        const points = fill(60, 196, (_, l) => factors[l]! * g());
        const few = await pca(points, { nComponents: 3 });
        const many = await pca(points, { nComponents: 25 });
        for (let c = 0; c < 3; c++) {
          expect(Math.abs(few.explainedVariance[c]! / many.explainedVariance[c]! - 1)).toBeLessThan(1e-6);
          const cos = dot(
            few.components.data.subarray(c * 196, (c + 1) * 196),
            many.components.data.subarray(c * 196, (c + 1) * 196),
          );
          expect(Math.abs(cos)).toBeGreaterThan(1 - 1e-6);
        }
      }),
      { numRuns: 10 * MORE },
    );
  });
});
