import { checkBoolean, checkInteger, environment, show } from '../check.js';
import { MatomariError, throwIfAborted } from '../errors.js';
import { BackedEmbedder } from './backed-embedder.js';
import type { Embedder } from './embedder.js';
import { type PromptOptions, promptText } from './prompt.js';
import { type ServerOptions, serverApi } from './server-api.js';
import { checkVectors, ServerBackend } from './server-backend.js';

/** Options of loadEmbedder('http://…'). */
export interface ServerEmbedderOptions {
  /** Sent as a bearer token (default MATOMARI_API_KEY); never written anywhere. */
  apiKey?: string | undefined;
  /** What the server calls the model (the request's `model`), where it has several. */
  modelName?: string | undefined;
  /** Texts of one request (default 32, or what the server allows if that is less). */
  batchSize?: number | undefined;
  /** Requests on their way at once (default 4). */
  requests?: number | undefined;
  /** Attempts after the first, for 429 and 5xx answers and broken connections (default 5). */
  retries?: number | undefined;
  /** Milliseconds to wait for an answer (default 60,000). */
  timeout?: number | undefined;
}

export const SERVER_OPTIONS = ['apiKey', 'modelName', 'batchSize', 'requests', 'retries', 'timeout'] as const;
const SHARED_OPTIONS = ['normalize', 'promptText', 'signal', 'device', 'threads'];

export const isAddress = (model: string): boolean => /^https?:\/\//.test(model);

/** An embedder whose vectors come from a server: the `/v1/embeddings` protocol, or text-embeddings-inference. */
export async function loadServerEmbedder(
  model: string,
  options: ServerEmbedderOptions &
    PromptOptions & { normalize?: boolean | undefined; signal?: AbortSignal | undefined },
): Promise<Embedder> {
  const { signal } = options;
  for (const [name, value] of Object.entries(options))
    if (value !== undefined && ![...SERVER_OPTIONS, ...SHARED_OPTIONS].includes(name))
      throw new MatomariError(
        'bad_option',
        `${name} is decided by the server at ${model}: leave the option out`,
      );
  const server = serverOptions(model, options);
  const requests = checkInteger('requests', options.requests ?? 4, 1, 256);
  const asked = checkInteger('batchSize', options.batchSize ?? 32, 1);
  try {
    const api = await serverApi(server, signal);
    const { vectors } = await api.embed(['a'], signal);
    checkVectors(vectors, 1, undefined);
    const dimensions = vectors[0]!.length;
    const maxTokens = api.maxTokens ?? Infinity;
    return new BackedEmbedder({
      model: server.url,
      revision: undefined,
      dimensions,
      maxTokens,
      device: 'remote',
      skippedDevices: [],
      prompts: {},
      promptText: promptText(options, {}) ?? '',
      settings: { model: server.url, modelName: server.modelName, normalize: server.normalize },
      backend: new ServerBackend(
        api,
        dimensions,
        server.normalize === true,
        Math.min(asked, api.batchSize ?? asked),
        requests,
      ),
    });
  } catch (error) {
    throwIfAborted(signal, 'loadEmbedder');
    throw error;
  }
}

function serverOptions(
  model: string,
  {
    apiKey,
    modelName,
    normalize,
    retries,
    timeout,
  }: ServerEmbedderOptions & { normalize?: boolean | undefined },
): ServerOptions {
  const url = URL.canParse(model) ? new URL(model) : undefined;
  if (!url || url.username || url.password)
    throw new MatomariError(
      'bad_option',
      'the address of an embedding server must be a URL without user and password: give the key as apiKey',
    );
  for (const [name, value] of Object.entries({ apiKey, modelName }))
    if (value !== undefined && typeof value !== 'string')
      throw new MatomariError('bad_option', `${name} must be a string, not ${show(typeof value)}`);
  if (apiKey !== undefined && !/^[\x21-\x7e]+$/.test(apiKey))
    throw new MatomariError(
      'bad_option',
      'apiKey must be of visible ASCII characters, without spaces: check the key',
    );
  return {
    url: model.replace(/\/+$/, ''),
    apiKey: apiKey ?? environment('MATOMARI_API_KEY'),
    modelName,
    normalize: normalize === undefined ? undefined : checkBoolean('normalize', normalize),
    retries: checkInteger('retries', retries ?? 5, 0, 20),
    timeout: checkInteger('timeout', timeout ?? 60_000, 1),
  };
}
