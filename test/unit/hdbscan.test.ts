import { describe, expect, test } from 'vitest';
import { approximatePredict, type HdbscanOptions, hdbscan } from '#dist/hdbscan.js';
import { type Matrix, matrix } from '#dist/matrix.js';

/** `count` points near (x, 0), on a small spiral. */
const pile = (x: number, count: number): number[][] =>
  Array.from({ length: count }, (_, i) => [
    x + 0.01 * Math.sqrt(i) * Math.cos(2.4 * i),
    0.01 * Math.sqrt(i) * Math.sin(2.4 * i),
  ]);
const column = (rows: number, value: (i: number) => number): Matrix => ({
  data: Float32Array.from({ length: rows }, (_, i) => value(i)),
  rows,
  cols: 1,
});
const code = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: { code: string; message: string }) => `${error.code}: ${error.message}`,
  );

describe('hdbscan', () => {
  test('finds two piles and calls what lies far from both noise', async () => {
    const fit = await hdbscan(matrix([...pile(0, 20), ...pile(10, 30), [5, 30]]), { minClusterSize: 5 });
    expect(fit.nClusters).toBe(2);
    expect(new Set(fit.labels.subarray(0, 20)).size).toBe(1);
    expect(new Set(fit.labels.subarray(20, 50)).size).toBe(1);
    expect(fit.labels[0]).not.toBe(fit.labels[20]);
    expect(fit.labels[50]).toBe(-1);
    expect(fit.probabilities[50]).toBe(0);
    expect(fit.outlierScores[50]).toBeGreaterThan(0.9);
    expect(fit.exemplars).toHaveLength(2);
    for (const [c, list] of fit.exemplars.entries()) {
      expect(list.length).toBeGreaterThan(0);
      for (const i of list) {
        expect(fit.labels[i]).toBe(c);
        expect(fit.probabilities[i]).toBe(1);
      }
    }
    expect(fit.selectedClusters).toHaveLength(2);
    expect(Math.min(...fit.selectedClusters)).toBeGreaterThan(51);
    expect(fit.minSamples).toBe(5);
  });

  test('minSamples does not count the point itself', async () => {
    const { coreDistances } = await hdbscan(
      column(6, (i) => i * i),
      { minSamples: 1 },
    );
    expect(Array.from(coreDistances)).toEqual([1, 1, 3, 5, 7, 9]);
  });

  test('writes the single linkage tree as SciPy does', async () => {
    const { singleLinkageTree, condensedTree } = await hdbscan(
      column(4, (i) => [0, 1, 4, 4.5][i]!),
      { minClusterSize: 2, minSamples: 1 },
    );
    expect(singleLinkageTree).toEqual({
      left: Int32Array.of(2, 0, 4),
      right: Int32Array.of(3, 1, 5),
      distance: Float64Array.of(0.5, 1, 3),
      size: Int32Array.of(2, 2, 4),
    });
    expect(condensedTree).toEqual({
      parent: Int32Array.of(4, 4, 5, 5, 6, 6),
      child: Int32Array.of(5, 6, 2, 3, 0, 1),
      lambda: Float64Array.of(1 / 3, 1 / 3, 2, 2, 1, 1),
      childSize: Int32Array.of(2, 2, 1, 1, 1, 1),
      nClusters: 3,
    });
  });

  test('divides distances by alpha', async () => {
    const options = { minClusterSize: 2, minSamples: 1 };
    const half = await hdbscan(
      column(4, (i) => [0, 1, 4, 4.5][i]!),
      { ...options, alpha: 2 },
    );
    expect(Array.from(half.singleLinkageTree.distance)).toEqual([0.5, 1, 1.5]);
  });

  test.each([
    [1, 'one point'],
    [2, 'two points'],
    [4, 'fewer points than minClusterSize'],
  ])('%i: %s are noise', async (rows) => {
    for (const allowSingleCluster of [false, true])
      for (const cols of [2, 30]) {
        const points = { data: Float32Array.from({ length: rows * cols }, (_, i) => i), rows, cols };
        const fit = await hdbscan(points, { minClusterSize: 5, allowSingleCluster });
        expect(Array.from(fit.labels)).toEqual(Array(rows).fill(-1));
        expect(Array.from(fit.probabilities)).toEqual(Array(rows).fill(0));
        expect(fit.nClusters).toBe(0);
        expect(fit.exemplars).toEqual([]);
        expect(fit.singleLinkageTree.distance).toHaveLength(rows - 1);
        const again = await approximatePredict(fit, points);
        expect(Array.from(again.labels)).toEqual(Array(rows).fill(-1));
      }
  });

  test.each([2, 30])('takes equal points, in %i columns', async (cols) => {
    const points = { data: new Float32Array(40 * cols).fill(3), rows: 40, cols };
    const fit = await hdbscan(points);
    expect(fit.nClusters).toBe(0);
    expect(Array.from(fit.labels)).toEqual(Array(40).fill(-1));
    expect(fit.condensedTree.lambda.every((lambda) => lambda === Infinity)).toBe(true);
    const single = await hdbscan(points, { allowSingleCluster: true });
    expect(Array.from(single.labels)).toEqual(Array(40).fill(0));
    expect(Array.from(single.probabilities)).toEqual(Array(40).fill(1));
    expect(Array.from(single.outlierScores)).toEqual(Array(40).fill(0));
    const predicted = await approximatePredict(single, points);
    expect(Array.from(predicted.labels)).toEqual(Array(40).fill(0));
  });

  test('one cluster is found only when it is allowed', async () => {
    const points = matrix(pile(0, 60));
    expect((await hdbscan(points, { minClusterSize: 40 })).nClusters).toBe(0);
    const fit = await hdbscan(points, { minClusterSize: 40, allowSingleCluster: true });
    expect(fit.nClusters).toBe(1);
    expect(fit.labels.filter((label) => label === 0).length).toBeGreaterThan(0);
    const leaf = await hdbscan(points, {
      minClusterSize: 40,
      allowSingleCluster: true,
      clusterSelectionMethod: 'leaf',
    });
    expect(leaf.nClusters).toBe(0);
  });

  test('has no cluster that no point belongs to', async () => {
    const points = column(60, (i) => i * i);
    const fit = await hdbscan(points, {
      minClusterSize: 40,
      allowSingleCluster: true,
      clusterSelectionEpsilon: 0.1,
    });
    expect(fit.nClusters).toBe(0);
    expect(fit.exemplars).toEqual([]);
  });

  test('keeps together what splits below clusterSelectionEpsilon', async () => {
    const points = matrix([...pile(0, 20), ...pile(1, 20), ...pile(10, 20)]);
    expect((await hdbscan(points)).nClusters).toBe(3);
    const fit = await hdbscan(points, { clusterSelectionEpsilon: 2 });
    expect(fit.nClusters).toBe(2);
    expect(fit.labels[0]).toBe(fit.labels[20]);
  });

  test('splits what exceeds maxClusterSize', async () => {
    const points = matrix([...pile(0, 20), ...pile(0.5, 20), ...pile(100, 40)]);
    const sizes = (labels: Int32Array) =>
      labels.reduce<number[]>((s, label) => {
        if (label >= 0) s[label] = (s[label] ?? 0) + 1;
        return s;
      }, []);
    const free = await hdbscan(points, { minClusterSize: 5, clusterSelectionEpsilon: 1 });
    expect(Math.max(...sizes(free.labels))).toBe(40);
    const limited = await hdbscan(points, { minClusterSize: 5, maxClusterSize: 25 });
    expect(Math.max(...sizes(limited.labels))).toBeLessThanOrEqual(25);
  });

  test('cosine looks at directions alone', async () => {
    const rays = (angle: number, count: number) =>
      Array.from({ length: count }, (_, i) => {
        const a = angle + 0.001 * i;
        return [(1 + i) * Math.cos(a), (1 + i) * Math.sin(a)];
      });
    const fit = await hdbscan(matrix([...rays(0.2, 20), ...rays(1.2, 20)]), { metric: 'cosine' });
    expect(fit.nClusters).toBe(2);
    expect(new Set(fit.labels.subarray(0, 20)).size).toBe(1);
    expect(fit.singleLinkageTree.distance.at(-1)).toBeCloseTo(1 - Math.cos(1 - 0.019), 2);
  });

  test('predicts new points', async () => {
    const model = await hdbscan(matrix([...pile(0, 20), ...pile(10, 30)]));
    const { labels, probabilities } = await approximatePredict(
      model,
      matrix([
        [0.001, 0],
        [10.001, 0],
        [5, 40],
      ]),
    );
    expect(Array.from(labels)).toEqual([model.labels[0], model.labels[20], -1]);
    expect(probabilities[0]).toBeGreaterThan(0.5);
    expect(probabilities[2]).toBe(0);
    expect(
      (await approximatePredict(model, { data: new Float32Array(0), rows: 0, cols: 2 })).labels,
    ).toHaveLength(0);
  });

  test('does not overflow the stack on a tree as deep as there are points', async () => {
    // Every gap is larger than the last: points join one by one.
    const rows = 200_000;
    const points = column(rows, (i) => i * (1 + i / rows));
    for (const options of [{}, { minClusterSize: 2, minSamples: 1, clusterSelectionEpsilon: 1.5 }] as const) {
      const fit = await hdbscan(points, options);
      expect(fit.labels).toHaveLength(rows);
      expect(fit.singleLinkageTree.size.at(-1)).toBe(rows);
    }
    // Pairs ever farther apart: the condensed tree is as deep.
    const pairs = column(rows, (i) => Math.expm1((20 * Math.floor(i / 2)) / rows) * 1000 + (i % 2) * 1e-5);
    const fit = await hdbscan(pairs, { minClusterSize: 2, minSamples: 1 });
    expect(fit.condensedTree.nClusters).toBeGreaterThan(10_000);
    const leaf = await hdbscan(pairs, {
      minClusterSize: 2,
      minSamples: 1,
      clusterSelectionMethod: 'leaf',
      clusterSelectionEpsilon: 0.05,
    });
    expect(leaf.nClusters).toBeGreaterThan(1);
  });
});

