import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createEncoder, type Encoder } from '#dist/embed/encode.js';
import { flatten } from '#dist/embed/flat-texts.js';
import root from '#dist/root.cjs';
import { FIXTURES, readJson, temporaryFolder } from './embed-helpers.js';

const BUILTIN = join(root, 'models', 'builtin', 'tokenizer.json');
const load = (json: string, lowercase = false, threads = 2) =>
  createEncoder({ json, config: {}, lowercase }, threads);

/** The ids of every text, special tokens included. */
async function encode({ prefix, encode, suffix }: Encoder, texts: string[]): Promise<number[][]> {
  const { ids, ends } = await encode(flatten(texts));
  return texts.map((_, i) => [...prefix, ...ids.subarray(i === 0 ? 0 : ends[i - 1]!, ends[i]!), ...suffix]);
}

function write(content: unknown): string {
  const path = join(temporaryFolder(), 'tokenizer.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

describe('the built-in tokenizer', () => {
  const hard = readJson<{ text: string; ids: number[] }[]>(join(FIXTURES, 'hard-ids.json'));

  it('gives the ids of Python for texts that trip tokenisers', async () => {
    const encoder = await load(BUILTIN);
    expect(hard.length).toBeGreaterThan(50);
    const found = await encode(
      encoder,
      hard.map(({ text }) => text),
    );
    expect(hard.map(({ text }, i) => [text, found[i]])).toEqual(hard.map(({ text, ids }) => [text, ids]));
  });

  it('gives the same ids with any number of threads, and for no texts none', async () => {
    const texts = Array.from({ length: 500 }, (_, i) => hard[(7 * i) % hard.length]!.text);
    const [one, four] = [await load(BUILTIN, false, 1), await load(BUILTIN, false, 4)];
    expect(await encode(four, texts)).toEqual(await encode(one, texts));
    expect(await one.encode(flatten([]))).toMatchObject({ ids: { length: 0 }, ends: { length: 0 } });
  });

  it('takes a text of 300,000 characters without a space', async () => {
    const encoder = await load(BUILTIN);
    const [once, many] = await encode(encoder, [
      '東京の天気は晴れです。',
      '東京の天気は晴れです。'.repeat(30_000),
    ]);
    expect(many!.length).toBeGreaterThan(29_000 * (once!.length - 1));
  });

  it('counts a lone surrogate as U+FFFD', async () => {
    const encoder = await load(BUILTIN);
    const [a, b, c, d] = await encode(encoder, ['東京\ud83d駅', '東京\ufffd駅', '\udc00', '\ufffd']);
    expect(a).toEqual(b);
    expect(c).toEqual(d);
    // Two halves of different texts are not one character.
    const [high, low] = await encode(encoder, ['a\ud83d', '\ude00b']);
    expect([high, low]).toEqual(await encode(encoder, ['a\ufffd', '\ufffdb']));
  });
});

describe('small tokenizers', () => {
  const { texts, cases } = readJson<{
    texts: string[];
    cases: { name: string; tokenizer: object; ids: number[][] }[];
  }>(join(FIXTURES, 'tokenizers.json'));

  it.each(cases)('$name: the ids of Python', async ({ tokenizer, ids }) => {
    const found = await encode(await load(write(tokenizer)), texts);
    expect(texts.map((text, i) => [text, found[i]])).toEqual(texts.map((text, i) => [text, ids[i]]));
  });

  it('lowercases before everything else when sentence_bert_config.json says so', async () => {
    const ties = write(cases.find((c) => c.name === 'ties')!.tokenizer);
    const [plain, lower] = [await load(ties), await load(ties, true)];
    const [upper, small] = await encode(plain, ['AB abC', 'ab abc']);
    expect(await encode(lower, ['AB abC'])).toEqual([small]);
    expect(upper).not.toEqual(small);
  });

  it('refuses what it cannot use, in words', async () => {
    const base = cases[0]!.tokenizer;
    await expect(load(write('{"model":'))).rejects.toMatchObject({
      code: 'bad_file',
      message: /not valid JSON/,
    });
    await expect(load(write({}))).rejects.toMatchObject({ code: 'bad_file', message: /no model.vocab/ });
    await expect(load(write({ ...base, post_processor: { type: 'Mystery' } }))).rejects.toMatchObject({
      code: 'bad_file',
      message: /post-processor is Mystery/,
    });
    const damaged = { type: 'Precompiled', precompiled_charsmap: 'AAAA' };
    await expect(load(write({ ...base, normalizer: damaged }))).rejects.toMatchObject({
      code: 'bad_file',
      message: /precompiled_charsmap/,
    });
  });
});
