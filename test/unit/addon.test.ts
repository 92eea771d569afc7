import { describe, expect, it } from 'vitest';
import { native } from '#dist/binding.js';

describe('the addon by itself never crashes on what TypeScript would refuse', () => {
  const options = { threads: 1 };
  // biome-ignore lint/suspicious/noExplicitAny: what plain JavaScript may pass
  const raw = native() as any;
  const f = new Float32Array(18);
  const i = new Int32Array(6);
  const assignArgs = {
    points: f,
    rows: 6,
    cols: 3,
    centroids: f,
    nClusters: 6,
    metric: 'euclidean',
    labels: i,
    distances: f.slice(0, 6),
  };
  const nearestArgs = {
    queries: f,
    queryRows: 6,
    points: f,
    pointRows: 6,
    cols: 3,
    metric: 'dot',
    indices: i,
    distances: f,
  };
  it.each([
    ['no arguments', () => raw.assign(), /arguments must be two objects/],
    ['no options', () => raw.assign(assignArgs), /arguments must be two objects/],
    [
      'a short output',
      () => raw.assign({ ...assignArgs, labels: new Int32Array(5) }, options),
      /labels must be 6 elements, not 5/,
    ],
    [
      'another type',
      () => raw.assign({ ...assignArgs, points: new Float64Array(18) }, options),
      /points must be a Float32Array/,
    ],
    [
      'not an array',
      () => raw.assign({ ...assignArgs, points: 'x' }, options),
      /points must be a Float32Array/,
    ],
    [
      'a size that overflows',
      () => raw.assign({ ...assignArgs, rows: 2 ** 53 - 1, cols: 2 ** 53 - 1 }, options),
      /points must be smaller/,
    ],
    [
      'a negative size',
      () => raw.assign({ ...assignArgs, rows: -6 }, options),
      /rows must be a whole number/,
    ],
    [
      'no centroid',
      () => raw.assign({ ...assignArgs, centroids: f.slice(0, 0), nClusters: 0 }, options),
      /nClusters must be at least 1/,
    ],
    ['an unknown metric', () => raw.assign({ ...assignArgs, metric: 'l1' }, options), /metric must be/],
    ['an unknown level', () => raw.assign(assignArgs, { ...options, simd: 'mmx' }), /no SIMD level mmx/],
    ['a level that is no string', () => raw.assign(assignArgs, { ...options, simd: 7 }), /./],
    ['no threads', () => raw.assign(assignArgs, {}), /./],
    ['k = 0', () => raw.nearest({ ...nearestArgs, k: 0 }, options), /k must be from 1/],
    ['k over the points', () => raw.nearest({ ...nearestArgs, k: 7 }, options), /k must be from 1/],
    [
      'more clusters than rows',
      () => raw.kmeans({ points: f, rows: 6, cols: 3, nClusters: 7 }, options),
      /nClusters must be from 1/,
    ],
  ])('%s', (_name, call, message) => {
    expect(call).toThrow(message);
    expect(native().info().jobs).toBe(0);
  });

  it('takes matrices without columns, as far as they make sense', async () => {
    const none = new Float32Array(0);
    const fit = {
      points: none,
      rows: 3,
      cols: 0,
      nClusters: 2,
      init: 'k-means++',
      nInit: 1,
      maxIter: 3,
      tol: 0,
      metric: 'euclidean',
      seed: 0,
      centroids: none,
      labels: new Int32Array(3),
      sizes: new Int32Array(2),
    };
    expect(await raw.kmeans(fit, options).promise).toMatchObject({ inertia: 0 });
    const outputs = { indices: new Int32Array(6), distances: new Float32Array(6) };
    await raw.nearest(
      {
        queries: none,
        queryRows: 3,
        points: none,
        pointRows: 5,
        cols: 0,
        k: 2,
        metric: 'cosine',
        ...outputs,
      },
      options,
    ).promise;
    expect(Array.from(outputs.indices)).toEqual([0, 1, 0, 1, 0, 1]);
    expect(Array.from(outputs.distances)).toEqual([1, 1, 1, 1, 1, 1]);
  });
});
