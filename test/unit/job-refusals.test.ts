import { describe, expect, it } from 'vitest';
import { assign } from '#dist/assign.js';
import { native } from '#dist/binding.js';
import { distances } from '#dist/distances.js';
import { type ErrorCode, MatomariError } from '#dist/errors.js';
import { kmeans } from '#dist/kmeans.js';
import type { Matrix, SparseMatrix } from '#dist/matrix.js';
import { nearest } from '#dist/nearest.js';
import { pca } from '#dist/pca.js';
import { truncatedSvd, truncatedSvdTransform } from '#dist/truncated-svd.js';
import { weightedMean } from '#dist/weighted-mean.js';
import { fill, gaussian } from '../cases/data.js';

/* Every bad input of every operation: its code and its one sentence, which names the value and the cure. */

const good = gaussian(6, 3);
const two = gaussian(2, 3, 9);
const narrow = gaussian(4, 2);
const empty: Matrix = { data: new Float32Array(0), rows: 0, cols: 3 };
const withValue = (row: number, col: number, value: number): Matrix => {
  const m = gaussian(6, 3);
  m.data[row * 3 + col] = value;
  return m;
};
const zeroRow = fill(6, 3, (i) => (i === 4 ? 0 : 1));
const csr: SparseMatrix = {
  indptr: Int32Array.of(0, 1, 2, 2, 3, 4, 4),
  indices: Int32Array.of(0, 1, 1, 0),
  data: Float32Array.of(1, 2, 3, 4),
  rows: 6,
  cols: 2,
};

const rowsOf = (indptr: number[], indices: number[], data: number[], cols: number): SparseMatrix => ({
  indptr: Int32Array.from(indptr),
  indices: Int32Array.from(indices),
  data: Float32Array.from(data),
  rows: indptr.length - 1,
  cols,
});

// What plain JavaScript may pass.
// biome-ignore lint/suspicious/noExplicitAny: the point of this table
const any = (value: unknown): any => value;

type Refusal = [string, () => Promise<unknown>, ErrorCode, string];

const MATRIX: Refusal[] = [
  [
    'not an object',
    () => pca(any(undefined), { nComponents: 1 }),
    'bad_input',
    'points must be a matrix { data: Float32Array, rows, cols }, not undefined',
  ],
  [
    'an array',
    () => pca(any([[1, 2]]), { nComponents: 1 }),
    'bad_input',
    'points must be a matrix { data: Float32Array, rows, cols }, not an array of 1',
  ],
  [
    'a Float64Array',
    () => pca(any({ data: new Float64Array(4), rows: 2, cols: 2 }), { nComponents: 1 }),
    'bad_input',
    'points must be a matrix { data: Float32Array, rows, cols }, not Object',
  ],
  [
    'half a row',
    () => pca({ data: new Float32Array(5), rows: 2, cols: 3 }, { nComponents: 1 }),
    'bad_input',
    'points.data has 5 elements, but 2 rows of 3 need 6',
  ],
  [
    'a fraction of rows',
    () => pca({ data: new Float32Array(3), rows: 1.5, cols: 2 }, { nComponents: 1 }),
    'bad_input',
    'points.rows and points.cols must be whole numbers, not 1.5 and 2',
  ],
  [
    'negative rows',
    () => pca({ data: new Float32Array(3), rows: -1, cols: -3 }, { nComponents: 1 }),
    'bad_input',
    'points.rows and points.cols must be whole numbers, not -1 and -3',
  ],
  [
    'no rows',
    () => pca(empty, { nComponents: 1 }),
    'bad_input',
    'points is empty (0 × 3): give at least one row and one column',
  ],
];

