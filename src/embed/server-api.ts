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
  /** Null where the server does not tell. */
  tokens: number | null;
  /** Which texts it cut, by their index; null where it does not tell. */
  truncated: number[] | null;
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

/** Statuses with which text-embeddings-inference refuses texts that are too long, among others. */
const TOO_LONG = [413, 422];

function inference(options: ServerOptions, info: Info): ServerApi {
  const { url, normalize = true } = options;
  const maxTokens = info.max_input_length;

  async function tokenize(texts: string[], signal: AbortSignal | undefined): Promise<number[][]> {
    const target = `${url}/tokenize`;
    const { text } = await post(options, target, { inputs: texts }, signal);
    return parsed<{ id: number }[][]>(text, target).map((ids) => ids.map(({ id }) => id));
  }

  /** It cuts in silence, so it is told to cut only where it has refused, and then asked which texts are too long. */
  async function embed(
    texts: string[],
    signal: AbortSignal | undefined,
    tooLong: number[] = [],
  ): Promise<Answered> {
    const target = `${url}/embed`;
    const body = { inputs: texts, normalize, truncate: tooLong.length > 0 };
    const answer = await send(options, target, body, signal);
    if (answer.status === 200 || tooLong.length > 0 || !TOO_LONG.includes(answer.status)) {
      const { text, headers } = accepted(options, answer);
      const tokens = headers.get('x-compute-tokens');
      const vectors = parsed<number[][]>(text, target);
      return { vectors, tokens: tokens === null ? null : Number(tokens), truncated: tooLong };
    }
    const ids = await tokenize(texts, signal);
    const long = [...ids.keys()].filter((i) => ids[i]!.length > (maxTokens ?? Infinity));
    if (long.length === 0) throw refusal(options, answer.status, answer.text);
    return embed(texts, signal, long);
  }

  return {
    maxTokens,
    batchSize: info.max_client_batch_size,
    embed: (texts, signal) => embed(texts, signal),
    tokenize,
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
      const { text } = await post(options, target, body, signal);
      const { data, usage } = parsed<V1Answer>(text, target);
      const vectors: number[][] = [];
      // The order is that of `index`, which need not be the order in which they come.
      for (const { index, embedding } of data ?? []) vectors[index] = embedding;
      const tokens = usage?.prompt_tokens ?? usage?.total_tokens ?? null;
      // Some servers refuse texts that are too long, others cut them; the protocol has no word for it.
      return { vectors, tokens, truncated: null };
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

/** An answer, read to its end. */
interface Answer {
  status: number;
  headers: Headers;
  text: string;
}

async function send(
  options: ServerOptions,
  target: string,
  body: object,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  const response = await ask(options, target, body, signal);
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** The answer; throws where it is a refusal. */
function accepted(options: ServerOptions, answer: Answer): Answer {
  if (answer.status >= 200 && answer.status < 300) return answer;
  throw refusal(options, answer.status, answer.text);
}

const post = async (...request: Parameters<typeof send>): Promise<Answer> =>
  accepted(request[0], await send(...request));

function parsed<T>(text: string, target: string): T {
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
