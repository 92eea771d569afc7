import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { discoverTopics, Topics } from 'matomari';
import { loadEmbedder } from 'matomari/embed';
import { readMatrix } from 'matomari/io';
import { beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../temporary.js';
import { headlines, jsonLines, listing, matomari } from './cli.js';

const folder = temporaryFolder().path;
const documents = headlines(20);
const texts = documents.map(({ text }) => text);
const OPTIONS = { embedder: 'lsa', nClusters: 6, minDf: 3, seed: 7, language: 'ja', pos: ['noun'] };

describe('discoverTopics with lsa', () => {
  let topics: Topics;
  beforeAll(async () => {
    topics = await discoverTopics(documents, OPTIONS);
  });

  test('learns from the documents, and assigns new texts alike', async () => {
    expect(topics.info.model).toMatchObject({ name: 'lsa', dimensions: 100, truncated: 0 });
    expect(topics.embeddings.cols).toBe(100);
    expect(topics.lsa?.words).toEqual({ language: 'ja', pos: ['noun'] });
    expect((await topics.assign(texts)).labels).toEqual(topics.labels);
  });

  test('takes an open embedder, which it fits if need be and leaves open', async () => {
    const embedder = await loadEmbedder('lsa', { language: 'ja', pos: ['noun'] });
    const first = await discoverTopics(documents, { ...OPTIONS, embedder });
    expect(first.labels).toEqual(topics.labels);
    // Fitted once, it does not learn again.
    const few = await discoverTopics(documents.slice(0, 40), { ...OPTIONS, embedder });
    expect(few.embeddings.data).toEqual(first.embeddings.data.slice(0, 40 * 100));
    await embedder.close();
  });

  test('an open embedder cuts texts in its own way', async () => {
    const embedder = await loadEmbedder('lsa', { language: 'ja' });
    const all = await discoverTopics(documents, { ...OPTIONS, embedder });
    expect(all.info.model.tokens).toBeGreaterThan(topics.info.model.tokens!);
    expect(all.embeddings).not.toEqual(topics.embeddings);
    expect(all.vocabulary).toEqual(topics.vocabulary);
    await embedder.close();
  });

  test('keeps what was learnt in the run directory, wherever that is moved', async () => {
    const dir = join(folder, 'saved');
    await topics.save(dir);
    expect(listing(join(dir, 'lsa'))).toEqual(['components.npy', 'lsa.json']);
    const moved = join(folder, 'moved');
    cpSync(dir, moved, { recursive: true });
    rmSync(dir, { recursive: true });
    const loaded = await Topics.load(moved);
    expect((await loaded.assign(texts)).distances).toEqual(topics.distances);
    // Another model takes its place.
    await (await discoverTopics(documents, { ...OPTIONS, embedder: 'builtin' })).save(moved);
    expect(listing(moved)).not.toContain('lsa');
  });
});

describe('the command line with lsa', () => {
  const csv = join(folder, 'titles.csv');
  const out = join(folder, 'run');
  const RUN = [
    'run',
    csv,
    '--text',
    'title',
    '--id',
    'id',
    '--model',
    'lsa',
    '--clusters',
    '6',
    '--min-df',
    '3',
    '--out',
    out,
  ];
  beforeAll(() => {
    writeFileSync(csv, `id,title\n${documents.map(({ id, text }) => `${id},"${text}"`).join('\n')}\n`);
  });

  test('run, resume and assign', async () => {
    const { status, stderr } = await matomari(RUN);
    expect(status, stderr).toBe(0);
    const clusters = jsonLines(join(out, 'documents.jsonl')).map(({ cluster }) => cluster);
    const before = readFileSync(join(out, 'embeddings.npy'));
    const again = await matomari([...RUN, '--resume']);
    expect(again.status, again.stderr).toBe(0);
    expect(readFileSync(join(out, 'embeddings.npy'))).toEqual(before);
    expect(jsonLines(join(out, 'documents.jsonl')).map(({ cluster }) => cluster)).toEqual(clusters);
    const assigned = await matomari(['assign', out, csv, '--text', 'title', '--id', 'id']);
    expect(assigned.status, assigned.stderr).toBe(0);
    const found = assigned.stdout
      .trimEnd()
      .split('\n')
      .map((line) => Number(line.split('\t')[1]));
    expect(found).toEqual(clusters);
  });

  test('resume learns anew where what was learnt is gone', async () => {
    rmSync(join(out, 'lsa', 'lsa.json'));
    const { status, stderr } = await matomari([...RUN, '--resume']);
    expect(status, stderr).toBe(0);
    expect(listing(join(out, 'lsa'))).toEqual(['components.npy', 'lsa.json']);
  });

  test('embed keeps what it learns beside the vectors, as a model', async () => {
    const [first, second] = [join(folder, 'first.npy'), join(folder, 'second.npy')];
    const learn = await matomari(['embed', csv, '--text', 'title', '--model', 'lsa', '--out', first]);
    expect(learn.status, learn.stderr).toBe(0);
    const model = join(folder, 'first.model');
    const use = await matomari(['embed', csv, '--text', 'title', '--model', model, '--out', second]);
    expect(use.status, use.stderr).toBe(0);
    expect(await readMatrix(second)).toEqual(await readMatrix(first));
    const prompt = await matomari([
      'embed',
      csv,
      '--text',
      'title',
      '--model',
      'lsa',
      '--prompt',
      'query',
      '--out',
      first,
    ]);
    expect([prompt.status, prompt.error]).toEqual([2, expect.stringContaining('lsa knows no prompts')]);
  });
});
