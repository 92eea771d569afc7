import { join } from 'node:path';
import { type Embedder, loadEmbedder } from 'matomari/embed';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FIXTURES, headlines, lookupModel, readJson } from './embed-helpers.js';

const LOOKUP = join(FIXTURES, 'lookup');
type Account = { text: string; tokens: number; ids: number[] };
const expected = readJson<Record<'plain' | 'query', Account[]>>(join(LOOKUP, 'expected.json'));
const texts = expected.plain.map(({ text }) => text);

let builtin: Embedder;
let lookup: Embedder;
beforeAll(async () => {
  [builtin, lookup] = await Promise.all([loadEmbedder('builtin'), loadEmbedder(LOOKUP)]);
});
afterAll(() => Promise.all([builtin.close(), lookup.close()]));

const rows = (m: { data: Float32Array; rows: number; cols: number }) =>
  Array.from({ length: m.rows }, (_, i) => Array.from(m.data.subarray(i * m.cols, (i + 1) * m.cols)));

describe('embed', () => {
  it('gives unit vectors in the order of the texts', async () => {
    const list = headlines(5000);
    const all = await builtin.embed(list);
    expect([all.rows, all.cols, all.data.length]).toEqual([5000, 128, 5000 * 128]);
    expect(all.tokens).toBe((await builtin.countTokens(list)).reduce((a, b) => a + b, 0));
    expect(all.truncated).toBe(0);
    const vectors = rows(all);
    for (const row of vectors) expect(Math.abs(Math.hypot(...row) - 1)).toBeLessThan(1e-5);
    for (const i of [0, 1, 2047, 2048, 4999])
      expect(rows(await builtin.embed([list[i]!]))[0]).toEqual(vectors[i]);
  });

  it('with the built-in model gives the same bits in any company', async () => {
    const list = [...headlines(300), '', 'a', '一', '長い文。'.repeat(200), 'short and English'];
    const whole = rows(await builtin.embed(list));
    const reversed = rows(await builtin.embed([...list].reverse())).reverse();
    expect(reversed).toEqual(whole);
    const odd = list.filter((_, i) => i % 3 === 1);
    expect(rows(await builtin.embed(odd))).toEqual(whole.filter((_, i) => i % 3 === 1));
    for (const i of [0, 150, 300, 301, 302, 303, 304])
      expect(rows(await builtin.embed([list[i]!]))[0], `text ${i}`).toEqual(whole[i]);
    const other = await loadEmbedder('builtin', { threads: 2, tokensPerBatch: 100 });
    expect(rows(await other.embed(list))).toEqual(whole);
    await other.close();
  });

  it('gives the zero vector for a text without tokens', async () => {
    const [empty, blank, word] = rows(await builtin.embed(['', ' \n\t', '猫'])) as [
      number[],
      number[],
      number[],
    ];
    expect(empty.every((x) => x === 0) && blank.every((x) => x === 0)).toBe(true);
    expect(Math.hypot(...word)).toBeCloseTo(1, 5);
  });

  it('gives an empty matrix for an empty list', async () => {
    expect(await builtin.embed([])).toMatchObject({ rows: 0, cols: 128, truncated: 0, tokens: 0 });
  });

  it('refuses what is not a string, with its place', async () => {
    const wrong = ['a', 3] as unknown as string[];
    await expect(builtin.embed(wrong)).rejects.toMatchObject({ code: 'bad_input', message: /text 1 is 3/ });
    await expect(builtin.embed('abc' as never)).rejects.toMatchObject({
      code: 'bad_input',
      message: /array/,
    });
    await expect(builtin.countTokens([null as never])).rejects.toMatchObject({ code: 'bad_input' });
    await expect(builtin.tokenize([undefined as never])).rejects.toMatchObject({ code: 'bad_input' });
  });

  it('refuses options that it does not have', async () => {
    const misspelt = { onprogress: () => {} } as never;
    await expect(builtin.embed(['a'], misspelt)).rejects.toMatchObject({
      code: 'bad_option',
      message: /"onProgress"/,
    });
    await expect(builtin.embed(['a'], { prompt: 'query' })).rejects.toMatchObject({ code: 'bad_option' });
  });

  it('reports progress that ends with all and never goes back', async () => {
    const seen: number[] = [];
    const list = headlines(6000);
    await builtin.embed(list, {
      onProgress: ({ stage, done, total }) => {
        expect([stage, total]).toEqual(['embed', 6000]);
        seen.push(done);
      },
    });
    expect(seen.at(-1)).toBe(6000);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.length).toBeGreaterThanOrEqual(3);
  });

  it('rejects with what a progress callback throws', async () => {
    const onProgress = () => {
      throw new TypeError('mine');
    };
    await expect(builtin.embed(['a'], { onProgress })).rejects.toThrow('mine');
    expect((await builtin.embed(['a'])).rows).toBe(1);
  });

  it('serves calls that come at once', async () => {
    const list = headlines(2500);
    const [a, b, c] = await Promise.all([
      builtin.embed(list),
      builtin.embed(list.slice(0, 10)),
      builtin.embed(['猫']),
    ]);
    expect(rows(b)).toEqual(rows(a).slice(0, 10));
    expect(rows(c)).toEqual(rows(await builtin.embed(['猫'])));
  });
});

