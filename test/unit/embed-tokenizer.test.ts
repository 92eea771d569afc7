import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createEncoder, type Encoder } from '#dist/embed/encode.js';
import root from '#dist/root.cjs';
import { FIXTURES, readJson, temporaryFolder } from './embed-helpers.js';

const BUILTIN = join(root, 'models', 'builtin', 'tokenizer.json');
const load = (json: string, lowercase = false) => createEncoder({ json, config: {}, lowercase });
const encode = ({ prefix, encode, suffix }: Encoder, text: string) => [...prefix, ...encode(text), ...suffix];

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
    expect(hard.map(({ text }) => [text, encode(encoder, text)])).toEqual(
      hard.map(({ text, ids }) => [text, ids]),
    );
  });

  it('takes a text of 300,000 characters without a space', async () => {
    const { encode } = await load(BUILTIN);
    const once = encode('東京の天気は晴れです。').length;
    expect(encode('東京の天気は晴れです。'.repeat(30_000)).length).toBeGreaterThan(29_000 * (once - 1));
  });

  it('counts a lone surrogate as U+FFFD', async () => {
    const { encode } = await load(BUILTIN);
    expect(encode('東京\ud83d駅')).toEqual(encode('東京\ufffd駅'));
    expect(encode('\udc00')).toEqual(encode('\ufffd'));
  });
});

describe('small tokenizers', () => {
  const { texts, cases } = readJson<{
    texts: string[];
    cases: { name: string; tokenizer: object; ids: number[][] }[];
  }>(join(FIXTURES, 'tokenizers.json'));

  it.each(cases)('$name: the ids of Python', async ({ tokenizer, ids }) => {
    const encoder = await load(write(tokenizer));
    expect(texts.map((text) => [text, encode(encoder, text)])).toEqual(
      texts.map((text, i) => [text, ids[i]]),
    );
  });

  it('lowercases before everything else when sentence_bert_config.json says so', async () => {
    const ties = write(cases.find((c) => c.name === 'ties')!.tokenizer);
    const [plain, lower] = [await load(ties), await load(ties, true)];
    expect(lower.encode('AB abC')).toEqual(plain.encode('ab abc'));
    expect(plain.encode('AB abC')).not.toEqual(plain.encode('ab abc'));
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
