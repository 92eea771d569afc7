import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type LsaEmbedder, loadEmbedder } from 'matomari/embed';
import { readNpy } from 'matomari/io';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from './embed-helpers.js';

const CORPUS = [
  'the cat sat on the mat with another cat',
  'a cat and a dog play on the mat',
  'the dog chased the cat',
  'stocks fell and the bank raised rates',
  'the bank cut rates as stocks rose',
  'rates and stocks and the bank',
];
const UNKNOWN = 'zzz qqq';

const rows = (m: { data: Float32Array; rows: number; cols: number }) =>
  Array.from({ length: m.rows }, (_, i) => Array.from(m.data.subarray(i * m.cols, (i + 1) * m.cols)));
const dot = (a: number[], b: number[]) => a.reduce((sum, x, l) => sum + x * b[l]!, 0);

let lsa: LsaEmbedder;
beforeAll(async () => {
  lsa = await (await loadEmbedder('lsa', { nComponents: 2, language: 'en' })).fit(CORPUS);
});
afterAll(() => lsa.close());

describe("loadEmbedder('lsa')", () => {
  it('puts texts that share their words together, on unit vectors', async () => {
    const vectors = rows(await lsa.embed(CORPUS));
    expect([lsa.model, lsa.dimensions, vectors[0]!.length]).toEqual(['lsa', 2, 2]);
    for (const v of vectors) expect(dot(v, v)).toBeCloseTo(1, 6);
    const near = dot(vectors[0]!, vectors[1]!);
    for (const j of [3, 4, 5]) expect(near).toBeGreaterThan(dot(vectors[0]!, vectors[j]!) + 0.3);
  });

  it('fitEmbed gives the vectors that embed gives, in any company', async () => {
    const other = await loadEmbedder('lsa', { nComponents: 2, language: 'en', threads: 1 });
    const fitted = await other.fitEmbed(CORPUS);
    expect(rows(fitted)).toEqual(rows(await lsa.embed(CORPUS)));
    expect(rows(await other.embed([CORPUS[4]!]))).toEqual([rows(fitted)[4]]);
    expect([fitted.tokens, fitted.truncated]).toEqual([
      (await other.countTokens(CORPUS)).reduce((a, b) => a + b),
      0,
    ]);
    await other.close();
  });

  it('takes words that are cut already, a list for every text', async () => {
    const other = await loadEmbedder('lsa', { nComponents: 2, language: 'en' });
    const words = CORPUS.map((text) => text.split(' '));
    expect(rows(await other.fitEmbed(CORPUS, { words }))).toEqual(rows(await lsa.embed(CORPUS)));
    await expect(other.fitEmbed(CORPUS, { words: words.slice(1) })).rejects.toMatchObject({
      code: 'bad_input',
      message: expect.stringMatching(/words has 5 lists for 6 texts/),
    });
    await other.close();
  });

  it('gives the zero vector for a text without a word of the corpus, and for none', async () => {
    expect(rows(await lsa.embed([UNKNOWN, '']))).toEqual([
      [0, 0],
      [0, 0],
    ]);
    expect((await lsa.embed([])).rows).toBe(0);
  });

  it('leaves what lies across all its dimensions near zero: rounding errors are no direction', async () => {
    const texts = [
      'apple pear plum',
      'apple pear fig',
      'pear plum apple fig',
      'stocks bonds',
      'bonds stocks rates',
    ];
    const one = await (await loadEmbedder('lsa', { nComponents: 1, language: 'en' })).fit(texts);
    const found = Array.from((await one.embed(texts)).data, Math.abs);
    expect(found.slice(0, 3)).toEqual([1, 1, 1]);
    expect(Math.max(...found.slice(3))).toBeLessThan(1e-3);
    await one.close();
  });

  it('numbers the terms of a text, and counts its words', async () => {
    const terms = lsa.fitted!.tfidf.featureNames;
    const { inputIds, attentionMask } = await lsa.tokenize(['the bank and the cat', UNKNOWN]);
    expect(inputIds.map((ids) => ids.map((id) => terms[id]))).toEqual([['and', 'bank', 'cat', 'the'], []]);
    expect(attentionMask).toEqual([[1, 1, 1, 1], []]);
    expect(Array.from(await lsa.countTokens(['the bank and the cat', '']))).toEqual([5, 0]);
  });

  it('cuts Japanese into words', async () => {
    const texts = ['節水できる洗濯機', '全自動の洗濯機を選ぶ', '女子代表の選手', '代表選手が決まる'];
    const japanese = await (await loadEmbedder('lsa', { nComponents: 2, pos: ['noun'] })).fit(texts);
    expect(japanese.fitted!.tfidf.featureNames).toEqual(expect.arrayContaining(['洗濯', '代表', '選手']));
    const [first, second, third] = rows(await japanese.embed(texts));
    expect(dot(first!, second!)).toBeGreaterThan(dot(first!, third!) + 0.5);
    await japanese.close();
  });

  it('has fewer dimensions where the corpus has fewer documents, and takes options', async () => {
    const small = await (await loadEmbedder('lsa', { minDf: 2, normalize: false, stopWords: ['the'] })).fit(
      CORPUS,
    );
    expect(small.dimensions).toBe(6);
    expect(small.fitted!.tfidf.featureNames).not.toContain('the');
    const lengths = rows(await small.embed(CORPUS)).map((v) => Math.sqrt(dot(v, v)));
    // Unit TF-IDF rows, all of whose directions are kept.
    for (const length of lengths) expect(length).toBeCloseTo(1, 5);
    await small.close();
  });

  it('tells how far it is, and stops when told to', async () => {
    const texts = Array.from({ length: 3000 }, (_, i) => `${CORPUS[i % 6]} word${i % 500} term${i % 700}`);
    const reports: number[] = [];
    const embedder = await loadEmbedder('lsa', { nComponents: 20 });
    await embedder.fit(texts, {
      onProgress: ({ stage, done, total }) =>
        reports.push(done) && expect([stage, total]).toEqual(['embed', 3000]),
    });
    expect(reports).toEqual([...reports].sort((a, b) => a - b));
    expect(reports.at(-1)).toBe(3000);
    const controller = new AbortController();
    const running = embedder.fit(texts, { signal: controller.signal, onProgress: () => controller.abort() });
    await expect(running).rejects.toMatchObject({ code: 'cancelled' });
    await embedder.close();
  });
});

