import { assign, matrix, type Progress } from 'matomari';
import { describe, expect, test } from 'vitest';
import { cluster } from '#dist/pipeline/cluster.js';
import { clusterByDensity, predictByDensity } from '#dist/pipeline/density.js';
import { countClusters, distancesTo, meansOf } from '#dist/pipeline/means.js';
import { nameClusters, nameNoise } from '#dist/pipeline/name.js';

import { inStage, Stopwatch, together } from '#dist/pipeline/stages.js';

const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('together', () => {
  test('gives both results', async () => {
    expect(
      await together(
        undefined,
        async () => 1,
        async () => 'two',
      ),
    ).toEqual([1, 'two']);
  });

  test('aborts the other when one fails, waits for it, and throws the first error', async () => {
    let over = false;
    const failing = together(
      undefined,
      async () => {
        await later(5);
        throw new Error('first');
      },
      async (signal) => {
        while (!signal.aborted) await later(1);
        await later(20);
        over = true;
        throw new Error('second');
      },
    );
    await expect(failing).rejects.toThrow('first');
    expect(over).toBe(true);
  });

  test('passes the abort of the caller on', async () => {
    const stop = new AbortController();
    const work = async (signal: AbortSignal) => {
      while (!signal.aborted) await later(1);
      throw signal.reason;
    };
    const running = together(stop.signal, work, work);
    stop.abort(new Error('enough'));
    await expect(running).rejects.toThrow('enough');
  });
});

test('Stopwatch adds up what is timed, and knows the whole', async () => {
  const watch = new Stopwatch();
  await watch.time('a', () => later(20));
  await watch.time('b', () => later(1));
  await watch.time('a', () => later(20));
  const { total, ...stages } = watch.total();
  expect(Object.keys(stages)).toEqual(['a', 'b']);
  expect(stages.a).toBeGreaterThan(0.03);
  expect(total).toBeGreaterThanOrEqual(stages.a! + stages.b! - 0.001);
});

test('inStage gives every report one name', () => {
  const seen: Progress[] = [];
  const { onProgress } = inStage('name', { onProgress: (progress: Progress) => seen.push(progress) });
  onProgress!({ stage: 'nearest', done: 1, total: 2 });
  expect(seen).toEqual([{ stage: 'name', done: 1, total: 2 }]);
  expect(inStage('name', { threads: 2 })).toEqual({ threads: 2 });
});

describe('cluster', () => {
  test('numbers clusters by size, and labels follow', async () => {
    const points = matrix([
      [0, 0],
      [9, 9],
      [9, 8],
      [9, 9.5],
      [5, -20],
      [4, -20],
    ]);
    for (const seed of [1, 2, 3, 4, 5]) {
      const { sizes, labels, centroids, distances } = await cluster(points, { nClusters: 3, seed }, {});
      expect([...sizes]).toEqual([3, 2, 1]);
      expect([...labels]).toEqual([2, 0, 0, 0, 1, 1]);
      expect([...centroids.data.slice(2)]).toEqual([4.5, -20, 0, 0]);
      expect(distances[4]).toBe(0.5);
    }
  });

  test('a point as near to two clusters belongs to the larger, as assign says', async () => {
    // Where k-means numbers the left cluster first, 0 belongs to it: {−4, −2, 0} around −2 and {2, 2, 2, 2} around 2.
    const points = matrix([[-4], [-2], [0], [2], [2], [2], [2]]);
    let ties = 0;
    for (let seed = 0; seed < 20; seed++) {
      const { sizes, labels, centroids } = await cluster(points, { nClusters: 2, seed }, {});
      expect(labels).toEqual((await assign(points, centroids)).labels);
      expect(sizes[0]).toBeGreaterThanOrEqual(sizes[1]!);
      if (centroids.data[0] === 2 && centroids.data[1] === -2) {
        ties++;
        expect([...labels]).toEqual([1, 1, 0, 0, 0, 0, 0]);
        expect([...sizes]).toEqual([5, 2]);
      }
    }
    expect(ties).toBeGreaterThan(0);
  });
});

