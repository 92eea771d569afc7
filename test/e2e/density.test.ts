import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  approximatePredict,
  type DocumentInput,
  discoverTopics,
  hdbscan,
  kmeans,
  type TopicOptions,
  Topics,
  umap,
  umapTransform,
} from 'matomari';
import { type Embedder, loadEmbedder } from 'matomari/embed';
import { readMatrix, readNpz } from 'matomari/io';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pickRows, row } from '#dist/matrix.js';
import { resolveClustering } from '#dist/pipeline/clustering-options.js';
import { permutation } from '#dist/random.js';
import { temporaryFolder } from '../temporary.js';
import { headlines, listing } from './cli.js';

const folder = temporaryFolder();
const documents = headlines(40);
const texts = documents.map(({ text }) => text);
const theorems = readFileSync('examples/theorems.txt', 'utf8').trimEnd().split('\n');
const ARTICLE = {
  method: 'hdbscan',
  umap: { nNeighbors: 5, minDist: 0.1 },
  hdbscan: { minClusterSize: 2, clusterSelectionEpsilon: 0.1 },
  seed: 42,
} as const;
const DENSE = { method: 'hdbscan', hdbscan: { minClusterSize: 4 }, minDf: 2, seed: 7 } as const;

/** The embedder is opened once, and words are cut without a dictionary: neither is what is tested here. */
let embedder: Embedder;
beforeAll(async () => {
  embedder = await loadEmbedder('builtin');
});
afterAll(() => embedder.close());
const find = (input: readonly DocumentInput[], options: TopicOptions = {}) =>
  discoverTopics(input, { embedder, language: 'en', ...options });

/** What two labellings have in common when the names of the clusters do not count. */
const partition = (labels: Int32Array) => {
  const first = new Map<number, number>();
  return Array.from(labels, (label, i) => {
    if (label < 0) return -1;
    if (!first.has(label)) first.set(label, i);
    return first.get(label)!;
  });
};

describe("the article's thirty theorems", () => {
  let topics: Topics;
  beforeAll(async () => {
    topics = await find(theorems, ARTICLE);
  });

  test('are the map and the clusters that the operations give', async () => {
    const { embedding } = await umap(topics.embeddings, { nNeighbors: 5, minDist: 0.1, seed: 42 });
    expect(topics.map).toEqual(embedding);
    const { labels } = await hdbscan(embedding, { minClusterSize: 2, clusterSelectionEpsilon: 0.1 });
    expect(partition(topics.labels)).toEqual(partition(labels));
    expect(theorems.length).toBe(30);
    expect(topics.clusters.length).toBeGreaterThan(1);
  });

  test('have clusters that are named, numbered by size, and centred on their embeddings', () => {
    const sizes = topics.clusters.map(({ size }) => size);
    expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
    expect(sizes.reduce((a, b) => a + b) + (topics.noise?.size ?? 0)).toBe(30);
    for (const { id, terms, exemplars, fit } of topics.clusters) {
      expect(terms.length).toBeGreaterThan(5);
      expect(fit).toBeGreaterThan(0);
      for (const { index } of exemplars) expect(topics.labels[index]).toBe(id);
    }
    const own = topics.labels.indexOf(0);
    const { cols, data } = topics.embeddings;
    const mean = (j: number) => {
      const members = Array.from(topics.labels.keys()).filter((i) => topics.labels[i] === 0);
      return members.reduce((sum, i) => sum + data[i * cols + j]!, 0) / members.length;
    };
    for (let j = 0; j < cols; j++) expect(topics.centroids.data[j]).toBeCloseTo(mean(j), 6);
    const between = Math.hypot(...Array.from({ length: cols }, (_, j) => data[own * cols + j]! - mean(j)));
    expect(topics.distances[own]).toBeCloseTo(between, 5);
  });
});