describe('hdbscan refuses', () => {
  const points = matrix(pile(0, 20));
  test.each<[string, HdbscanOptions, string]>([
    [
      'minClusterSize 1',
      { minClusterSize: 1 },
      'bad_option: minClusterSize must be an integer of at least 2, not 1',
    ],
    ['minSamples 0', { minSamples: 0 }, 'bad_option: minSamples must be an integer of at least 1, not 0'],
    [
      'a negative epsilon',
      { clusterSelectionEpsilon: -1 },
      'bad_option: clusterSelectionEpsilon must be a number',
    ],
    ['alpha 0', { alpha: 0 }, 'bad_option: alpha must be a number from'],
    ['another method', { clusterSelectionMethod: 'leafs' as 'leaf' }, 'did you mean "leaf"?'],
    ['another metric', { metric: 'dot' as 'cosine' }, 'bad_option: metric must be one of euclidean, cosine'],
    ['a misspelt option', { minClustersize: 3 } as HdbscanOptions, 'did you mean "minClusterSize"?'],
    [
      'maxClusterSize 0',
      { maxClusterSize: 0 },
      'bad_option: maxClusterSize must be an integer of at least 1',
    ],
    [
      'a flag that is none',
      { allowSingleCluster: 1 as unknown as boolean },
      'bad_option: allowSingleCluster must be true or false, not 1',
    ],
  ])('%s', async (_, options, message) => {
    expect(await code(hdbscan(points, options))).toContain(message);
  });

  test('NaN, no rows, and a zero vector under cosine', async () => {
    expect(
      await code(
        hdbscan(
          matrix([
            [1, 2],
            [Number.NaN, 3],
          ]),
        ),
      ),
    ).toMatch(/^bad_input: .*points.*row 1/);
    expect(await code(hdbscan({ data: new Float32Array(0), rows: 0, cols: 2 }))).toMatch(
      /^bad_input: points is empty/,
    );
    expect(
      await code(
        hdbscan(
          matrix([
            [1, 0],
            [0, 0],
          ]),
          { metric: 'cosine' },
        ),
      ),
    ).toMatch(/^bad_input: .*zero vector at row 1/);
  });

  test('a model that is none, or is broken', async () => {
    const model = await hdbscan(matrix([...pile(0, 20), ...pile(10, 20)]));
    expect(await code(approximatePredict({} as typeof model, points))).toMatch(
      /^bad_input: the model must be/,
    );
    expect(await code(approximatePredict(model, matrix([[1]])))).toMatch(/^bad_input: points has 1 columns/);
    for (const value of [-1, 1e6]) {
      const child = model.condensedTree.child.slice().fill(value, 1, 2);
      const broken = { ...model, condensedTree: { ...model.condensedTree, child } };
      expect(await code(approximatePredict(broken, points))).toMatch(/^bad_input: .*are broken/);
    }
    const selectedClusters = model.selectedClusters.map(() => 1e6);
    expect(await code(approximatePredict({ ...model, selectedClusters }, points))).toMatch(
      /^bad_input: .*are broken/,
    );
  });
});

