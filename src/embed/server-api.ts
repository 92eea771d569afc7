import { MatomariError } from '../errors.js';
import { failure, fetchPatiently, passing } from './http.js';

/** How a server is talked to. */
export interface ServerOptions {
  /** Without its last slash. */
  url: string;
  apiKey: string | undefined;
  /** What the server calls the model, where it has several. */
  modelName: string | undefined;
  normalize: boolean | undefined;
  retries: number;
  /** Milliseconds to wait for an answer. */
  timeout: number;
}

/** What a server made of a list of texts. */
export interface Answered {
  vectors: number[][];
  /** 0 where the server does not tell. */
  tokens: number;
}

/** One kind of server. */
export interface ServerApi {
  /** What it says about itself; undefined where it does not. */
  maxTokens: number | undefined;
  /** Texts that it takes at once, where it tells. */
  batchSize: number | undefined;
  embed(texts: string[], signal: AbortSignal | undefined): Promise<Answered>;
  /** Ids of every text, where the server can tell them. */
  tokenize?(texts: string[], signal: AbortSignal | undefined): Promise<number[][]>;
}

/**
 * Finds out what kind of server this is: text-embeddings-inference describes itself at /info, everything else is taken
 * to speak the /v1/embeddings protocol.
 */
export async function serverApi(options: ServerOptions, signal: AbortSignal | undefined): Promise<ServerApi> {
  const { url } = options;
  const response = /\/v1(\/embeddings)?$/.test(url)
    ? undefined
    : await ask(options, `${url}/info`, undefined, signal);
  const info = response?.ok
    ? ((await response.json().catch(() => undefined)) as Info | undefined)
    : undefined;
  if (!response?.ok) await response?.body?.cancel();
  return typeof info?.model_id === 'string' ? inference(options, info) : v1(options);
}

interface Info {
  model_id?: string;
  max_input_length?: number;
  max_client_batch_size?: number;
}

function inference(options: ServerOptions, info: Info): ServerApi {
  const { url, normalize = true } = options;
  return {
    maxTokens: info.max_input_length,
    batchSize: info.max_client_batch_size,
    async embed(texts, signal) {
      const body = { inputs: texts, normalize, truncate: true };
      return { vectors: await post<number[][]>(options, `${url}/embed`, body, signal), tokens: 0 };
    },
    async tokenize(texts, signal) {
      const found = await post<{ id: number }[][]>(options, `${url}/tokenize`, { inputs: texts }, signal);
      return found.map((text) => text.map(({ id }) => id));
    },
  };
}

function v1(options: ServerOptions): ServerApi {
  const base = options.url.replace(/\/embeddings$/, '');
  const target = base.endsWith('/v1') ? `${base}/embeddings` : `${base}/v1/embeddings`;
  return {
    maxTokens: undefined,
    batchSize: undefined,
    async embed(texts, signal) {
      const body = { input: texts, model: options.modelName ?? 'default', encoding_format: 'float' };
      const { data, usage } = await post<V1Answer>(options, target, body, signal);
      const vectors: number[][] = [];
      // The order is that of `index`, which need not be the order in which they come.
      for (const { index, embedding } of data ?? []) vectors[index] = embedding;
      return { vectors, tokens: usage?.prompt_tokens ?? usage?.total_tokens ?? 0 };
    },
  };
}

interface V1Answer {
  data?: { index: number; embedding: number[] }[];
  usage?: { prompt_tokens?: number; total_tokens?: number };
}

async function ask(
  { url, apiKey, retries, timeout }: ServerOptions,
  target: string,
  body: object | undefined,
  signal: AbortSignal | undefined,
): Promise<Response> {
  const headers = {
    'content-type': 'application/json',
    ...(apiKey ? { authorization: `Bearer ${apiKey}` } : {}),
  };
  const init = body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) };
  try {
    return await fetchPatiently(target, init, { retries, timeout, signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw new MatomariError(
      'model_not_found',
      `the embedding server ${url} cannot be reached (${failure(error)}): check its address, and that it runs`,
    );
  }
}

async function post<T>(
  options: ServerOptions,
  target: string,
  body: object,
  signal: AbortSignal | undefined,
): Promise<T> {
  const response = await ask(options, target, body, signal);
  const text = await response.text();
  const { status } = response;
  if (!response.ok) throw refusal(options, status, text);
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new MatomariError(
      'bad_file',
      `${target} does not answer with JSON: give the address of an embedding server`,
    );
  }
}

function refusal({ url, apiKey }: ServerOptions, status: number, body: string): MatomariError {
  const text = apiKey ? body.replaceAll(apiKey, '…') : body;
  const says = text.replace(/\s+/g, ' ').trim().slice(0, 200);
  if (status === 401 || status === 403)
    return new MatomariError(
      'bad_option',
      `${url} refuses access (${status}): give a valid key as apiKey or MATOMARI_API_KEY`,
    );
  if (status === 404)
    return new MatomariError(
      'model_not_found',
      `${url} has no such model or route (404: ${says}): check the address and the option modelName`,
    );
  if (passing(status))
    return new MatomariError(
      'model_not_found',
      `${url} is overloaded or broken (${status}: ${says}): try again later`,
    );
  return new MatomariError(
    'bad_input',
    `${url} refuses the texts (${status}: ${says}): shorten them, or lower batchSize`,
  );
}