const FINITE: Refusal[] = [
  [
    'distances, a',
    () => distances(withValue(4, 2, Number.NaN), good),
    'bad_input',
    'distances: a holds NaN at row 4, column 2: remove the row or replace the value',
  ],
  [
    'distances, b',
    () => distances(good, withValue(0, 1, Number.POSITIVE_INFINITY)),
    'bad_input',
    'distances: b holds Infinity at row 0, column 1: remove the row or replace the value',
  ],
  [
    'nearest, queries',
    () => nearest(withValue(5, 0, Number.NEGATIVE_INFINITY), good, { k: 1 }),
    'bad_input',
    'nearest: queries holds -Infinity at row 5, column 0: remove the row or replace the value',
  ],
  [
    'nearest, points',
    () => nearest(good, withValue(3, 2, Number.NaN), { k: 1 }),
    'bad_input',
    'nearest: points holds NaN at row 3, column 2: remove the row or replace the value',
  ],
  [
    'assign, points',
    () => assign(withValue(1, 1, Number.NaN), two),
    'bad_input',
    'assign: points holds NaN at row 1, column 1: remove the row or replace the value',
  ],
  [
    'assign, centroids',
    () => assign(good, withValue(2, 2, Number.NaN)),
    'bad_input',
    'assign: centroids holds NaN at row 2, column 2: remove the row or replace the value',
  ],
  [
    'kmeans, points',
    () => kmeans(withValue(2, 0, Number.NaN), { nClusters: 2 }),
    'bad_input',
    'kmeans: points holds NaN at row 2, column 0: remove the row or replace the value',
  ],
  [
    'kmeans, init',
    () => kmeans(good, { nClusters: 6, init: withValue(5, 2, Number.NaN) }),
    'bad_input',
    'kmeans: init holds NaN at row 5, column 2: remove the row or replace the value',
  ],
  [
    'pca',
    () => pca(withValue(0, 0, Number.NaN), { nComponents: 1 }),
    'bad_input',
    'pca: points holds NaN at row 0, column 0: remove the row or replace the value',
  ],
  [
    'weightedMean, vectors',
    () => weightedMean(csr, withValue(3, 1, Number.NaN)),
    'bad_input',
    'weightedMean: vectors holds NaN at row 3, column 1: remove the row or replace the value',
  ],
  [
    'weightedMean, weights',
    () => weightedMean({ ...csr, data: Float32Array.of(1, 2, Number.NaN, 4) }, good),
    'bad_input',
    'weightedMean: weights.data[2] is not a finite number',
  ],
];