describe('documents with noise', () => {
  let topics: Topics;
  beforeAll(async () => {
    topics = await find(documents, DENSE);
  });

  test('noise is counted, named, and far from no centroid', () => {
    const noisy = Array.from(topics.labels.keys()).filter((i) => topics.labels[i] === -1);
    expect(noisy.length).toBeGreaterThan(10);
    expect(topics.noise).toMatchObject({ id: -1, size: noisy.length });
    expect(topics.noise!.terms.length).toBe(Math.min(30, topics.vocabulary.length));
    expect(topics.noise!.exemplars.every(({ index }) => topics.labels[index] === -1)).toBe(true);
    for (const i of topics.labels.keys()) expect(Number.isNaN(topics.distances[i])).toBe(noisy.includes(i));
    expect(topics.density!.probabilities.filter((p) => p === 0).length).toBeGreaterThanOrEqual(noisy.length);
    expect(topics.clusters.some(({ id }) => id < 0)).toBe(false);
  });

  test('the same bits on any number of threads, and another seed gives another map', async () => {
    for (const threads of [1, 3]) {
      const again = await find(documents, { ...DENSE, threads });
      for (const part of ['labels', 'map', 'centroids', 'density', 'clusters', 'noise'] as const)
        expect(again[part], part).toEqual(topics[part]);
    }
    expect((await find(documents, { ...DENSE, seed: 8 })).map).not.toEqual(topics.map);
  });

  test('are saved, and loaded as they were', async () => {
    const dir = join(folder.path, 'saved');
    await topics.save(dir);
    const loaded = await Topics.load(dir);
    for (const part of Object.keys(topics) as (keyof Topics)[])
      expect(loaded[part], part).toEqual(topics[part]);
    const arrays = await readNpz(join(dir, 'hdbscan.npz'));
    expect(arrays.probabilities!.data).toEqual(topics.density!.probabilities);
    const lines = readFileSync(join(dir, 'clusters.jsonl'), 'utf8').trimEnd().split('\n');
    expect(JSON.parse(lines.at(-1)!)).toMatchObject({ id: -1, size: topics.noise!.size });
    expect(JSON.parse(readFileSync(join(dir, 'run.json'), 'utf8'))).toMatchObject({
      clusters: topics.clusters.length,
      noise: topics.noise!.size,
      method: 'hdbscan',
      umap: { nNeighbors: 15, minDist: 0.1, seed: 7 },
      hdbscan: { minClusterSize: 4, minSamples: 4 },
    });
    const html = readFileSync(join(dir, 'report.html'), 'utf8');
    expect(html).toContain('UMAP Component 1');
    expect(html).toContain('HDBSCAN, clusters of at least 4');
    expect(await loaded.assign(texts, { embedder })).toEqual(await topics.assign(texts, { embedder }));
  });

  test('its own texts keep their labels, and new ones are judged by density', async () => {
    const { labels, distances, probabilities } = await topics.assign(texts, { embedder });
    expect(labels).toEqual(topics.labels);
    expect(distances).toEqual(topics.distances);
    expect(probabilities).toEqual(
      (await approximatePredict({ ...topics.density!, points: topics.map }, topics.map)).probabilities,
    );
    const strangers = await topics.assign(['プロ野球の開幕戦で新人投手が完封勝利を挙げた', texts[5]!], {
      embedder,
    });
    expect(strangers.labels[0]).toBeLessThan(topics.clusters.length);
    expect(strangers.labels[1]).toBe(topics.labels[5]);
  });

  test('noise goes to the nearest centroid and back', async () => {
    const full = await topics.reassignNoise();
    expect(full.noise).toBeUndefined();
    expect(full.originalLabels).toEqual(topics.labels);
    expect(full.centroids).toEqual(topics.centroids);
    const { data, cols } = topics.embeddings;
    for (const [i, label] of full.labels.entries()) {
      const far = topics.clusters.map(({ id }) =>
        Math.hypot(
          ...Array.from(
            { length: cols },
            (_, j) => data[i * cols + j]! - full.centroids.data[id * cols + j]!,
          ),
        ),
      );
      if (topics.labels[i]! >= 0) expect(label).toBe(topics.labels[i]);
      else expect(far[label]).toBeCloseTo(Math.min(...far), 5);
      expect(full.distances[i]).toBeCloseTo(far[label]!, 5);
    }
    expect(full.clusters.reduce((sum, { size }) => sum + size, 0)).toBe(documents.length);
    expect(full.scores).not.toEqual(topics.scores);

    const dir = join(folder.path, 'reassigned');
    await full.save(dir);
    expect(listing(dir)).toContain('labels-original.npy');
    const loaded = await Topics.load(dir);
    for (const part of Object.keys(full) as (keyof Topics)[]) expect(loaded[part], part).toEqual(full[part]);
    expect((await loaded.assign(texts, { embedder })).labels).toEqual(full.labels);
    const back = await loaded.restoreNoise();
    for (const part of Object.keys(topics) as (keyof Topics)[])
      expect(back[part], part).toEqual(topics[part]);
    await back.save(dir);
    expect(listing(dir)).not.toContain('labels-original.npy');
    // Neither does anything where there is nothing to do.
    expect(await back.restoreNoise()).toEqual(back);
    expect((await full.reassignNoise()).originalLabels).toEqual(topics.labels);
  });

  test('is scored as one class', async () => {
    const { scores, labels } = topics;
    const { adjustedRandScore } = await import('matomari');
    expect(scores!.ari).toBe(
      await adjustedRandScore(
        documents.map(({ category }) => category),
        labels,
      ),
    );
  });
});

