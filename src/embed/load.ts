import { stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, resolve } from 'node:path';
import { checkBoolean, checkInteger, checkOneOf, checkOptions, environment, show } from '../check.js';
import { resolveThreads } from '../device.js';
import { MatomariError, throwIfAborted } from '../errors.js';
import { BackedEmbedder } from './backed-embedder.js';
import { devicesToTry, EMBED_DEVICES, type EmbedDevice, noDevice } from './devices.js';
import type { Embedder } from './embedder.js';
import { DTYPES, type Dtype } from './graph-choice.js';
import { type HubOptions, hubModel, isHubId } from './hub.js';
import { isAddress, loadServerEmbedder, SERVER_OPTIONS, type ServerEmbedderOptions } from './load-server.js';
import { LocalBackend } from './local-backend.js';
import { LsaEmbedder, type LsaOptions } from './lsa.js';
import { holdsLsa, readLsa } from './lsa-model.js';
import { builtinDirectory, type ModelDirectory, readModelDirectory } from './model-directory.js';
import { POOLING_MODES, type PoolingMode } from './pooling.js';
import { type PromptOptions, promptText } from './prompt.js';
import { SessionPool } from './session-pool.js';
import type { SessionWorkerData } from './session-worker.js';
import { orAborted } from './texts.js';
import type { TokenizerFacts, TokenizerWorkerData } from './tokenizer-worker.js';
import { WorkerLink } from './worker-link.js';

/** Options of loadEmbedder; what is left out the model's own files decide. */
export interface LoadEmbedderOptions extends PromptOptions, HubOptions, ServerEmbedderOptions {
  /**
   * Precision of the weights, i.e. which file of the onnx folder (default: model.onnx, else the only one there is).
   */
  dtype?: Dtype | undefined;
  /**
   * Where to run: `cuda`, `webgpu`, `coreml`, `dml`, `cpu`, or `auto` (the default), which tries them in this order and
   * takes the first on which the model runs.
   */
  device?: 'auto' | EmbedDevice | undefined;
  /** How token vectors become a text's vector. */
  pooling?: PoolingMode | undefined;
  /** Tokens that a text may have, special tokens included. */
  maxTokens?: number | undefined;
  /** Divide every vector by its length. */
  normalize?: boolean | undefined;
  /** Threads of the model's kernels (default: MATOMARI_THREADS, else every processor). */
  threads?: number | undefined;
  /**
   * Sessions on the CPU, each with threads / sessions of the threads and a copy of the weights (default: one a thread,
   * up to 8, as far as the copies stay within 2 GiB).
   */
  sessions?: number | undefined;
  /** `truncate` (default) cuts texts above maxTokens; `sliding` embeds windows of them and averages those by tokens. */
  longTexts?: 'truncate' | 'sliding' | undefined;
  /** Padded tokens of a batch (default 512; 8192 for static models). */
  tokensPerBatch?: number | undefined;
  /** Aborting it stops the loading and rejects with `cancelled`. */
  signal?: AbortSignal | undefined;
}

const OPTIONS = [
  'dtype',
  'device',
  'pooling',
  'prompt',
  'promptText',
  'maxTokens',
  'normalize',
  'threads',
  'sessions',
  'longTexts',
  'revision',
  'cacheDir',
  'localOnly',
  'tokensPerBatch',
  'signal',
  ...SERVER_OPTIONS,
] as const;

/**
 * Loads an embedding model.
 *
 * A model is a directory in the layout of sentence-transformers with an ONNX graph: `modules.json`,
 * `1_Pooling/config.json`, `config_sentence_transformers.json`, `sentence_bert_config.json`, `tokenizer.json` and
 * `onnx/*.onnx` decide pooling, prompts, maximum length and normalisation as they do in Python; without
 * modules.json vectors are the mean over the tokens, not normalised. A graph with an output `sentence_embedding` is
 * used as it is. Token ids equal those of Python's tokenizers.
 *
 * Tokenising and the model's sessions run in worker threads, which do not keep the process alive while idle. A model
 * of the hub is downloaded once, into the cache that Python's tools use, and verified.
 *
 * `lsa` needs no model: it learns from the corpus, by `fit(texts)`, before it embeds (see LsaEmbedder). A folder that its
 * `save` wrote is a model like any other.
 *
 * @param model 'builtin' (Japanese and English, 128 dimensions, comes with the package), 'lsa', the path of a model
 *   directory, the id of a model on the Hugging Face hub, 'intfloat/multilingual-e5-small' or with a revision
 *   'intfloat/multilingual-e5-small@COMMIT', or the address of a server (http://…) that speaks the /v1/embeddings protocol
 *   or text-embeddings-inference
 * @throws `model_not_found` for a missing directory or file, an unknown id, or a hub that cannot be reached; `bad_file`
 *   for a file that cannot be used, `bad_option`, `no_device` when the device asked for does not run the model,
 *   `no_addon` when onnxruntime-node cannot be loaded, `cancelled`
 */