describe('nameClusters', () => {
  const documents = ['a', 'b', 'c', 'd'].map((text, i) => ({ id: `d${i}`, text }));
  const clustered = {
    documents,
    embeddings: matrix([
      [1, 0],
      [0.8, 0.6],
      [0, 1],
      [0, 0],
    ]),
    centroids: matrix([
      [0.9, 0.3],
      [0, 0.5],
      [0, 0],
    ]),
    labels: Int32Array.of(0, 0, 1, 1),
    distances: Float32Array.of(0.3, 0.2, 0.5, 0.5),
  };
  const terms = {
    vocabulary: ['left', 'up', 'void'],
    termVectors: matrix([
      [1, 0],
      [0, 2],
      [0, 0],
    ]),
  };

  test('orders terms by cosine and documents by distance', async () => {
    const [first] = await nameClusters(clustered, terms, { nTerms: 2, nExemplars: 5 }, {});
    expect(first!.terms.map(({ term }) => term)).toEqual(['left', 'up']);
    expect(first!.terms[0]!.score).toBeCloseTo(0.9 / Math.hypot(0.9, 0.3), 6);
    expect(first!.exemplars.map(({ id }) => id)).toEqual(['d1', 'd0']);
    expect(first!.fit).toBe(1);
  });

  test('a zero vector is near nothing and has no terms', async () => {
    const clusters = await nameClusters(clustered, terms, { nTerms: 9, nExemplars: 1 }, {});
    expect(clusters.map(({ terms }) => terms.map(({ term }) => term))).toEqual([
      ['left', 'up'],
      ['up', 'left'],
      [],
    ]);
    // d3 is a zero vector: of its two documents the second cluster finds one.
    expect(clusters.map(({ fit }) => fit)).toEqual([1, 0.5, Number.NaN]);
    expect(clusters[2]).toMatchObject({ size: 0, exemplars: [] });
  });

  test('equal distances keep the order of the input, and noise belongs to no cluster', async () => {
    const noisy = { ...clustered, labels: Int32Array.of(-1, 1, 1, 1), distances: new Float32Array(4) };
    const clusters = await nameClusters(noisy, terms, { nTerms: 1, nExemplars: 2 }, {});
    expect(clusters.map(({ size }) => size)).toEqual([0, 3, 0]);
    expect(clusters[1]!.exemplars.map(({ index }) => index)).toEqual([1, 2]);
  });

  test('noise is named as if it were a cluster', async () => {
    const noisy = { ...clustered, labels: Int32Array.of(-1, 0, -1, 0) };
    const noise = await nameNoise(noisy, terms, { nTerms: 1, nExemplars: 1 }, {});
    // The mean is (0.5, 0.5): both words are as near, and the first one wins; so do the documents.
    expect(noise).toMatchObject({ id: -1, size: 2, terms: [{ term: 'left' }], exemplars: [{ index: 0 }] });
    expect(noise!.exemplars[0]!.distance).toBeCloseTo(Math.SQRT1_2, 6);
    expect(await nameNoise(clustered, terms, { nTerms: 1, nExemplars: 1 }, {})).toBeUndefined();
  });
});

describe('meansOf', () => {
  const points = matrix([
    [0, 0],
    [4, 0],
    [7, 7],
    [1, 1],
  ]);

  test('gives the mean of every cluster, and the distances to it', async () => {
    const labels = Int32Array.of(0, 0, -1, 2);
    const { centroids, distances } = await meansOf(points, labels, countClusters(labels), {});
    expect([...centroids.data]).toEqual([2, 0, 0, 0, 1, 1]);
    expect([...distances]).toEqual([2, 2, Number.NaN, 0]);
  });

  test('nothing but noise has no mean', async () => {
    const { centroids, distances } = await meansOf(points, new Int32Array(4).fill(-1), 0, {});
    expect(centroids).toEqual({ data: new Float32Array(0), rows: 0, cols: 2 });
    expect([...distances]).toEqual(new Array(4).fill(Number.NaN));
  });

  test('distances are those of assign, bit for bit, and stop when they are told to', async () => {
    const many = matrix(Array.from({ length: 500 }, (_, i) => [Math.sin(i), Math.cos(3 * i), 1e3 + i / 7]));
    const centroids = matrix([
      [0, 0, 1010.25],
      [0.5, 0, 1050],
    ]);
    const { labels, distances } = await assign(many, centroids);
    expect(await distancesTo(many, labels, centroids, {})).toEqual(distances);
    const wide = { data: new Float32Array(2 ** 22), rows: 4, cols: 2 ** 20 };
    const one = { data: new Float32Array(2 ** 20), rows: 1, cols: 2 ** 20 };
    await expect(
      distancesTo(wide, new Int32Array(4), one, { signal: AbortSignal.abort() }),
    ).rejects.toMatchObject({ code: 'cancelled' });
  });
});

describe('clusterByDensity', () => {
  // Of the three groups HDBSCAN numbers the leftmost first or last; the middle one is the largest.
  const points = matrix([
    ...[0, 0.1, 0.2].map((x) => [x]),
    ...[10, 10.1, 10.2, 10.3, 10.4].map((x) => [x]),
    [60],
    ...[20, 20.1, 20.2, 20.3].map((x) => [x]),
  ]);
  const options = { minClusterSize: 3, minSamples: 1 };

  test('numbers clusters by size, and leaves noise as it is', async () => {
    const { labels, nClusters } = await clusterByDensity(points, options, {});
    expect(nClusters).toBe(3);
    expect([...labels]).toEqual([2, 2, 2, 0, 0, 0, 0, 0, -1, 1, 1, 1, 1]);
  });

  test('new points go to clusters by the same numbers', async () => {
    const { labels, density } = await clusterByDensity(points, options, {});
    expect((await predictByDensity(points, points, density, {})).labels).toEqual(labels);
    const found = await predictByDensity(matrix([[0.15], [10.25], [20.05], [-40]]), points, density, {});
    expect([...found.labels]).toEqual([2, 0, 1, -1]);
  });

  test('nothing but noise stays noise', async () => {
    const few = matrix([[0], [1]]);
    const { labels, nClusters, density } = await clusterByDensity(few, { minClusterSize: 3 }, {});
    expect({ labels: [...labels], nClusters }).toEqual({ labels: [-1, -1], nClusters: 0 });
    expect([...(await predictByDensity(few, few, density, {})).labels]).toEqual([-1, -1]);
  });
});