const OWN: Refusal[] = [
  [
    'distances: unequal columns',
    () => distances(good, narrow),
    'bad_input',
    'a has 3 columns and b 2: they must be equal',
  ],
  [
    'distances: a wrong metric',
    () => distances(good, good, { metric: any('cosin') }),
    'bad_option',
    'metric must be one of euclidean, sqeuclidean, cosine, dot, not "cosin"; did you mean "cosine"?',
  ],
  [
    'distances: a misspelt option',
    () => distances(good, good, any({ metrics: 'dot' })),
    'bad_option',
    'distances has no option "metrics": did you mean "metric"?',
  ],
  [
    'nearest: no options',
    () => nearest(good, good, any(undefined)),
    'bad_option',
    'nearest: options must be an object, not undefined',
  ],
  [
    'nearest: no k',
    () => nearest(good, good, any({})),
    'bad_option',
    'k must be an integer of at least 1, not undefined',
  ],
  [
    'nearest: k = 0',
    () => nearest(good, good, { k: 0 }),
    'bad_option',
    'k must be an integer of at least 1, not 0',
  ],
  [
    'nearest: k = 1.5',
    () => nearest(good, good, { k: 1.5 }),
    'bad_option',
    'k must be an integer of at least 1, not 1.5',
  ],
  [
    'nearest: k over the points',
    () => nearest(good, two, { k: 3 }),
    'bad_input',
    'k is 3, but there are only 2 points: lower k or add points',
  ],
  [
    'nearest: no points',
    () => nearest(good, empty, { k: 1 }),
    'bad_input',
    'points is empty (0 × 3): give at least one row and one column',
  ],
  [
    'nearest: unequal columns',
    () => nearest(good, narrow, { k: 1 }),
    'bad_input',
    'queries has 3 columns and points 2: they must be equal',
  ],
  [
    'assign: no centroid',
    () => assign(good, empty),
    'bad_input',
    'centroids is empty (0 × 3): give at least one row and one column',
  ],
  [
    'assign: unequal columns',
    () => assign(good, narrow),
    'bad_input',
    'points has 3 columns and centroids 2: they must be equal',
  ],
  [
    'assign: a zero point under cosine',
    () => assign(zeroRow, two, { metric: 'cosine' }),
    'bad_input',
    "assign: points holds a zero vector at row 4, which has no direction for metric 'cosine': remove the row, or use metric 'euclidean'",
  ],
  [
    'assign: a zero centroid under cosine',
    () => assign(two, zeroRow, { metric: 'cosine' }),
    'bad_input',
    "assign: centroids holds a zero vector at row 4, which has no direction for metric 'cosine': remove the row, or use metric 'euclidean'",
  ],
  [
    'kmeans: no options',
    () => kmeans(good, any(null)),
    'bad_option',
    'kmeans: options must be an object, not null',
  ],
  [
    'kmeans: no nClusters',
    () => kmeans(good, any({})),
    'bad_option',
    'nClusters must be an integer of at least 1, not undefined',
  ],
  [
    'kmeans: k = 0',
    () => kmeans(good, { nClusters: 0 }),
    'bad_option',
    'nClusters must be an integer of at least 1, not 0',
  ],
  [
    'kmeans: k > n',
    () => kmeans(good, { nClusters: 7 }),
    'bad_input',
    'nClusters is 7, but there are only 6 points: ask for at most 6 clusters',
  ],
  [
    'kmeans: no points',
    () => kmeans(empty, { nClusters: 1 }),
    'bad_input',
    'points is empty (0 × 3): give at least one row and one column',
  ],
  [
    'kmeans: scikit-learn spelling',
    () => kmeans(good, any({ n_clusters: 2 })),
    'bad_option',
    'kmeans has no option "n_clusters": did you mean "nClusters"?',
  ],
  [
    'kmeans: an unknown option',
    () => kmeans(good, any({ nClusters: 2, verbose: 1 })),
    'bad_option',
    'kmeans has no option "verbose": it has: nClusters, init, nInit, metric, sampleWeight, seed, screen, maxIter, tol, device, threads, signal, onProgress',
  ],
  [
    'kmeans: nInit',
    () => kmeans(good, { nClusters: 2, nInit: 0 }),
    'bad_option',
    'nInit must be an integer from 1 to 1000000, not 0',
  ],
  [
    'kmeans: maxIter',
    () => kmeans(good, { nClusters: 2, maxIter: -1 }),
    'bad_option',
    'maxIter must be an integer from 1 to 1000000000, not -1',
  ],
  [
    'kmeans: tol',
    () => kmeans(good, { nClusters: 2, tol: Number.NaN }),
    'bad_option',
    'tol must be a number of at least 0, not NaN',
  ],
  [
    'kmeans: metric',
    () => kmeans(good, { nClusters: 2, metric: any('dot') }),
    'bad_option',
    'metric must be one of euclidean, cosine, not "dot"',
  ],
  [
    'kmeans: seed',
    () => kmeans(good, { nClusters: 2, seed: -1 }),
    'bad_option',
    'seed must be an integer of at least 0, not -1',
  ],
  [
    'kmeans: seed past 2^53',
    () => kmeans(good, { nClusters: 2, seed: 2 ** 53 }),
    'bad_option',
    'seed must be an integer of at least 0, not 9007199254740992',
  ],
  [
    'kmeans: init by a wrong name',
    () => kmeans(good, { nClusters: 2, init: any('kmeans++') }),
    'bad_option',
    'init must be one of k-means++, random, not "kmeans++"; did you mean "k-means++"?',
  ],
  [
    'kmeans: init with too few rows',
    () => kmeans(good, { nClusters: 3, init: two }),
    'bad_input',
    'init has 2 rows, but nClusters is 3: they must be equal',
  ],
  [
    'kmeans: init with other columns',
    () => kmeans(good, { nClusters: 4, init: narrow }),
    'bad_input',
    'init has 2 columns and points 3: they must be equal',
  ],
  [
    'kmeans: a zero point under cosine',
    () => kmeans(zeroRow, { nClusters: 2, metric: 'cosine' }),
    'bad_input',
    "kmeans: points holds a zero vector at row 4, which has no direction for metric 'cosine': remove the row, or use metric 'euclidean'",
  ],
  [
    'kmeans: a zero init under cosine',
    () => kmeans(good, { nClusters: 6, metric: 'cosine', init: zeroRow }),
    'bad_input',
    "kmeans: init holds a zero vector at row 4, which has no direction for metric 'cosine': remove the row, or use metric 'euclidean'",
  ],
  [
    'kmeans: too few weights',
    () => kmeans(good, { nClusters: 2, sampleWeight: new Float32Array(5) }),
    'bad_input',
    'sampleWeight must be a Float32Array of 6 weights, one a point, not Float32Array of 5',
  ],
  [
    'kmeans: weights in an array',
    () => kmeans(good, { nClusters: 2, sampleWeight: any([1, 1, 1, 1, 1, 1]) }),
    'bad_input',
    'sampleWeight must be a Float32Array of 6 weights, one a point, not an array of 6',
  ],
  [
    'kmeans: a negative weight',
    () => kmeans(good, { nClusters: 2, sampleWeight: Float32Array.of(1, 1, -0.5, 1, 1, 1) }),
    'bad_input',
    'kmeans: sampleWeight[2] is -0.500000: weights must be finite and not negative',
  ],
  [
    'kmeans: weights without weight',
    () => kmeans(good, { nClusters: 2, sampleWeight: new Float32Array(6) }),
    'bad_input',
    'kmeans: sampleWeight is zero for every row: give at least one row a weight',
  ],
  [
    'pca: too many components',
    () => pca(two, { nComponents: 3 }),
    'bad_input',
    'nComponents is 3, but 2 rows of 3 columns have at most 2 components',
  ],
  [
    'pca: no components',
    () => pca(good, { nComponents: 0 }),
    'bad_option',
    'nComponents must be an integer of at least 1, not 0',
  ],
  [
    'pca: seed',
    () => pca(good, { nComponents: 1, seed: any('1') }),
    'bad_option',
    'seed must be an integer of at least 0, not "1"',
  ],
  [
    'truncatedSvd: not CSR',
    () => truncatedSvd(any(good), { nComponents: 1 }),
    'bad_input',
    'sparse must be a CSR matrix { indptr: Int32Array | BigInt64Array, indices: Int32Array, data: Float32Array, rows, cols }, not Object',
  ],
  [
    'truncatedSvd: an empty matrix',
    () => truncatedSvd(rowsOf([0], [], [], 3), { nComponents: 1 }),
    'bad_input',
    'sparse is empty (0 × 3): give at least one row and one column',
  ],
  [
    'truncatedSvd: too many components',
    () => truncatedSvd(rowsOf([0, 1, 2], [0, 1], [1, 1], 3), { nComponents: 3 }),
    'bad_input',
    'nComponents is 3, but 2 rows of 3 columns have at most 2 components',
  ],
  [
    'truncatedSvd: NaN',
    () => truncatedSvd(rowsOf([0, 1, 2], [0, 1], [1, Number.NaN], 3), { nComponents: 1 }),
    'bad_input',
    'truncatedSvd: sparse.data[1] is not a finite number',
  ],
  [
    'truncatedSvd: a column that is not there',
    () => truncatedSvd(rowsOf([0, 1, 2], [0, 3], [1, 1], 3), { nComponents: 1 }),
    'bad_input',
    'truncatedSvd: sparse.indices[1] is 3, but there are 3 columns',
  ],
  [
    'truncatedSvd: rows that fall',
    () => truncatedSvd(rowsOf([0, 2, 1], [0, 1], [1, 1], 3), { nComponents: 1 }),
    'bad_input',
    'truncatedSvd: sparse.indptr must not fall nor pass the 2 entries, but row 1 goes from 2 to 1',
  ],
  [
    'truncatedSvd: rows that end early',
    () => truncatedSvd(rowsOf([0, 1, 1], [0, 1], [1, 1], 3), { nComponents: 1 }),
    'bad_input',
    'truncatedSvd: sparse.indptr ends with 1, but there are 2 entries',
  ],
  [
    'truncatedSvd: rows that begin late',
    () => truncatedSvd(rowsOf([1, 1, 2], [0, 1], [1, 1], 3), { nComponents: 1 }),
    'bad_input',
    'truncatedSvd: sparse.indptr must begin with 0, not 1',
  ],
  [
    'truncatedSvdTransform: unequal columns',
    () => truncatedSvdTransform(rowsOf([0, 1, 2], [0, 1], [1, 1], 2), good),
    'bad_input',
    'sparse has 2 columns and components 3: they must be equal',
  ],
  [
    'weightedMean: not CSR',
    () => weightedMean(any(good), good),
    'bad_input',
    'weights must be a CSR matrix { indptr: Int32Array | BigInt64Array, indices: Int32Array, data: Float32Array, rows, cols }, not Object',
  ],
  [
    'weightedMean: indptr of a wrong length',
    () => weightedMean({ ...csr, indptr: Int32Array.of(0, 4) }, good),
    'bad_input',
    'weights.indptr has 2 entries, but 6 rows need 7',
  ],
  [
    'weightedMean: indices and data of two lengths',
    () => weightedMean({ ...csr, data: new Float32Array(3) }, good),
    'bad_input',
    'weights.indices has 4 entries and weights.data 3: they must be equal',
  ],
  [
    'weightedMean: unequal rows',
    () => weightedMean(csr, two),
    'bad_input',
    'weights has 6 rows and vectors 2: there must be one vector for each row of weights',
  ],
  [
    'weightedMean: indptr begins late',
    () => weightedMean({ ...csr, indptr: Int32Array.of(1, 1, 2, 2, 3, 4, 4) }, good),
    'bad_input',
    'weightedMean: weights.indptr must begin with 0, not 1',
  ],
  [
    'weightedMean: indptr falls',
    () => weightedMean({ ...csr, indptr: Int32Array.of(0, 3, 2, 2, 3, 4, 4) }, good),
    'bad_input',
    'weightedMean: weights.indptr must not fall nor pass the 4 entries, but row 1 goes from 3 to 2',
  ],
  [
    'weightedMean: indptr passes the end',
    () => weightedMean({ ...csr, indptr: BigInt64Array.of(0n, 1n, 2n, 2n, 3n, 4n, 2n ** 62n) }, good),
    'bad_input',
    'weightedMean: weights.indptr must not fall nor pass the 4 entries, but row 5 goes from 4 to 4611686018427387904',
  ],
  [
    'weightedMean: indptr stops early',
    () => weightedMean({ ...csr, indptr: Int32Array.of(0, 1, 2, 2, 3, 3, 3) }, good),
    'bad_input',
    'weightedMean: weights.indptr ends with 3, but there are 4 entries',
  ],
  [
    'weightedMean: a column too far',
    () => weightedMean({ ...csr, indices: Int32Array.of(0, 1, 2, 0) }, good),
    'bad_input',
    'weightedMean: weights.indices[2] is 2, but there are 2 columns',
  ],
  [
    'weightedMean: a negative column',
    () => weightedMean({ ...csr, indices: Int32Array.of(0, -1, 1, 0) }, good),
    'bad_input',
    'weightedMean: weights.indices[1] is -1, but there are 2 columns',
  ],
];