describe('tokens', () => {
  it('are counted before truncation and given after it, special tokens included', async () => {
    expect([...(await lookup.countTokens(texts))]).toEqual(expected.plain.map((a) => a.tokens));
    const { inputIds, attentionMask } = await lookup.tokenize(texts);
    expect(inputIds).toEqual(expected.plain.map((a) => a.ids));
    expect(attentionMask).toEqual(expected.plain.map((a) => a.ids.map(() => 1)));
    const long = expected.plain.flatMap((a, i) => (a.tokens > 12 ? [i] : []));
    expect(long.length).toBeGreaterThan(0);
    const embedded = await lookup.embed(texts);
    expect([...embedded.truncatedIndices]).toEqual(long);
    expect(embedded.truncated).toBe(long.length);
    expect(embedded.tokens).toBe(expected.plain.reduce((sum, a) => sum + a.ids.length, 0));
    for (const i of long) expect(inputIds[i]!.at(-1)).toBe(2);
  });

  it('include the prompt, by name or in letters', async () => {
    const wanted = expected.query.map((a) => a.ids);
    expect((await lookup.tokenize(texts, { prompt: 'query' })).inputIds).toEqual(wanted);
    expect((await lookup.tokenize(texts, { promptText: 'query: ' })).inputIds).toEqual(wanted);
    expect([...(await lookup.countTokens(texts, { prompt: 'query' }))]).toEqual(
      expected.query.map((a) => a.tokens),
    );
    const { inputIds } = await lookup.tokenize(texts, { prompt: 'none' });
    expect(inputIds).toEqual(expected.plain.map((a) => a.ids));
  });

  it('take the prompt of the call, else of loadEmbedder, else of the model', async () => {
    const prompts = { prompts: { query: 'query: ', x: 'あ' }, default_prompt_name: 'query' };
    const dir = lookupModel({ 'config_sentence_transformers.json': prompts });
    const byModel = await loadEmbedder(dir);
    const byOption = await loadEmbedder(dir, { promptText: '' });
    expect((await byModel.tokenize(texts)).inputIds).toEqual(expected.query.map((a) => a.ids));
    expect((await byModel.tokenize(texts, { promptText: '' })).inputIds).toEqual(
      expected.plain.map((a) => a.ids),
    );
    expect((await byOption.tokenize(texts)).inputIds).toEqual(expected.plain.map((a) => a.ids));
    expect((await byOption.tokenize(texts, { prompt: 'query' })).inputIds).toEqual(
      expected.query.map((a) => a.ids),
    );
    await Promise.all([byModel.close(), byOption.close()]);
    const lost = { prompts: {}, default_prompt_name: 'query' };
    const broken = loadEmbedder(lookupModel({ 'config_sentence_transformers.json': lost }));
    await expect(broken).rejects.toMatchObject({ code: 'bad_option' });
  });

  it('are cut at the beginning where tokenizer_config.json says so', async () => {
    const left = await loadEmbedder(lookupModel({ 'tokenizer_config.json': { truncation_side: 'left' } }));
    const text = 'あいうえおかきくけこさしすせそ';
    const [right, fromLeft] = await Promise.all([lookup.tokenize([text]), left.tokenize([text])]);
    const whole = (await (await loadEmbedder(LOOKUP, { maxTokens: 40 })).tokenize([text])).inputIds[0]!;
    expect(right.inputIds[0]).toEqual([...whole.slice(0, 11), 2]);
    expect(fromLeft.inputIds[0]).toEqual([0, ...whole.slice(-11)]);
    await left.close();
  });
});

describe('while it works', () => {
  it('leaves the event loop free', async () => {
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    const start = performance.now();
    await builtin.embed(headlines(30_000));
    const elapsed = performance.now() - start;
    clearInterval(timer);
    // A blocked loop gives none; a busy machine only fewer.
    expect(ticks).toBeGreaterThan(elapsed / 5 / 4);
  });

  it('can be cancelled, before and during, and goes on working', async () => {
    const reason = new Error('enough');
    const before = builtin.embed(['a'], { signal: AbortSignal.abort(reason) });
    await expect(before).rejects.toMatchObject({ code: 'cancelled', cause: reason });
    const list = headlines(200_000);
    const abort = new AbortController();
    let aborted = 0;
    const running = builtin.embed(list, {
      signal: abort.signal,
      onProgress: ({ done }) => {
        if (done < 5000 || abort.signal.aborted) return;
        aborted = performance.now();
        abort.abort(reason);
      },
    });
    await expect(running).rejects.toMatchObject({ code: 'cancelled', cause: reason });
    expect(performance.now() - aborted).toBeLessThan(50);
    const again = performance.now();
    expect((await builtin.embed(['猫'])).rows).toBe(1);
    // What was under way in the workers has been dropped, not worked off.
    expect(performance.now() - again).toBeLessThan(1000);
    const counting = new AbortController();
    const counts = builtin.countTokens(list, { signal: counting.signal });
    setTimeout(() => counting.abort(reason), 30);
    await expect(counts).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('rejects what is under way, and all that follows, once it is closed', async () => {
    const embedder = await loadEmbedder(LOOKUP);
    const running = embedder.embed(headlines(20_000));
    running.catch(() => {});
    const closing = embedder.close();
    await expect(running).rejects.toMatchObject({ code: 'closed' });
    await closing;
    await embedder.close();
    for (const call of [embedder.embed(['a']), embedder.countTokens(['a']), embedder.tokenize(['a'])])
      await expect(call).rejects.toMatchObject({
        code: 'closed',
        message: /was closed: load the model again/,
      });
  });
});