describe('a saved lsa embedder', () => {
  it('is a model directory like any other', async () => {
    const dir = join(temporaryFolder(), 'deep', 'model');
    await lsa.save(dir);
    const again = await loadEmbedder(dir, { threads: 2 });
    expect(again.dimensions).toBe(2);
    expect(rows(await again.embed([...CORPUS, UNKNOWN]))).toEqual(
      rows(await lsa.embed([...CORPUS, UNKNOWN])),
    );
    await again.close();
  });

  it('embeds to a file, and goes on where it stopped', async () => {
    const folder = temporaryFolder();
    const texts = Array.from({ length: 5000 }, (_, i) => CORPUS[(i * i) % 6]!);
    const whole = join(folder, 'whole.npy');
    expect(await lsa.embedToFile(texts, whole)).toMatchObject({ rows: 5000, cols: 2, truncated: 0 });
    expect((await readNpy(whole)).data).toEqual((await lsa.embed(texts)).data);
    const path = join(folder, 'broken.npy');
    const controller = new AbortController();
    const stopped = lsa.embedToFile(texts, path, {
      signal: controller.signal,
      onProgress: ({ done }) => done > 0 && controller.abort(),
    });
    await expect(stopped).rejects.toMatchObject({ code: 'cancelled' });
    expect(existsSync(`${path}.partial`)).toBe(true);
    await lsa.embedToFile(texts, path, { resume: true });
    expect(readFileSync(path)).toEqual(readFileSync(whole));
  });

  it('is refused when damaged', async () => {
    const damaged = async (change: (dir: string) => void, message: RegExp) => {
      const dir = temporaryFolder();
      await lsa.save(dir);
      change(dir);
      await expect(loadEmbedder(dir)).rejects.toMatchObject({ code: 'bad_file', message });
    };
    const model = (text: string) => (dir: string) => writeFileSync(join(dir, 'lsa.json'), text);
    await damaged(model('{'), /lsa\.json is not JSON/);
    await damaged(model('{"format":"matomari.lsa","version":2}'), /version 2/);
    await damaged(model('{"format":"matomari.lsa","version":1}'), /lacks words, normalize or tfidf/);
    await damaged((dir) => rmSync(join(dir, 'components.npy')), /components\.npy/);
    await damaged((dir) => {
      const json = JSON.parse(readFileSync(join(dir, 'lsa.json'), 'utf8'));
      json.tfidf.featureNames.pop();
      json.tfidf.idf.pop();
      writeFileSync(join(dir, 'lsa.json'), JSON.stringify(json));
    }, /the files are not of one model/);
  });
});

describe('an lsa embedder refuses', () => {
  const refusal = async (run: () => Promise<unknown>, code: string, message: RegExp) => {
    await expect(run()).rejects.toMatchObject({ name: 'MatomariError', code, message });
  };

  it('to embed before it has learnt', async () => {
    const unfitted = await loadEmbedder('lsa');
    expect([unfitted.dimensions, unfitted.fitted]).toEqual([100, undefined]);
    const first = /learns from a corpus: call fit\(texts\) first/;
    await refusal(() => unfitted.embed(['a']), 'bad_input', first);
    await refusal(() => unfitted.tokenize(['a']), 'bad_input', first);
    await refusal(() => unfitted.embedToFile(['a'], join(temporaryFolder(), 'x.npy')), 'bad_input', first);
    await refusal(() => unfitted.save(temporaryFolder()), 'bad_input', first);
    await refusal(() => unfitted.fit([]), 'bad_input', /no documents/);
    await refusal(() => unfitted.fit(['?', '!']), 'bad_input', /no terms/);
    await unfitted.close();
  });

  it('options that it has not, prompts, and work once closed', async () => {
    const load = (options: object) => () => loadEmbedder('lsa', options);
    await refusal(load({ dtype: 'fp32' }), 'bad_option', /no option "dtype"/);
    await refusal(load({ nComponents: 0 }), 'bad_option', /nComponents/);
    await refusal(load({ minDf: -1 }), 'bad_option', /minDf/);
    await refusal(load({ normalize: 1 }), 'bad_option', /normalize/);
    await refusal(load({ language: '??' }), 'bad_option', /language/);
    await refusal(() => lsa.embed(['a'], { prompt: 'query' }), 'bad_option', /lsa knows no prompts/);
    const dir = temporaryFolder();
    await lsa.save(dir);
    await refusal(() => loadEmbedder(dir, { pooling: 'cls' }), 'bad_option', /no option "pooling"/);
    const closed = await loadEmbedder('lsa');
    await closed.close();
    await refusal(() => closed.fit(['a b']), 'closed', /was closed/);
  });
});
