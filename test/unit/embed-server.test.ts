import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { loadEmbedder } from 'matomari/embed';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { backOff } from '#dist/embed/http.js';
import { readMatrix } from '#dist/io/index.js';
import { lookupModel, temporaryFolder } from './embed-helpers.js';

interface Call {
  url: string;
  body: { input?: string[]; inputs?: string[]; model?: string; normalize?: boolean; truncate?: boolean };
  authorization: string | undefined;
}
type Reply = { status?: number; headers?: Record<string, string>; body: unknown };

const KEY = 'sk-very-secret';
/** Three numbers that tell a text from others. */
const vector = (text: string) => [text.length, text.codePointAt(0) ?? 0, 1];

let url: string;
let calls: Call[];
let kind: 'v1' | 'tei';
/** Answers in place of the server. */
let trick: ((call: Call) => Reply | 'hang' | undefined) | undefined;
let underWay = 0;
let most = 0;

async function read(request: IncomingMessage): Promise<Call> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return {
    url: request.url!,
    body: text ? JSON.parse(text) : {},
    authorization: request.headers.authorization,
  };
}

function reply({ url, body }: Call): Reply {
  const texts = body.input ?? body.inputs ?? [];
  if (kind === 'tei') {
    if (url === '/info') return { body: { model_id: 'm', max_input_length: 512, max_client_batch_size: 4 } };
    if (url === '/embed') {
      if (!body.truncate && texts.some((text) => text.length > 512))
        return {
          status: 413,
          body: { error: 'inputs must have less than 512 tokens', error_type: 'Validation' },
        };
      const cut = texts.map((text) => text.slice(0, 512));
      return { headers: { 'x-compute-tokens': `${cut.join('').length}` }, body: cut.map(vector) };
    }
    if (url === '/tokenize')
      return { body: texts.map((text) => [...text].map((c) => ({ id: c.charCodeAt(0) }))) };
  } else if (url === '/v1/embeddings') {
    const data = texts.map((text, index) => ({ index, embedding: vector(text) })).reverse();
    return { body: { data, usage: { prompt_tokens: texts.length * 2 } } };
  }
  return { status: 404, body: 'no such route' };
}

const server = createServer(async (request, response) => {
  const call = await read(request);
  calls.push(call);
  most = Math.max(most, ++underWay);
  const answer = trick?.(call) ?? reply(call);
  if (answer === 'hang') return;
  setTimeout(() => {
    underWay--;
    const { status = 200, headers = {}, body } = answer;
    response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));
  }, 5);
});
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  [calls, kind, trick, underWay, most] = [[], 'v1', undefined, 0, 0];
});
afterEach(() => {
  vi.unstubAllEnvs();
});

const texts = Array.from(
  { length: 100 },
  (_, i) => `${String.fromCodePoint(0x3042 + i)}${'x'.repeat(i % 7)}`,
);
const refused = (options: object, code: string, message: RegExp) =>
  expect(loadEmbedder(url, { retries: 0, ...options })).rejects.toMatchObject({
    name: 'MatomariError',
    code,
    message,
  });
const again = (status: number): Reply => ({ status, headers: { 'retry-after': '0' }, body: 'later' });

