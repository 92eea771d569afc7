import { copyFileSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type LoadEmbedderOptions, loadEmbedder, type PoolingMode } from 'matomari/embed';
import { describe, expect, it } from 'vitest';
import { difference, FIXTURES, lookupModel, readJson, temporaryFolder } from './embed-helpers.js';

const MODES: PoolingMode[] = ['mean', 'cls', 'max', 'mean_sqrt_len', 'weightedmean', 'lasttoken'];
type Account = { text: string; tokens: number; ids: number[] } & Record<PoolingMode, number[]>;
const expected = readJson<Record<'plain' | 'query' | 'queryExcluded', Account[]> & { table: number[][] }>(
  join(FIXTURES, 'lookup', 'expected.json'),
);
/** Sum over the table rows of a text's tokens: the graphs without positions know no more. */
const total = ({ ids }: Account) =>
  ids.reduce((sum, id) => sum.map((x, d) => x + expected.table[id]![d]!), new Array<number>(6).fill(0));
const texts = expected.plain.map(({ text }) => text);

/** Vectors of the texts in one call (so in padded batches) and one by one. */
async function vectors(
  dir: string,
  options: LoadEmbedderOptions = {},
): Promise<{ together: number[][]; alone: number[][] }> {
  const embedder = await loadEmbedder(dir, options);
  try {
    const size = embedder.dimensions;
    const all = await embedder.embed(texts);
    expect([all.rows, all.cols]).toEqual([texts.length, size]);
    const together = texts.map((_, i) => [...all.data.subarray(i * size, (i + 1) * size)]);
    const alone: number[][] = [];
    for (const text of texts) alone.push([...(await embedder.embed([text])).data]);
    return { together, alone };
  } finally {
    await embedder.close();
  }
}

function same(found: number[][], wanted: number[][], tolerance = 1e-5): void {
  found.forEach((row, i) => {
    expect(difference(row, wanted[i]!), `text ${i}`).toBeLessThan(tolerance);
  });
}

describe('pooling in the graph', () => {
  it.each(MODES)('%s: as sentence-transformers defines it, padded or not', async (pooling) => {
    const { together, alone } = await vectors(join(FIXTURES, 'lookup'), { pooling });
    const wanted = expected.plain.map((account) => account[pooling]);
    same(together, wanted);
    same(alone, wanted);
  });

  it('joins the modes of 1_Pooling in the order of sentence-transformers', async () => {
    const config = {
      pooling_mode_mean_tokens: true,
      pooling_mode_cls_token: true,
      pooling_mode_max_tokens: true,
    };
    const { together } = await vectors(lookupModel({ '1_Pooling/config.json': config }));
    same(
      together,
      expected.plain.map(({ cls, max, mean }) => [...cls, ...max, ...mean]),
    );
  });

  it('reads the newer form of 1_Pooling, in the order given', async () => {
    const config = { embedding_dimension: 6, pooling_mode: ['max', 'lasttoken', 'mean_sqrt_len_tokens'] };
    const { together } = await vectors(lookupModel({ '1_Pooling/config.json': config }));
    same(
      together,
      expected.plain.map((a) => [...a.max, ...a.lasttoken, ...a.mean_sqrt_len]),
    );
    const max = await vectors(lookupModel({ '1_Pooling/config.json': { pooling_mode: 'max' } }));
    same(
      max.together,
      expected.plain.map((a) => a.max),
    );
  });

  it.each(MODES)('%s: without the tokens of the prompt where include_prompt is false', async (pooling) => {
    const dir = lookupModel({ '1_Pooling/config.json': { pooling_mode: pooling, include_prompt: false } });
    const { together } = await vectors(dir, { prompt: 'query' });
    same(
      together,
      expected.queryExcluded.map((a) => a[pooling]),
    );
  });

  it('normalises when modules.json or the option says so, and not without modules.json', async () => {
    const unit = (v: number[]) => v.map((x) => x / Math.hypot(...v));
    const mean = expected.plain.map((a) => a.mean);
    const normalize = {
      idx: 2,
      name: '2',
      path: '2_Normalize',
      type: 'sentence_transformers.models.Normalize',
    };
    const modules = readJson<object[]>(join(FIXTURES, 'lookup', 'modules.json'));
    const dir = lookupModel({ 'modules.json': [...modules, normalize] });
    same((await vectors(dir)).together, mean.map(unit));
    same((await vectors(dir, { normalize: false })).together, mean);
    const bare = lookupModel({ 'modules.json': null, '1_Pooling': null, 'sentence_bert_config.json': null });
    same((await vectors(bare, { maxTokens: 12 })).together, mean);
    same((await vectors(bare, { maxTokens: 12, normalize: true })).together, mean.map(unit));
  });

  it('reads half-precision hidden states as numbers', async () => {
    const { together } = await vectors(join(FIXTURES, 'lookup'), { dtype: 'fp16' });
    same(
      together,
      expected.plain.map((a) => a.mean),
      2e-3,
    );
    const max = await vectors(join(FIXTURES, 'lookup'), { dtype: 'fp16', pooling: 'max' });
    same(
      max.together,
      expected.plain.map((a) => a.max),
      2e-3,
    );
  });

  it('does not depend on the budget of a batch', async () => {
    const small = await vectors(join(FIXTURES, 'lookup'), { tokensPerBatch: 1 });
    const large = await vectors(join(FIXTURES, 'lookup'), { tokensPerBatch: 100_000, threads: 1 });
    same(small.together, large.together, 1e-6);
  });
});