export function loadEmbedder(model: 'lsa', options?: LsaOptions): Promise<LsaEmbedder>;
export function loadEmbedder(model: string, options?: LoadEmbedderOptions): Promise<Embedder>;
export async function loadEmbedder(
  model: string,
  options: LoadEmbedderOptions | LsaOptions = {},
): Promise<Embedder> {
  if (model === 'lsa') return LsaEmbedder.create(options as LsaOptions);
  if (typeof model === 'string' && !isAddress(model) && (await holdsLsa(model)))
    return LsaEmbedder.create(options as LsaOptions, await readLsa(model));
  return loadModel(model, options as LoadEmbedderOptions);
}

async function loadModel(model: string, options: LoadEmbedderOptions): Promise<Embedder> {
  checkOptions('loadEmbedder', options, OPTIONS);
  const { signal } = options;
  if (typeof model !== 'string' || model === '')
    throw new MatomariError(
      'model_not_found',
      `model must be 'builtin', 'lsa', the path of a model directory or the id of a model on the hub, not ${show(model)}`,
    );
  throwIfAborted(signal, 'loadEmbedder');
  if (isAddress(model)) return loadServerEmbedder(model, options);
  const misplaced = SERVER_OPTIONS.find((name) => options[name] !== undefined);
  if (misplaced)
    throw new MatomariError(
      'bad_option',
      `${misplaced} is for embedding servers (http://…): leave the option out`,
    );
  const checked = checkLoadOptions(options);
  const found = await locate(model, checked.dtype, options);
  const directory = await readModelDirectory(model, found.dir, checked.dtype);
  const maxTokens = chooseMaxTokens(options.maxTokens, directory.maxTokens, directory.positions);
  const { prompts } = directory;
  const byDefault = directory.defaultPrompt === undefined ? {} : { prompt: directory.defaultPrompt };
  const prompt = promptText(options, prompts) ?? promptText(byDefault, prompts) ?? '';
  const [graph, json] = await Promise.all([stat(directory.graph), stat(directory.tokenizerJson)]);
  const tokensPerBatch = checkInteger(
    'tokensPerBatch',
    options.tokensPerBatch ?? (directory.static ? 8192 : 512),
    1,
  );
  const sessionCount = chooseSessions(options.sessions, checked.threads, directory);
  const { order, skipped } = devicesToTry(checked.device, directory.static);
  if (order.length === 0) throw noDevice(skipped[0]!);
  const sessionData: SessionWorkerData = {
    ...sessionSettings(directory, checked),
    // A static graph has nothing to share out, and its sums would depend on how.
    threads: directory.static ? 1 : Math.max(1, Math.floor(checked.threads / sessionCount)),
    tokensPerBatch,
    devices: order,
  };
  const tokenizerData: TokenizerWorkerData = {
    json: directory.tokenizerJson,
    config: directory.tokenizerConfig,
    lowercase: directory.lowercase,
    truncateLeft: directory.tokenizerConfig.truncation_side === 'left',
    threads: checked.threads,
  };

  const workers: WorkerLink<unknown>[] = [];
  const addTokenizer = () => {
    const link = new WorkerLink<TokenizerFacts>('tokenizer-worker', tokenizerData, 'tokenizer worker');
    workers.push(link);
    return link;
  };
  try {
    const tokenizers = [addTokenizer()];
    const opening = SessionPool.open(sessionData, sessionCount, (link) => workers.push(link));
    const [{ specialTokens, lastId, threaded }, sessions] = await orAborted(
      Promise.all([tokenizers[0]!.ready, opening]),
      signal,
      'loadEmbedder',
    );
    if (maxTokens <= specialTokens)
      throw new MatomariError(
        'bad_option',
        `maxTokens must be above ${specialTokens}, the special tokens of every text, not ${maxTokens}`,
      );
    await checkVocabulary(sessions, lastId, directory);
    const { device, dimensions } = sessions.facts;
    // Where vectors come faster than ids, one tokenizer is not enough.
    const fast = !threaded && (directory.static || device !== 'cpu');
    while (fast && tokenizers.length < Math.min(checked.threads, 4)) tokenizers.push(addTokenizer());
    const name = model === 'builtin' ? model : (found.id ?? basename(found.dir));
    return new BackedEmbedder({
      model: name,
      revision: found.commit,
      dimensions,
      maxTokens,
      device,
      skippedDevices: [...skipped, ...sessions.facts.skipped],
      prompts,
      promptText: prompt,
      settings: {
        model: name,
        revision: found.commit,
        graphBytes: graph.size,
        tokenizerBytes: json.size,
        maxTokens,
        ...sessionData,
        graph: undefined,
        devices: device,
        longTexts: checked.longTexts,
      },
      backend: new LocalBackend({
        tokenizers,
        sessions,
        maxTokens,
        sliding: checked.longTexts === 'sliding',
        normalized: sessionData.normalize,
      }),
    });
  } catch (error) {
    for (const worker of workers) void worker.close();
    throw error;
  }
}