describe('hdbscan on the way', () => {
  test.each([
    [150_000, 2],
    [6000, 64],
  ])('stops within 50 ms and tells how far it is: %i × %i', async (rows, cols) => {
    let state = 1;
    const data = Float32Array.from({ length: rows * cols }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state / 2 ** 32;
    });
    const points = { data, rows, cols };
    const stages = new Set<string>();
    await hdbscan(points, { onProgress: ({ stage }) => stages.add(stage) });
    for (const stage of ['core distances', 'spanning tree']) expect(stages).toContain(stage);
    for (const wait of [5, 60, 150, 300]) {
      const controller = new AbortController();
      const run = code(hdbscan(points, { signal: controller.signal, threads: 1 }));
      await new Promise((resolve) => setTimeout(resolve, wait));
      const start = performance.now();
      controller.abort();
      const answer = await run;
      if (answer === 'no error') continue;
      expect(answer).toMatch(/^cancelled: /);
      // The machine may be busy with other tests: a stuck loop would take seconds.
      expect(performance.now() - start).toBeLessThan(500);
    }
  });
});

describe('a point halfway between two clusters that it reaches at one distance', () => {
  // Twenty points up to 0, eight denser ones from 10 on, and one at 5: minSamples 4 takes two neighbours on either side.
  const line = [
    ...Array.from({ length: 20 }, (_, i) => -i / 16),
    ...Array.from({ length: 8 }, (_, i) => 10 + i / 32),
    5,
  ];
  test.each([false, true])('joins the larger one; rows reversed: %s', async (reversed) => {
    const data = Float32Array.from(reversed ? line.toReversed() : line);
    const points = { data, rows: data.length, cols: 1 };
    const { labels } = await hdbscan(points, { minClusterSize: 5, minSamples: 4 });
    const at = (x: number) => labels[data.indexOf(x)]!;
    expect(at(0)).toBeGreaterThanOrEqual(0);
    expect(at(10)).toBeGreaterThanOrEqual(0);
    expect(at(0)).not.toBe(at(10));
    expect(at(5)).toBe(at(0));
  });

  test('joins the nearer one of two that are alike', async () => {
    for (const near of [4.875, 5.125]) {
      const left = Array.from({ length: 8 }, (_, i) => -i / 32);
      const right = Array.from({ length: 8 }, (_, i) => 10 + i / 32);
      const data = Float32Array.from([...left, ...right, near]);
      const { labels } = await hdbscan({ data, rows: 17, cols: 1 }, { minClusterSize: 5, minSamples: 10 });
      expect(labels[16]).toBe(labels[near < 5 ? 0 : 8]);
    }
  });
});
