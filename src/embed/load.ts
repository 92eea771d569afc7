import { stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { checkBoolean, checkInteger, checkOneOf, checkOptions, environment, show } from '../check.js';
import { type Device, resolveDevice, resolveThreads } from '../device.js';
import { MatomariError, throwIfAborted } from '../errors.js';
import { type Embedder, type PromptOptions, promptText, WorkerEmbedder } from './embedder.js';
import { LsaEmbedder, type LsaOptions } from './lsa.js';
import { holdsLsa, readLsa } from './lsa-model.js';
import { DTYPES, type Dtype, readModelDirectory } from './model-directory.js';
import { POOLING_MODES, type PoolingMode } from './pooling.js';
import type { SessionWorkerData } from './session-worker.js';
import { orAborted } from './texts.js';
import type { TokenizerWorkerData } from './tokenizer-worker.js';
import { WorkerLink } from './worker-link.js';

/** Options of loadEmbedder; what is left out the model's own files decide. */
export interface LoadEmbedderOptions extends PromptOptions {
  /**
   * Precision of the weights, i.e. which file of the onnx folder (default: model.onnx, else the only one there is).
   */
  dtype?: Dtype | undefined;
  /** Where to run (default `auto`). */
  device?: Device | undefined;
  /** How token vectors become a text's vector. */
  pooling?: PoolingMode | undefined;
  /** Tokens that a text may have, special tokens included. */
  maxTokens?: number | undefined;
  /** Divide every vector by its length. */
  normalize?: boolean | undefined;
  /** Threads of the model's kernels (default: MATOMARI_THREADS, else every processor). */
  threads?: number | undefined;
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
  'tokensPerBatch',
  'signal',
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
 * Tokenising and the model's session run in two worker threads, which do not keep the process alive while idle.
 *
 * `lsa` needs no model: it learns from the corpus, by `fit(texts)`, before it embeds (see LsaEmbedder). A folder that its
 * `save` wrote is a model like any other.
 *
 * @param model 'builtin' (Japanese and English, 128 dimensions, comes with the package), 'lsa', or the path of a model
 *   directory
 * @throws `model_not_found` for a missing directory or file, `bad_file` for one that cannot be used, `bad_option`,
 *   `no_device`, `no_addon` when onnxruntime-node cannot be loaded, `cancelled`
 */
export function loadEmbedder(model: 'lsa', options?: LsaOptions): Promise<LsaEmbedder>;
export function loadEmbedder(model: string, options?: LoadEmbedderOptions): Promise<Embedder>;
export async function loadEmbedder(
  model: string,
  options: LoadEmbedderOptions | LsaOptions = {},
): Promise<Embedder> {
  if (model === 'lsa') return LsaEmbedder.create(options as LsaOptions);
  if (typeof model === 'string' && (await holdsLsa(model)))
    return LsaEmbedder.create(options as LsaOptions, await readLsa(model));
  return loadModel(model, options as LoadEmbedderOptions);
}

async function loadModel(model: string, options: LoadEmbedderOptions): Promise<Embedder> {
  checkOptions('loadEmbedder', options, OPTIONS);
  const { signal } = options;
  if (typeof model !== 'string' || model === '')
    throw new MatomariError(
      'model_not_found',
      `model must be 'builtin', 'lsa' or the path of a model directory, not ${show(model)}`,
    );
  throwIfAborted(signal, 'loadEmbedder');
  resolveDevice(options.device);
  const dtype =
    options.dtype === undefined
      ? undefined
      : checkOneOf('dtype', options.dtype, Object.keys(DTYPES) as Dtype[]);
  const pooling =
    options.pooling === undefined ? undefined : checkOneOf('pooling', options.pooling, POOLING_MODES);
  const normalize =
    options.normalize === undefined ? undefined : checkBoolean('normalize', options.normalize);
  const threads = embeddingThreads(options.threads);

  const directory = await readModelDirectory(model, dtype);
  const tokensPerBatch = checkInteger(
    'tokensPerBatch',
    options.tokensPerBatch ?? (directory.static ? 8192 : 512),
    1,
  );
  const prompts = directory.prompts;
  const byDefault = directory.defaultPrompt === undefined ? {} : { prompt: directory.defaultPrompt };
  const maxTokens = chooseMaxTokens(options.maxTokens, directory.maxTokens, directory.positions);
  const tokenizerData: TokenizerWorkerData = {
    json: directory.tokenizerJson,
    config: directory.tokenizerConfig,
    lowercase: directory.lowercase,
    truncateLeft: directory.tokenizerConfig.truncation_side === 'left',
  };
  const sessionData: SessionWorkerData = {
    graph: directory.graph,
    pooling: pooling ? [pooling] : directory.pooling,
    poolingAsked: pooling !== undefined,
    includePrompt: directory.includePrompt,
    normalize: normalize ?? directory.normalize,
    normalizePooled: normalize ?? false,
    otherModules: directory.otherModules,
    static: directory.static,
    padId: directory.padId,
    // A static graph has nothing to share out.
    threads: directory.static ? 1 : threads,
    tokensPerBatch,
  };
  const prompt = promptText(options, prompts) ?? promptText(byDefault, prompts) ?? '';
  const tokenizer = new WorkerLink<{ specialTokens: number }>(
    'tokenizer-worker',
    tokenizerData,
    'tokenizer worker',
  );
  const session = new WorkerLink<{ dimensions: number }>('session-worker', sessionData, 'embedding worker');
  try {
    const loaded = Promise.all([tokenizer.ready, session.ready]);
    const [{ specialTokens }, { dimensions }] = await orAborted(loaded, signal, 'loadEmbedder');
    if (maxTokens <= specialTokens)
      throw new MatomariError(
        'bad_option',
        `maxTokens must be above ${specialTokens}, the special tokens of every text, not ${maxTokens}`,
      );
    const [graph, json] = await Promise.all([stat(directory.graph), stat(directory.tokenizerJson)]);
    const settings = {
      model: directory.name,
      graphBytes: graph.size,
      tokenizerBytes: json.size,
      maxTokens,
      ...sessionData,
    };
    return new WorkerEmbedder({
      model: directory.name,
      dimensions,
      maxTokens,
      prompts,
      promptText: prompt,
      settings: { ...settings, graph: undefined },
      tokenizer,
      session,
    });
  } catch (error) {
    void Promise.all([tokenizer.close(), session.close()]);
    throw error;
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