describe('other graphs', () => {
  it('feeds 32-bit inputs and finds weights beside the graph', async () => {
    const dir = lookupModel({
      'onnx/model.onnx': 'graphs/int32.onnx',
      'onnx/int32.onnx_data': 'graphs/int32.onnx_data',
      'onnx/model_fp16.onnx': null,
    });
    const { together, alone } = await vectors(dir);
    const means = expected.plain.map((a) => total(a).map((x) => x / a.ids.length));
    same(together, means);
    same(alone, means);
  });

  it('finds weights through links, as in the cache of Python', async () => {
    const dir = lookupModel({ 'onnx/model.onnx': 'graphs/int32.onnx', 'onnx/model_fp16.onnx': null });
    const blobs = temporaryFolder();
    copyFileSync(join(FIXTURES, 'graphs', 'int32.onnx_data'), join(blobs, 'abc'));
    symlinkSync(join(blobs, 'abc'), join(dir, 'onnx', 'int32.onnx_data'));
    same(
      (await vectors(dir)).together,
      expected.plain.map((a) => total(a).map((x) => x / a.ids.length)),
    );
    expect(readdirSync(blobs)).toEqual(['abc']);
  });

  it('takes sentence_embedding as it is, whatever 1_Pooling says, and normalises only on request', async () => {
    const dir = lookupModel({ 'onnx/model.onnx': 'graphs/pooled.onnx' });
    const totals = expected.plain.map(total);
    // Half precision: eleven bits.
    same((await vectors(dir)).together, totals, 0.02);
    const mean = await vectors(dir, { pooling: 'mean' });
    same(
      mean.together,
      expected.plain.map((a, i) => totals[i]!.map((x) => x / a.ids.length)),
    );
    const unit = await vectors(dir, { normalize: true });
    for (const row of unit.together) expect(Math.hypot(...row)).toBeCloseTo(1, 5);
  });

  it('refuses exports for generating text, and says how to export', async () => {
    const logits = lookupModel({ 'onnx/model.onnx': 'graphs/logits.onnx' });
    await expect(loadEmbedder(logits)).rejects.toMatchObject({
      code: 'bad_file',
      message: /generating text.*logits.*feature-extraction/,
    });
    const past = lookupModel({ 'onnx/model.onnx': 'graphs/past.onnx' });
    await expect(loadEmbedder(past)).rejects.toMatchObject({
      code: 'bad_file',
      message: /past_key_values\.0\.key.*feature-extraction/,
    });
  });

  it('refuses modules that the graph does not hold', async () => {
    const modules = readJson<object[]>(join(FIXTURES, 'lookup', 'modules.json'));
    const dense = { idx: 2, name: '2', path: '2_Dense', type: 'sentence_transformers.models.Dense' };
    await expect(loadEmbedder(lookupModel({ 'modules.json': [...modules, dense] }))).rejects.toMatchObject({
      code: 'bad_file',
      message: /Dense/,
    });
    const pooled = lookupModel({
      'modules.json': [...modules, dense],
      'onnx/model.onnx': 'graphs/pooled.onnx',
    });
    await (await loadEmbedder(pooled)).close();
  });

  it('averages windows of long texts, by their tokens, where it is told to', async () => {
    // This graph knows no positions: the hidden state of a token is its row of the table.
    const dir = lookupModel({
      'onnx/model.onnx': 'graphs/int32.onnx',
      'onnx/int32.onnx_data': 'graphs/int32.onnx_data',
      'onnx/model_fp16.onnx': null,
    });
    const long = 'あいうえおかきくけこさしすせそたちつてとなにぬ';
    const all = await loadEmbedder(dir, { maxTokens: 40 });
    const ids = (await all.tokenize([long])).inputIds[0]!.slice(1, -1);
    await all.close();
    // Twelve tokens with the two special ones: three windows, as equal as can be.
    const borders = [0, 1, 2, 3].map((k) => Math.floor((k * ids.length) / 3));
    expect(ids.length).toBeGreaterThan(20);
    expect(ids.length).toBeLessThanOrEqual(30);
    const unit = (v: number[]) => v.map((x) => x / Math.hypot(...v));
    const weighted = (normalize: boolean) => {
      const sum = new Array<number>(6).fill(0);
      for (let k = 0; k < 3; k++) {
        const piece = [0, ...ids.slice(borders[k], borders[k + 1]), 2];
        const mean = sum.map(
          (_, d) => piece.reduce((total, id) => total + expected.table[id]![d]!, 0) / piece.length,
        );
        (normalize ? unit(mean) : mean).forEach((x, d) => {
          sum[d]! += (x * piece.length) / (ids.length + 6);
        });
      }
      return normalize ? unit(sum) : sum;
    };
    for (const normalize of [false, true]) {
      const sliding = await loadEmbedder(dir, { longTexts: 'sliding', normalize });
      const found = await sliding.embed(['あい', long, 'ん']);
      same([[...found.data.subarray(6, 12)]], [weighted(normalize)]);
      expect([...found.truncatedIndices]).toEqual([1]);
      const cut = await loadEmbedder(dir, { normalize });
      const short = await cut.embed(['あい', 'ん']);
      same(
        [[...found.data.subarray(0, 6)], [...found.data.subarray(12)]],
        [[...short.data.subarray(0, 6)], [...short.data.subarray(6)]],
      );
      await Promise.all([sliding.close(), cut.close()]);
    }
  });

  it('puts the prompt before every window', async () => {
    const dir = lookupModel();
    const sliding = await loadEmbedder(dir, { longTexts: 'sliding', prompt: 'query' });
    const { tokens } = await sliding.embed(['あいうえおかきくけこさしすせそたちつてと']);
    const [whole] = await sliding.countTokens(['あいうえおかきくけこさしすせそたちつてと']);
    const [alone] = await sliding.countTokens(['']);
    const prompt = alone! - 2;
    const windows = Math.ceil((whole! - 2 - prompt) / (10 - prompt));
    expect(windows).toBeGreaterThan(1);
    expect(tokens).toBe(whole! - 2 - prompt + windows * (2 + prompt));
    await sliding.close();
  });

  it('refuses a tokenizer of another model', async () => {
    const tokenizer = readJson<{ model: { vocab: [string, number][] } }>(
      join(FIXTURES, 'lookup', 'tokenizer.json'),
    );
    const vocab = [...tokenizer.model.vocab, ['余', -9]];
    const dir = lookupModel({ 'tokenizer.json': { ...tokenizer, model: { ...tokenizer.model, vocab } } });
    const message = new RegExp(
      `has ids up to ${vocab.length - 1}, but .*model\\.onnx does not take.*same model`,
    );
    await expect(loadEmbedder(dir)).rejects.toMatchObject({ code: 'bad_file', message });
    const config = { ...readJson<object>(join(FIXTURES, 'lookup', 'config.json')), vocab_size: 9 };
    await expect(loadEmbedder(lookupModel({ 'config.json': config }))).rejects.toMatchObject({
      code: 'bad_file',
      message: /config\.json has 9/,
    });
  });

  it('refuses a graph that was cut off anywhere', async () => {
    const bytes = readFileSync(join(FIXTURES, 'lookup', 'onnx', 'model.onnx'));
    for (const share of [0, 0.3, 0.7, 0.999]) {
      const dir = lookupModel();
      writeFileSync(join(dir, 'onnx', 'model.onnx'), bytes.subarray(0, Math.floor(bytes.length * share)));
      await expect(loadEmbedder(dir)).rejects.toMatchObject({
        code: 'bad_file',
        message: /not an ONNX model.*again/,
      });
    }
  });

  it('refuses a file that is no model', async () => {
    const dir = lookupModel({ 'onnx/model.onnx': 'README.md' });
    await expect(loadEmbedder(dir)).rejects.toMatchObject({ code: 'bad_file', message: /not an ONNX model/ });
    const lost = lookupModel({ 'onnx/model.onnx': 'graphs/int32.onnx' });
    await expect(loadEmbedder(lost)).rejects.toMatchObject({ code: 'bad_file', message: /ONNX Runtime/ });
  });
});