describe('what is clustered', () => {
  test('the embeddings, the map, or a UMAP of five dimensions, by HDBSCAN', async () => {
    const found = await Promise.all(
      [undefined, 2, 0, 5].map((reduceDims) => find(documents, { ...DENSE, reduceDims })),
    );
    const [byDefault, map, embeddings, five] = found as [Topics, Topics, Topics, Topics];
    expect(byDefault.labels).toEqual(map.labels);
    for (const { map: drawn } of found) expect(drawn).toEqual(map.map);
    const settings = { minClusterSize: 4 };
    expect(partition(embeddings.labels)).toEqual(
      partition((await hdbscan(embeddings.embeddings, settings)).labels),
    );
    const packed = await umap(five.embeddings, { nComponents: 5, minDist: 0, metric: 'cosine', seed: 7 });
    expect(five.reduced).toEqual(packed.embedding);
    expect(partition(five.labels)).toEqual(partition((await hdbscan(packed.embedding, settings)).labels));
  });

  test('the same by k-means, and its own texts are assigned to their clusters', async () => {
    for (const reduceDims of [0, 2, 5]) {
      const topics = await find(documents, { nClusters: 9, reduceDims, minDf: 2, seed: 7 });
      const points = topics.reduced ?? (reduceDims === 2 ? topics.map : topics.embeddings);
      expect(points.cols).toBe(reduceDims || topics.embeddings.cols);
      expect(partition(topics.labels)).toEqual(
        partition((await kmeans(points, { nClusters: 9, seed: 7 })).labels),
      );
      expect(topics.centroids.cols).toBe(topics.embeddings.cols);
      const dir = join(folder.path, `kmeans-${reduceDims}`);
      await topics.save(dir);
      const loaded = await Topics.load(dir);
      for (const part of Object.keys(topics) as (keyof Topics)[])
        expect(loaded[part], part).toEqual(topics[part]);
      const { labels, distances, probabilities } = await loaded.assign(texts, { embedder });
      expect({ labels, distances, probabilities }).toEqual({
        labels: topics.labels,
        distances: topics.distances,
        probabilities: undefined,
      });
      expect(
        (await loaded.assign(['新型スマートフォンの発売日が決定'], { embedder })).labels[0],
      ).toBeGreaterThanOrEqual(0);
    }
  });

  test('how the map looks has no say in a UMAP of more dimensions; the neighbours have', async () => {
    const dense = { ...DENSE, reduceDims: 5 };
    const plain = await find(documents, dense);
    const wide = await find(documents, { ...dense, umap: { minDist: 0.5, spread: 2 } });
    expect(wide.map).not.toEqual(plain.map);
    expect(wide.reduced).toEqual(plain.reduced);
    const broad = await find(documents, { ...dense, umap: { nNeighbors: 30, seed: 3 } });
    expect(broad.info.reduction).toMatchObject({ nNeighbors: 30, seed: 3, minDist: 0, metric: 'cosine' });
    expect(broad.reduced).not.toEqual(plain.reduced);
  });

  test('a map by principal components where it is asked for', async () => {
    const { map, info } = await find(documents, { nClusters: 3, minDf: 2, map: 'pca' });
    expect({ map: info.map, umap: info.umap, init: info.mapInit }).toEqual({ map: 'pca' });
    const dir = join(folder.path, 'pca');
    const topics = await find(documents, { ...DENSE, reduceDims: 0, map: 'pca' });
    await topics.save(dir);
    expect(await readMatrix(join(dir, 'map.npy'))).toEqual(map);
    expect(readFileSync(join(dir, 'report.html'), 'utf8')).toContain('PCA 1');
  });
});

