import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { discoverTopics, MatomariError, type Matrix, matrix, type Progress, row, Topics } from 'matomari';
import { type Embedder, loadEmbedder } from 'matomari/embed';
import { readMatrix, readNpy, readSparseNpz } from 'matomari/io';
import { beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../temporary.js';
import { headlines, jsonLines, listing } from './cli.js';

const folder = temporaryFolder();
const documents = headlines(30);
const OPTIONS = { nClusters: 9, minDf: 3, seed: 7 };

const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, x, j) => sum + x * b[j]!, 0);
const cosine = (a: Float32Array, b: Float32Array) => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
const euclidean = (a: Float32Array, b: Float32Array) => Math.hypot(...a.map((x, j) => x - b[j]!));
const rows = (m: Matrix) => Array.from({ length: m.rows }, (_, i) => row(m, i));
/** The indices that sort the values, best first, ties by the lower index. */
const order = (values: number[], direction: 1 | -1) =>
  Array.from(values.keys()).sort((a, b) => direction * (values[a]! - values[b]!) || a - b);

describe('discoverTopics', () => {
  let topics: Topics;
  const reports: Progress[] = [];
  beforeAll(async () => {
    topics = await discoverTopics(documents, { ...OPTIONS, onProgress: (report) => reports.push(report) });
  });

  test('gives every document its nearest centroid, and numbers clusters by size', () => {
    const centroids = rows(topics.centroids);
    const sizes = new Array<number>(9).fill(0);
    for (const [i, point] of rows(topics.embeddings).entries()) {
      const distances = centroids.map((centroid) => euclidean(point, centroid));
      const best = order(distances, 1)[0]!;
      expect(topics.labels[i]).toBe(best);
      expect(topics.distances[i]).toBeCloseTo(distances[best]!, 5);
      sizes[best]!++;
    }
    expect(topics.clusters.map(({ size }) => size)).toEqual(sizes);
    expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
    expect(topics.clusters.map(({ id }) => id)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test('gives every term the TF-IDF-weighted mean of the embeddings', () => {
    const { tfidf, termVectors, embeddings, vocabulary } = topics;
    expect(vocabulary.length).toBe(tfidf.cols);
    const sums = vocabulary.map(() => new Float64Array(embeddings.cols));
    const weights = new Float64Array(vocabulary.length);
    for (let i = 0; i < tfidf.rows; i++)
      for (let p = Number(tfidf.indptr[i]); p < Number(tfidf.indptr[i + 1]); p++) {
        const term = tfidf.indices[p]!;
        weights[term]! += tfidf.data[p]!;
        row(embeddings, i).forEach((x, j) => {
          sums[term]![j]! += tfidf.data[p]! * x;
        });
      }
    for (const [term, vector] of rows(termVectors).entries())
      for (const [j, x] of vector.entries()) expect(x).toBeCloseTo(sums[term]![j]! / weights[term]!, 6);
  });

  test('names clusters by the terms nearest the centroid by cosine', () => {
    const vectors = rows(topics.termVectors);
    for (const { id, terms } of topics.clusters) {
      const scores = vectors.map((vector) => cosine(vector, row(topics.centroids, id)));
      const best = order(scores, -1).slice(0, 30);
      expect(terms.map(({ term }) => term)).toEqual(best.map((term) => topics.vocabulary[term]));
      terms.forEach(({ score }, at) => {
        expect(score).toBeCloseTo(scores[best[at]!]!, 5);
      });
    }
  });

  test('illustrates clusters by their own documents nearest the centroid', () => {
    for (const { id, exemplars } of topics.clusters) {
      const own = order(Array.from(topics.distances), 1).filter((i) => topics.labels[i] === id);
      expect(exemplars.map(({ index }) => index)).toEqual(own.slice(0, 5));
      for (const { index, id: name, text, distance } of exemplars) {
        expect({ name, text }).toEqual({ name: documents[index]!.id, text: documents[index]!.text });
        expect(distance).toBe(topics.distances[index]);
      }
    }
  });

  test('scores the fit: own documents among those nearest the mean of the terms', () => {
    const points = rows(topics.embeddings);
    for (const { id, size, terms, fit } of topics.clusters) {
      const mean = new Float32Array(topics.embeddings.cols);
      const weight = terms.reduce((sum, { score }) => sum + score, 0);
      for (const { term, score } of terms)
        row(topics.termVectors, topics.vocabulary.indexOf(term)).forEach((x, j) => {
          mean[j]! += (score * x) / weight;
        });
      const depth = Math.min(size, 50);
      const near = order(
        points.map((point) => cosine(point, mean)),
        -1,
      ).slice(0, depth);
      expect(fit).toBeCloseTo(near.filter((i) => topics.labels[i] === id).length / depth, 10);
    }
  });

  test('scores the clusters against the categories, far above chance', () => {
    expect(topics.scores!.ari).toBeGreaterThan(0.15);
    expect(topics.scores!.nmi).toBeCloseTo(topics.scores!.vMeasure, 10);
  });

  test('lays the documents out on a plane', () => {
    expect([topics.map.rows, topics.map.cols]).toEqual([documents.length, 2]);
    const spread = [0, 1].map((j) => rows(topics.map).reduce((sum, point) => sum + point[j]! ** 2, 0));
    expect(spread[0]).toBeGreaterThan(spread[1]!);
    expect(spread[1]).toBeGreaterThan(0);
  });

  test('reports progress by stage, each up to its total', () => {
    for (const stage of ['embed', 'tokenise', 'kmeans']) {
      const last = reports.filter((report) => report.stage === stage).at(-1);
      expect(last, stage).toBeDefined();
      expect(last!.done, stage).toBe(last!.total);
    }
    expect(topics.seconds.total).toBeGreaterThan(topics.seconds.embed!);
  });

  test('gives the same with one thread and plain code as with many and the best', async () => {
    process.env.MATOMARI_SIMD = 'scalar';
    try {
      const again = await discoverTopics(documents, { ...OPTIONS, threads: 1 });
      expect(again.info.simd).toBe('scalar');
      expect(again.labels).toEqual(topics.labels);
      expect(again.centroids).toEqual(topics.centroids);
      expect(again.termVectors).toEqual(topics.termVectors);
      expect(again.map).toEqual(topics.map);
      expect(again.clusters).toEqual(topics.clusters);
    } finally {
      delete process.env.MATOMARI_SIMD;
    }
  });

  test('takes plain strings, an open embedder and other limits', async () => {
    const embedder = await loadEmbedder('builtin');
    const texts = documents.map(({ text }) => text);
    const plain = await discoverTopics(texts, {
      ...OPTIONS,
      embedder,
      nTerms: 4,
      nExemplars: 2,
      pos: ['noun'],
    });
    expect(plain.labels).toEqual(topics.labels);
    expect(plain.documents[3]).toEqual({ id: '3', text: texts[3] });
    expect(plain.scores).toBeUndefined();
    expect(plain.clusters.every(({ terms, exemplars }) => terms.length === 4 && exemplars.length === 2)).toBe(
      true,
    );
    expect(plain.vocabulary).not.toContain('する');
    expect(topics.vocabulary).toContain('する');
    // The embedder is still the caller's.
    expect((await plain.assign(texts.slice(0, 5), { embedder })).labels).toEqual(topics.labels.slice(0, 5));
    await embedder.close();
  });

  test('assigns its own texts to their own clusters', async () => {
    const { labels, distances } = await topics.assign(documents.map(({ text }) => text));
    expect(labels).toEqual(topics.labels);
    expect(distances).toEqual(topics.distances);
  });

  test('is saved, and loaded as it was', async () => {
    const dir = join(folder.path, 'saved');
    await topics.save(dir);
    expect(listing(dir)).toEqual(
      [
        'centroids.npy',
        'clusters.jsonl',
        'documents.jsonl',
        'embeddings.npy',
        'labels.npy',
        'map.npy',
        'metrics.json',
        'report.html',
        'run.json',
        'term-vectors.npy',
        'tfidf.npz',
        'vocabulary.json',
      ].sort(),
    );
    const loaded = await Topics.load(dir);
    for (const part of Object.keys(topics) as (keyof Topics)[])
      expect(loaded[part], part).toEqual(topics[part]);
    expect((await loaded.assign([documents[0]!.text])).labels[0]).toBe(topics.labels[0]);
  });

  test('writes files that NumPy, SciPy and line readers know', async () => {
    const dir = join(folder.path, 'files');
    await topics.save(dir);
    const labels = await readNpy(join(dir, 'labels.npy'));
    expect({ ...labels, data: [...labels.data] }).toMatchObject({
      dtype: 'int32',
      shape: [documents.length],
      data: [...topics.labels],
    });
    expect(await readMatrix(join(dir, 'map.npy'))).toEqual(topics.map);
    expect((await readSparseNpz(join(dir, 'tfidf.npz'))).data).toEqual(topics.tfidf.data);
    expect(JSON.parse(readFileSync(join(dir, 'vocabulary.json'), 'utf8'))).toEqual(topics.vocabulary);
    expect(JSON.parse(readFileSync(join(dir, 'metrics.json'), 'utf8'))).toEqual(topics.scores);
    const lines = jsonLines(join(dir, 'documents.jsonl'));
    expect(lines.map(({ id }) => id)).toEqual(documents.map(({ id }) => id));
    expect(lines.map(({ cluster }) => cluster)).toEqual([...topics.labels]);
    expect(Float32Array.from(lines, ({ distance }) => distance as number)).toEqual(topics.distances);
    expect(readFileSync(join(dir, 'report.html'), 'utf8')).toContain(documents[0]!.text);
  });

  test('refuses a folder whose files are of two runs, or without run.json', async () => {
    const dir = join(folder.path, 'mixed');
    await topics.save(dir);
    writeFileSync(join(dir, 'vocabulary.json'), '["one"]');
    await expect(Topics.load(dir)).rejects.toMatchObject({ code: 'bad_file' });
    await expect(Topics.load(folder.path)).rejects.toThrow(/holds no finished run/);
  });
});

describe('discoverTopics refuses', () => {
  const two = ['雨の日の過ごし方', '雨の日の靴'];
  test.each([
    ['no documents', [], {}, 'bad_input', /no documents/],
    ['something that is no list', 'text', {}, 'bad_input', /must be an array/],
    ['a document without text', [{ id: 'a' }], {}, 'bad_input', /document 0/],
    [
      'more clusters than documents',
      two,
      { nClusters: 3 },
      'bad_input',
      /2 documents cannot make 3 clusters/,
    ],
    ['one document in the default number of clusters', ['雨'], {}, 'bad_input', /set nClusters to 1,/],
    ['no clusters', two, { nClusters: 0 }, 'bad_option', /nClusters must be an integer of at least 1/],
    ['a misspelt option', two, { nCluster: 2 }, 'bad_option', /did you mean "nClusters"/],
    ['another method', two, { method: 'kmean' }, 'bad_option', /did you mean "kmeans"/],
    [
      'a model that is not there',
      two,
      { nClusters: 1, embedder: '/no/such' },
      'model_not_found',
      /\/no\/such/,
    ],
    ['no embedder', two, { nClusters: 1, embedder: {} }, 'bad_option', /loadEmbedder/],
    ['a device that is not there', two, { nClusters: 1, device: 'cuda' }, 'no_device', /cuda/],
    ['a seed that is no whole number', two, { nClusters: 1, seed: 1.5 }, 'bad_option', /seed/],
    ['texts without a word', ['', ' '], { nClusters: 1 }, 'bad_input', /no terms were found in 2 documents/],
    ['a minDf that leaves nothing', two, { nClusters: 1, minDf: 3 }, 'bad_input', /lower minDf/],
    ['an unknown part of speech', two, { nClusters: 1, pos: ['nown'] }, 'bad_option', /did you mean "noun"/],
  ])('%s', async (_, input, options, code, message) => {
    const refused = discoverTopics(input as never, options as never);
    await expect(refused).rejects.toBeInstanceOf(MatomariError);
    await expect(refused).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  test('to go on when it is cancelled, and says why', async () => {
    const stop = new AbortController();
    const running = discoverTopics(documents, {
      ...OPTIONS,
      signal: stop.signal,
      onProgress: ({ stage }) => stage === 'tokenise' && stop.abort('enough'),
    });
    await expect(running).rejects.toMatchObject({ code: 'cancelled', cause: 'enough' });
  });
});

describe('discoverTopics at the edge', () => {
  test('one document makes one cluster', async () => {
    const { clusters, map, labels } = await discoverTopics(['雨の日でも滑らない靴'], { nClusters: 1 });
    expect(clusters[0]).toMatchObject({ size: 1, fit: 1, exemplars: [{ index: 0 }] });
    expect([...labels]).toEqual([0]);
    expect([...map.data]).toEqual([0, 0]);
  });

  test('equal texts share one cluster, and the others are empty and have no fit', async () => {
    const { clusters, labels, centroids } = await discoverTopics(new Array(6).fill('赤い自転車'), {
      nClusters: 3,
    });
    expect([...labels]).toEqual([0, 0, 0, 0, 0, 0]);
    expect(clusters.map(({ size }) => size)).toEqual([6, 0, 0]);
    expect(clusters.map(({ fit }) => fit)).toEqual([1, Number.NaN, Number.NaN]);
    expect(centroids.rows).toBe(3);
  });

  test('empty texts among others keep their place', async () => {
    const { labels, clusters, map } = await discoverTopics(
      ['', ...documents.map(({ text }) => text), ''],
      OPTIONS,
    );
    expect(labels.length).toBe(documents.length + 2);
    expect(labels[0]).toBe(labels[documents.length + 1]);
    expect(map.rows).toBe(documents.length + 2);
    expect(clusters.every(({ fit }) => fit >= 0)).toBe(true);
  });

  test('the default of minDf is 20 from 1,000 documents on, and 1 in 50 below', async () => {
    const words = ['alpha', 'beta', 'gamma', 'delta'];
    // Word w is in every 2^(w + 4)-th document of 1,000: 62, 31, 15 and 7 of them.
    const text = (i: number) => ['always', ...words.filter((_, w) => i % 2 ** (w + 4) === 0)].join(' ');
    const many = await discoverTopics(
      Array.from({ length: 1000 }, (_, i) => text(i)),
      { nClusters: 1 },
    );
    expect(many.vocabulary).toEqual(['alpha', 'always', 'beta']);
    const fewer = await discoverTopics(
      Array.from({ length: 999 }, (_, i) => text(i)),
      { nClusters: 1 },
    );
    expect(fewer.info.minDf).toBe(19);
    const few = await discoverTopics(
      Array.from({ length: 49 }, (_, i) => text(i)),
      { nClusters: 1 },
    );
    expect(few.info.minDf).toBe(1);
  });

  test('any object that embeds will do, and numbers may be ids and categories', async () => {
    const embed = async (given: readonly string[]) => ({
      ...matrix(given.map((text) => [text.length, text.includes('雨') ? 9 : 0])),
      truncated: 0,
      tokens: 0,
    });
    const rainy = ['雨の日', '雨の靴', '赤い自転車', '青い自転車'].map((text, id) => ({
      id,
      text,
      category: id >> 1,
    }));
    const topics = await discoverTopics(rainy, { nClusters: 2, embedder: { embed } as unknown as Embedder });
    expect([...topics.labels].map((label) => label === topics.labels[0])).toEqual([true, true, false, false]);
    expect(topics.scores).toEqual({ ari: 1, nmi: 1, vMeasure: 1 });
    expect(topics.documents[3]).toEqual({ id: '3', text: '青い自転車', category: '1' });
    expect(topics.info.model.name).toBe('custom');
  });

  test('documents without a category are left out of the scores', async () => {
    const some = documents.map(({ category, ...rest }, i) => (i % 2 ? rest : { ...rest, category }));
    const { scores, labels } = await discoverTopics(some, OPTIONS);
    expect(scores!.ari).toBeGreaterThan(0);
    expect(labels.length).toBe(documents.length);
  });
});