describe('a server', () => {
  it.each(['v1', 'tei'] as const)('stands in for a local model: %s', async (which) => {
    kind = which;
    const embedder = await loadEmbedder(url, { apiKey: KEY, modelName: 'm1', batchSize: 8, requests: 3 });
    expect(embedder).toMatchObject({ model: url, dimensions: 3, device: 'remote' });
    const seen: number[] = [];
    const found = await embedder.embed(texts, { onProgress: ({ done }) => seen.push(done) });
    expect([...found.data]).toEqual(texts.flatMap(vector));
    const truncated = which === 'tei' ? 0 : null;
    expect(found).toMatchObject({ rows: 100, cols: 3, truncated, device: 'remote' });
    expect(seen.at(-1)).toBe(100);
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(3);
    expect(new Set(calls.map((call) => call.authorization))).toEqual(new Set([`Bearer ${KEY}`]));
    const sizes = calls.map(({ body }) => (body.input ?? body.inputs ?? []).length);
    expect(Math.max(...sizes)).toBe(which === 'tei' ? 4 : 8);
    if (which === 'v1') expect(calls.at(-1)!.body.model).toBe('m1');
    const path = join(temporaryFolder(), 'v.npy');
    await embedder.embedToFile(texts, path, { promptText: 'query: ' });
    expect([...(await readMatrix(path)).data]).toEqual(texts.flatMap((text) => vector(`query: ${text}`)));
    await embedder.close();
    await expect(embedder.embed(['a'])).rejects.toMatchObject({ code: 'closed' });
  });

  it('tells tokens where it can', async () => {
    kind = 'tei';
    const tei = await loadEmbedder(url);
    expect(tei.maxTokens).toBe(512);
    expect([...(await tei.countTokens(['abc', '', 'de']))]).toEqual([3, 0, 2]);
    expect((await tei.tokenize(['ab'])).inputIds).toEqual([[97, 98]]);
    kind = 'v1';
    const v1 = await loadEmbedder(`${url}/v1/`);
    expect((await v1.embed(['a', 'b'])).tokens).toBe(4);
    await expect(v1.countTokens(['a'])).rejects.toMatchObject({
      code: 'bad_option',
      message: /local model/,
    });
    expect(calls.filter((call) => call.url === '/info').length).toBe(1);
  });

  it('is told to cut only what is too long, which is counted and listed', async () => {
    kind = 'tei';
    const tei = await loadEmbedder(url);
    const lengths = Array.from({ length: 3000 }, (_, i) =>
      [7, 1500, 2999].includes(i) ? 600 + i : 1 + (i % 9),
    );
    const some = lengths.map((length) => 'x'.repeat(length));
    calls = [];
    const found = await tei.embed(some);
    expect(found.truncated).toBe(3);
    expect([...found.truncatedIndices]).toEqual([7, 1500, 2999]);
    expect(found.tokens).toBe(lengths.reduce((sum, length) => sum + Math.min(length, 512), 0));
    expect([...found.data]).toEqual(some.flatMap((text) => vector(text.slice(0, 512))));
    // Three batches are refused, looked at and sent again; of the others nothing but their vectors is asked.
    expect(calls.filter((call) => call.url === '/tokenize').length).toBe(3);
    expect(calls.filter((call) => call.body.truncate === true).length).toBe(3);
    expect(calls.length).toBe(750 + 6);
    const path = join(temporaryFolder(), 'v.npy');
    const file = await tei.embedToFile(some, path);
    expect([file.truncated, ...file.truncatedIndices]).toEqual([3, 7, 1500, 2999]);
    // A refusal for another reason is one.
    trick = (call) => (call.url === '/embed' ? { status: 422, body: 'no' } : undefined);
    await expect(tei.embed(['a'])).rejects.toMatchObject({ code: 'bad_input', message: /422: no/ });
  });

  it('that does not tell whether it cuts leaves that open', async () => {
    const v1 = await loadEmbedder(url);
    expect(await v1.embed(['a', 'b'])).toMatchObject({ truncated: null, truncatedIndices: { length: 0 } });
    const path = join(temporaryFolder(), 'v.npy');
    expect(await v1.embedToFile(['a', 'b'], path)).toMatchObject({ truncated: null, tokens: 4 });
    trick = ({ body }) => ({
      body: { data: body.input!.map((text, index) => ({ index, embedding: vector(text) })) },
    });
    expect((await v1.embed(['a'])).tokens).toBeNull();
  });

  it('normalises when told to', async () => {
    const embedder = await loadEmbedder(url, { normalize: true });
    expect(Math.hypot(...(await embedder.embed(['abc'])).data)).toBeCloseTo(1, 6);
  });

  it('is asked again after 429 and 5xx answers', async () => {
    const embedder = await loadEmbedder(url);
    const statuses = [429, 500, 503];
    trick = () => {
      const status = statuses.shift();
      return status === undefined ? undefined : again(status);
    };
    expect([...(await embedder.embed(['ab'])).data]).toEqual(vector('ab'));
    expect(statuses).toEqual([]);
    // Other refusals are not repeated.
    const before = calls.length;
    trick = () => ({ status: 400, body: 'too long' });
    await expect(embedder.embed(['ab'])).rejects.toMatchObject({
      code: 'bad_input',
      message: /400: too long/,
    });
    expect(calls.length).toBe(before + 1);
    trick = () => again(503);
    const poor = await loadEmbedder(url, { retries: 2 }).catch((error) => error);
    expect(poor).toMatchObject({ code: 'model_not_found', message: /503: later\): try again later/ });
  });

  it('waits as long as it is told, or longer each time', () => {
    expect([0, 1, 2, 3].map((attempt) => backOff(attempt, null))).toEqual([500, 1000, 2000, 4000]);
    expect(backOff(0, '7')).toBe(7000);
    expect(backOff(3, '0')).toBe(0);
    const date = backOff(0, new Date(Date.now() + 20_000).toUTCString());
    expect(date).toBeGreaterThan(17_000);
    expect(date).toBeLessThanOrEqual(20_000);
    expect(backOff(0, '86400')).toBe(60_000);
    expect(backOff(1, 'soon')).toBe(1000);
  });

  it('can be left at any time', async () => {
    const embedder = await loadEmbedder(url);
    const abort = new AbortController();
    trick = () => {
      setTimeout(() => abort.abort('enough'), 20);
      return 'hang';
    };
    const cancelled = { code: 'cancelled', cause: 'enough' };
    await expect(embedder.embed(texts, { signal: abort.signal })).rejects.toMatchObject(cancelled);
    await expect(loadEmbedder(url, { signal: abort.signal })).rejects.toMatchObject(cancelled);
    trick = () => 'hang';
    const running = embedder.embed(texts);
    running.catch(() => {});
    await embedder.close();
    await expect(running).rejects.toMatchObject({ code: 'closed' });
  });

  it('is not believed when its answers cannot be', async () => {
    const embedder = await loadEmbedder(url, { retries: 0 });
    const answer = async (data: unknown, message: RegExp) => {
      trick = () => ({ body: data });
      await expect(embedder.embed(['a', 'b'])).rejects.toMatchObject({ code: 'bad_file', message });
    };
    const rows = (...list: unknown[]) => ({ data: list.map((embedding, index) => ({ index, embedding })) });
    await answer(rows([1, 2, 3]), /1 vectors for 2 texts/);
    await answer(rows([1, 2, 3], [1, 2]), /a vector of 2 dimensions, not 3/);
    await answer(rows([1, 2, 3], [1, null, 2]), /more than numbers/);
    await answer({}, /0 vectors for 2 texts/);
    await answer('<html>', /does not answer with JSON/);
    trick = () => 'hang';
    await refused({ timeout: 200 }, 'model_not_found', /cannot be reached \(no answer in 0\.2 s\)/);
  });

  it('never has its key told', async () => {
    vi.stubEnv('MATOMARI_API_KEY', KEY);
    trick = ({ authorization }) => ({ status: 401, body: `bad key ${authorization}` });
    await refused({}, 'bad_option', /refuses access \(401\).*apiKey/);
    trick = ({ authorization }) => ({ status: 422, body: `bad key ${authorization}` });
    await refused({}, 'bad_input', /422: bad key Bearer …/);
    const error = (await loadEmbedder(url, { apiKey: `${KEY}\n` }).catch((e) => e)) as Error;
    expect(error).toMatchObject({ code: 'bad_option', message: /visible ASCII/ });
    expect(error.message).not.toContain(KEY);
    await expect(loadEmbedder('http://me:pass@127.0.0.1/')).rejects.toMatchObject({
      code: 'bad_option',
      message: /without user and password/,
    });
  });

  it('has options of its own', async () => {
    await refused({ dtype: 'q8' }, 'bad_option', /dtype is decided by the server/);
    await refused({ longTexts: 'sliding' }, 'bad_option', /longTexts is decided/);
    await refused({ batchSize: 0 }, 'bad_option', /batchSize/);
    await refused({ prompt: 'query' }, 'bad_option', /prompt is decided/);
    await expect(loadEmbedder('http://127.0.0.1:9', { retries: 0 })).rejects.toMatchObject({
      code: 'model_not_found',
      message: /cannot be reached.*check its address/,
    });
    await expect(loadEmbedder(lookupModel(), { apiKey: 'x' })).rejects.toMatchObject({
      code: 'bad_option',
      message: /apiKey is for embedding servers/,
    });
  });
});