test('HDBSCAN clusters the map of few documents, and five dimensions of many', () => {
  const dims = (documents: number) => resolveClustering({ method: 'hdbscan' }, documents).reduceDims;
  expect([2, 1000, 1001].map(dims)).toEqual([2, 2, 5]);
  expect(resolveClustering({ method: 'hdbscan', reduceDims: 2 }, 1001).reduction).toBeUndefined();
});

describe('a map of a sample', () => {
  const sampled = { nClusters: 3, minDf: 2, seed: 7, mapSample: 100 } as const;

  test('keeps the places of those drawn, and places every other document among them', async () => {
    const { map, embeddings, info } = await find(documents, sampled);
    expect(info.mapSample).toBe(100);
    const drawn = Array.from(permutation(documents.length, 7).subarray(0, 100)).sort((a, b) => a - b);
    const points = pickRows(embeddings, drawn);
    const { embedding } = await umap(points, { seed: 7 });
    expect(pickRows(map, drawn)).toEqual(embedding);
    const placed = await umapTransform(embeddings, { points, embedding }, { seed: 7 });
    for (let i = 0; i < map.rows; i++)
      if (!drawn.includes(i)) expect([...row(map, i)]).toEqual([...row(placed.embedding, i)]);
  });

  test('is one on any number of threads, and the report says what it is', async () => {
    const [one, two] = await Promise.all([1, 2].map((threads) => find(documents, { ...sampled, threads })));
    expect(one!.map).toEqual(two!.map);
    expect(one!.map).not.toEqual((await find(documents, { ...sampled, mapSample: 101 })).map);
    const dir = join(folder.path, 'sampled');
    await one!.save(dir);
    expect(readFileSync(join(dir, 'report.html'), 'utf8')).toContain(
      'of 100 documents, the others placed in it',
    );
    expect((await Topics.load(dir)).info.mapSample).toBe(100);
  });

  test('beside what is clustered, which is whole', async () => {
    const five = { ...sampled, reduceDims: 5 };
    const whole = await find(documents, { ...five, mapSample: documents.length });
    expect(whole.info.mapSample).toBeUndefined();
    expect((await find(documents, five)).labels).toEqual(whole.labels);
  });

  test.each([
    ['2-D map that is clustered', { method: 'hdbscan' }],
    ['map by PCA', { map: 'pca' }],
  ] as const)('is refused for a %s', async (_, options) => {
    await expect(find(theorems, { ...options, mapSample: 10 })).rejects.toMatchObject({
      code: 'bad_option',
      message: expect.stringMatching(/mapSample is for a map by UMAP that is not clustered/),
    });
  });

  test('is the rule beyond 200,000 documents', () => {
    const settings = (documents: number, options = {}) => resolveClustering(options, documents).mapSample;
    expect([200_000, 200_001].map((n) => settings(n))).toEqual([undefined, 50_000]);
    expect(settings(1_000_000, { mapSample: 1_000_000 })).toBeUndefined();
    expect(settings(1_000_000, { method: 'hdbscan' })).toBe(50_000);
    expect(settings(1_000_000, { method: 'hdbscan', reduceDims: 2 })).toBeUndefined();
    expect(settings(1_000_000, { map: 'pca' })).toBeUndefined();
    expect(() => settings(90, { mapSample: 1 })).toThrow(/mapSample must be an integer of at least 2/);
  });
});

