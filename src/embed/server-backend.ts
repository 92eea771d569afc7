import { MatomariError, throwIfAborted } from '../errors.js';
import type { Backend, WindowVectors } from './backend.js';
import { appended, sum } from './known.js';
import { normalizeRow } from './pooling.js';
import type { ServerApi } from './server-api.js';

/** A model behind HTTP: windows are cut into requests, of which several are on their way at once. */
export class ServerBackend implements Backend {
  readonly concurrency = 2;
  readonly #api: ServerApi;
  readonly #dimensions: number;
  readonly #normalize: boolean;
  readonly #batchSize: number;
  readonly #closed = new AbortController();
  readonly #enter: <T>(work: () => Promise<T>) => Promise<T>;

  constructor(api: ServerApi, dimensions: number, normalize: boolean, batchSize: number, requests: number) {
    this.#api = api;
    this.#dimensions = dimensions;
    this.#normalize = normalize;
    this.#batchSize = batchSize;
    this.#enter = turnstile(requests);
  }

  async embed(
    operation: string,
    texts: string[],
    prompt: string,
    signal: AbortSignal,
    onProgress: (done: number) => void,
  ): Promise<WindowVectors> {
    const vectors = new Float32Array(texts.length * this.#dimensions);
    let tokens: number | null = 0;
    let truncated: number[] | null = [];
    let done = 0;
    await this.#batches(operation, texts, prompt, signal, async (batch, first, stop) => {
      const found = await this.#api.embed(batch, stop);
      checkVectors(found.vectors, batch.length, this.#dimensions);
      found.vectors.forEach((row, i) => {
        const target = vectors.subarray((first + i) * this.#dimensions, (first + i + 1) * this.#dimensions);
        target.set(row);
        if (this.#normalize) normalizeRow(target);
      });
      tokens = sum(tokens, found.tokens);
      truncated = appended(truncated, found.truncated?.map((i) => first + i) ?? null);
      done += batch.length;
      onProgress(done);
    });
    return { vectors, tokens, truncated: (truncated as number[] | null)?.sort((a, b) => a - b) ?? null };
  }

  async tokenize(operation: string, texts: string[], prompt: string, signal: AbortSignal | undefined) {
    const { tokenize } = this.#api;
    if (!tokenize)
      throw new MatomariError(
        'bad_option',
        `${operation}: this server embeds texts but does not tell their tokens: use a local model for that`,
      );
    const ids: number[][] = new Array(texts.length);
    await this.#batches(operation, texts, prompt, signal, async (batch, first, stop) => {
      (await tokenize(batch, stop)).forEach((row, i) => {
        ids[first + i] = row;
      });
    });
    const counts = Int32Array.from(ids, (row) => row.length);
    const offsets = new Uint32Array(texts.length + 1);
    for (let i = 0; i < texts.length; i++) offsets[i + 1] = offsets[i]! + counts[i]!;
    return { ids: Int32Array.from(ids.flat()), offsets, counts };
  }

  async close(): Promise<void> {
    this.#closed.abort();
  }

  /** Runs `work` on every batch of a window; the first failure ends the others. */
  async #batches(
    operation: string,
    texts: string[],
    prompt: string,
    signal: AbortSignal | undefined,
    work: (batch: string[], first: number, stop: AbortSignal) => Promise<void>,
  ): Promise<void> {
    const failed = new AbortController();
    const stop = AbortSignal.any([this.#closed.signal, failed.signal, ...(signal ? [signal] : [])]);
    const starts = Array.from(
      { length: Math.ceil(texts.length / this.#batchSize) },
      (_, i) => i * this.#batchSize,
    );
    const running = starts.map((first) =>
      this.#enter(async () => {
        stop.throwIfAborted();
        const batch = texts.slice(first, first + this.#batchSize).map((text) => prompt + text);
        await work(batch, first, stop);
      }).catch((error: unknown) => {
        failed.abort();
        throw error;
      }),
    );
    try {
      await Promise.all(running);
    } catch (error) {
      await Promise.allSettled(running);
      if (this.#closed.signal.aborted)
        throw new MatomariError('closed', 'the connection to the server was closed');
      throwIfAborted(signal, operation);
      throw error;
    }
  }
}

/** Throws unless there is one vector of finite numbers, of the right length, for every text. */
export function checkVectors(
  vectors: unknown,
  texts: number,
  dimensions: number | undefined,
): asserts vectors is number[][] {
  const list = Array.isArray(vectors) ? (vectors as unknown[]) : [];
  if (list.length !== texts)
    throw new MatomariError(
      'bad_file',
      `the embedding server answers with ${list.length} vectors for ${texts} texts: check the server`,
    );
  for (const row of list) {
    const valid = Array.isArray(row) && row.length > 0 && row.every((x) => Number.isFinite(x));
    if (valid && row.length === (dimensions ?? row.length)) continue;
    const what = valid
      ? `a vector of ${row.length} dimensions, not ${dimensions}`
      : 'a vector that holds more than numbers';
    throw new MatomariError('bad_file', `the embedding server answers with ${what}: check its model`);
  }
}

/** Lets `places` pieces of work run at once; the others wait in order. */
function turnstile(places: number): <T>(work: () => Promise<T>) => Promise<T> {
  let free = places;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free--;
    else await new Promise<void>((go) => waiting.push(go));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free++;
    }
  };
}