/** The options that need no model to be checked. */
function checkLoadOptions(options: LoadEmbedderOptions) {
  const { dtype, device, pooling, normalize, longTexts, threads } = options;
  return {
    dtype: dtype === undefined ? undefined : checkOneOf('dtype', dtype, Object.keys(DTYPES) as Dtype[]),
    device: checkOneOf('device', device ?? 'auto', ['auto', ...EMBED_DEVICES] as const),
    pooling: pooling === undefined ? undefined : checkOneOf('pooling', pooling, POOLING_MODES),
    normalize: normalize === undefined ? undefined : checkBoolean('normalize', normalize),
    longTexts: checkOneOf('longTexts', longTexts ?? 'truncate', ['truncate', 'sliding'] as const),
    threads: embeddingThreads(threads),
  };
}

/** The directory of a model, downloaded where that is needed. */
async function locate(
  model: string,
  dtype: Dtype | undefined,
  options: LoadEmbedderOptions,
): Promise<{ dir: string; id?: string | undefined; commit?: string }> {
  const { revision, cacheDir, localOnly, signal } = options;
  const dir = model === 'builtin' ? builtinDirectory() : resolve(model);
  const [id, pinned, ...rest] = model.split('@');
  const found = await stat(dir).catch(() => undefined);
  if (found?.isDirectory()) {
    if (revision === undefined) return { dir };
    throw new MatomariError(
      'bad_option',
      `revision is for models of the hub, and ${dir} is a directory: leave the option out`,
    );
  }
  if (!found && rest.length === 0 && isHubId(id!)) {
    if (pinned === undefined || revision === undefined || pinned === revision)
      return {
        id,
        ...(await hubModel(id!, dtype, { revision: revision ?? pinned, cacheDir, localOnly }, signal)),
      };
    throw new MatomariError(
      'bad_option',
      `model "${model}" and revision "${revision}" contradict each other: give one`,
    );
  }
  const what = found
    ? 'is a file'
    : "is neither 'builtin', nor a directory on this machine, nor a hub id (owner/name)";
  throw new MatomariError(
    'model_not_found',
    `model "${model}" ${what}: check the path, or download the model (hf download ID --local-dir DIR) and give its directory`,
  );
}

function sessionSettings(
  directory: ModelDirectory,
  { pooling, normalize }: { pooling: PoolingMode | undefined; normalize: boolean | undefined },
): Omit<SessionWorkerData, 'threads' | 'tokensPerBatch' | 'devices'> {
  return {
    graph: directory.graph,
    pooling: pooling ? [pooling] : directory.pooling,
    poolingAsked: pooling !== undefined,
    includePrompt: directory.includePrompt,
    normalize: normalize ?? directory.normalize,
    normalizePooled: normalize ?? false,
    otherModules: directory.otherModules,
    static: directory.static,
    padId: directory.padId,
  };
}

/** Bytes that the copies of the weights may take by default, and how many copies there are at most. */
const WEIGHT_COPIES = 2 * 2 ** 30;
const MOST_SESSIONS = 8;

/**
 * On the CPU n sessions of one thread do more than one session of n threads, whose kernels are too short to be shared
 * out well; but each has a copy of the weights. A static graph has nothing to share out.
 */
function chooseSessions(
  asked: unknown,
  threads: number,
  { static: sums, weightBytes }: ModelDirectory,
): number {
  if (asked !== undefined) return checkInteger('sessions', asked, 1, Math.max(threads, 1));
  if (sums) return 1;
  return Math.max(1, Math.min(threads, MOST_SESSIONS, Math.floor(WEIGHT_COPIES / weightBytes)));
}

/** Runs the highest id of the tokenizer's vocabulary through the graph, which has a row for it if the two fit. */
async function checkVocabulary(
  sessions: SessionPool,
  lastId: number,
  directory: ModelDirectory,
): Promise<void> {
  const vocabulary = directory.vocabulary ?? Infinity;
  try {
    if (lastId >= vocabulary) throw new Error(`config.json has ${vocabulary}`);
    const probe = {
      ids: Int32Array.of(lastId),
      offsets: Uint32Array.of(0, 1),
      counts: new Int32Array(1),
      promptTokens: 0,
    };
    await sessions.embed('loadEmbedder', probe, new AbortController().signal, () => {});
  } catch (cause) {
    throw new MatomariError(
      'bad_file',
      `${directory.tokenizerJson} has ids up to ${lastId}, but ${directory.graph} does not take that id (${(cause as Error).message}): take both from the same model`,
    );
  }
}

/** The option, else MATOMARI_THREADS, else every processor; the native addon is not needed to know. */
function embeddingThreads(threads: unknown): number {
  if (threads === undefined && environment('MATOMARI_THREADS') === undefined) return availableParallelism();
  return resolveThreads(threads);
}

function chooseMaxTokens(asked: unknown, usual: number, positions: number): number {
  if (asked === undefined) return usual;
  const tokens = checkInteger('maxTokens', asked, 1);
  if (tokens <= Math.max(positions, usual)) return tokens;
  throw new MatomariError(
    'bad_option',
    `maxTokens must be at most ${Math.max(positions, usual)}, the positions of this model, not ${tokens}`,
  );
}