describe('HDBSCAN at the edge', () => {
  test.each([1, 2, 3])('%i documents are all noise, and still a run with a report', async (n) => {
    const topics = await find(theorems.slice(0, n), { method: 'hdbscan' });
    expect([...topics.labels]).toEqual(new Array(n).fill(-1));
    expect(topics.clusters).toEqual([]);
    expect(topics.noise).toMatchObject({ id: -1, size: n });
    expect(topics.map.rows).toBe(n);
    expect(topics.map.data.every(Number.isFinite)).toBe(true);
    const dir = join(folder.path, `few-${n}`);
    await topics.save(dir);
    const loaded = await Topics.load(dir);
    for (const part of Object.keys(topics) as (keyof Topics)[])
      expect(loaded[part], part).toEqual(topics[part]);
    expect(readFileSync(join(dir, 'report.html'), 'utf8')).toContain(theorems[0]!);
    const { labels, distances } = await loaded.assign(['Chain Rule'], { embedder });
    expect([labels[0], distances[0]]).toEqual([-1, Number.NaN]);
    await expect(loaded.reassignNoise()).rejects.toMatchObject({
      code: 'bad_input',
      message: expect.stringMatching(/all \d documents are noise.*lower minClusterSize/),
    });
  });

  test('three documents may be one cluster, or be clustered five dimensions deep', async () => {
    const one = { minClusterSize: 2, allowSingleCluster: true };
    const topics = await find(theorems.slice(0, 3), { method: 'hdbscan', hdbscan: one });
    expect(topics.clusters.length).toBe(1);
    const deep = await find(theorems.slice(0, 3), { method: 'hdbscan', reduceDims: 5 });
    expect(deep.reduced).toMatchObject({ rows: 3, cols: 5 });
  });

  test('fewer documents than neighbours', async () => {
    const { map, clusters } = await find(theorems, { ...ARTICLE, umap: { nNeighbors: 500 } });
    expect(map.data.every(Number.isFinite)).toBe(true);
    expect(clusters.length + 1).toBeGreaterThan(0);
  });

  test('equal texts, alone or among others', async () => {
    const equal = await find(new Array(12).fill('Chain Rule'), ARTICLE);
    expect(equal.map.data.every(Number.isFinite)).toBe(true);
    expect(equal.labels.length).toBe(12);
    const mixed = await find([...theorems, ...theorems, ...theorems], ARTICLE);
    const { labels } = await mixed.assign(theorems, { embedder });
    expect(labels).toEqual(mixed.labels.slice(0, 30));
  });

  test('groups that have nothing in common', async () => {
    const vectors = Array.from({ length: 40 }, (_, i) => [i < 20 ? 1e3 : 0, i < 20 ? 0 : 1e3, (i % 20) / 9]);
    const embed = async (given: readonly string[]) => ({
      data: Float32Array.from(given.flatMap((text) => vectors[Number(text.split(' ')[1])]!)),
      rows: given.length,
      cols: 3,
      truncated: 0,
      tokens: 0,
    });
    const apart = await find(
      vectors.map((_, i) => `word ${i}`),
      {
        method: 'hdbscan',
        umap: { nNeighbors: 5 },
        hdbscan: { minClusterSize: 10 },
        embedder: { embed } as never,
      },
    );
    // The neighbour graph falls apart, so the layout starts elsewhere, and the run says so.
    expect(apart.info.mapInit).toBe('pca');
    for (const { id } of apart.clusters) {
      const sides = [...apart.labels.keys()].filter((i) => apart.labels[i] === id).map((i) => i < 20);
      expect(new Set(sides).size).toBe(1);
    }
    expect(apart.clusters.length).toBeGreaterThan(1);
  });

  test('a corpus with empty texts', async () => {
    const { labels, map } = await find(['', ...theorems, '', ''], ARTICLE);
    expect(labels.length).toBe(33);
    expect(map.data.every(Number.isFinite)).toBe(true);
  });

  test.each([
    [
      'minClusterSize 1',
      { hdbscan: { minClusterSize: 1 } },
      /minClusterSize must be an integer of at least 2/,
    ],
    ['nNeighbors 1', { umap: { nNeighbors: 1 } }, /nNeighbors must be an integer from 2/],
    ['a number of clusters', { nClusters: 3 }, /nClusters is an option of method kmeans/],
    ['a misspelt option of HDBSCAN', { hdbscan: { minClusterSise: 3 } }, /did you mean "minClusterSize"/],
    ['a misspelt option of UMAP', { umap: { nNeighbours: 3 } }, /did you mean "nNeighbors"/],
    ['no options of UMAP at all', { umap: 3 }, /umap: options must be an object/],
    ['threads of UMAP alone', { umap: { threads: 1 } }, /umap has no threads of its own here/],
    ['a signal of HDBSCAN alone', { hdbscan: { signal: undefined } }, /hdbscan has no signal of its own/],
    ['a map of three dimensions', { umap: { nComponents: 3 } }, /set reduceDims/],
    ['half a dimension', { reduceDims: 2.5 }, /reduceDims must be an integer from 0/],
    ['a start that is a matrix', { umap: { init: { data: [], rows: 0, cols: 2 } } }, /init must be one of/],
    ['another map', { map: 'tsne' }, /map must be one of umap, pca/],
    ['its map by PCA', { map: 'pca' }, /must be UMAP's then/],
    [
      'UMAP options where none runs',
      { map: 'pca', reduceDims: 0, umap: { minDist: 0 } },
      /does not run here/,
    ],
    ['no number of samples', { hdbscan: { minSamples: 0 } }, /minSamples must be an integer of at least 1/],
    ['an epsilon below 0', { hdbscan: { clusterSelectionEpsilon: -1 } }, /clusterSelectionEpsilon must be/],
  ])('refuses %s', async (_, options, message) => {
    await expect(find(theorems, { method: 'hdbscan', ...options } as never)).rejects.toMatchObject({
      code: 'bad_option',
      message: expect.stringMatching(message),
    });
  });

  test('refuses options of the other method, and more dimensions than there are', async () => {
    await expect(find(theorems, { hdbscan: { minClusterSize: 3 } })).rejects.toMatchObject({
      code: 'bad_option',
      message: expect.stringMatching(/option of method hdbscan/),
    });
    await expect(find(theorems, { method: 'hdbscan', reduceDims: 129 })).rejects.toMatchObject({
      code: 'bad_input',
      message: expect.stringMatching(/the embeddings have 128 dimensions/),
    });
  });

  test('stops when it is told to', async () => {
    for (const stage of ['map', 'reduce', 'hdbscan']) {
      const stop = new AbortController();
      const seen: string[] = [];
      const running = find(documents, {
        ...DENSE,
        reduceDims: 5,
        signal: stop.signal,
        onProgress: (progress) => {
          seen.push(progress.stage);
          if (progress.stage === stage) stop.abort('enough');
        },
      });
      await expect(running).rejects.toMatchObject({ code: 'cancelled', cause: 'enough' });
      expect(seen).toContain(stage);
    }
  });
});