const COMMON: Refusal[] = [
  [
    'threads: 0',
    () => pca(good, { nComponents: 1, threads: 0 }),
    'bad_option',
    'threads must be an integer from 1 to 1024, not 0',
  ],
  [
    'threads: a string',
    () => pca(good, { nComponents: 1, threads: any('2') }),
    'bad_option',
    'threads must be an integer from 1 to 1024, not "2"',
  ],
  [
    'device: gpu',
    () => pca(good, { nComponents: 1, device: any('gpu') }),
    'bad_option',
    'device must be one of auto, cpu, cuda, not "gpu"; did you mean "cpu"?',
  ],
  [
    'signal: a controller',
    () => pca(good, { nComponents: 1, signal: any(new AbortController()) }),
    'bad_option',
    'signal must be an AbortSignal, not AbortController',
  ],
  [
    'signal: null',
    () => pca(good, { nComponents: 1, signal: any(null) }),
    'bad_option',
    'signal must be an AbortSignal, not null',
  ],
  [
    'onProgress: true',
    () => pca(good, { nComponents: 1, onProgress: any(true) }),
    'bad_option',
    'onProgress must be a function, not true',
  ],
];

describe.each([
  ['a matrix', MATRIX],
  ['numbers that are not finite', FINITE],
  ['of an operation', OWN],
  ['of every operation', COMMON],
] as const)('refused: %s', (_, table) => {
  it.each(table)('%s', async (_name, run, code, message) => {
    const error = await run().then(
      () => 'nothing',
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(MatomariError);
    expect(error).toMatchObject({ name: 'MatomariError', code, message });
    expect(native().info().jobs).toBe(0);
  });
});
