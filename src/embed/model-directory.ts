import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { MatomariError } from '../errors.js';
import root from '../root.cjs';
import { chooseGraph, type Dtype } from './graph-choice.js';
import { parseModelJson } from './model-json.js';
import { POOLING_MODES, type PoolingMode } from './pooling.js';

/** What the files of a model directory say. */
export interface ModelDirectory {
  tokenizerJson: string;
  tokenizerConfig: Record<string, unknown>;
  lowercase: boolean;
  /** Path of the graph. */
  graph: string;
  pooling: PoolingMode[];
  includePrompt: boolean;
  normalize: boolean;
  /** Modules besides the transformer, pooling and normalisation. */
  otherModules: string[];
  static: boolean;
  padId: number;
  /** Ids that the graph has rows for, where config.json tells. */
  vocabulary: number | undefined;
  /** Bytes of the graph and of the files beside it that hold its weights. */
  weightBytes: number;
  prompts: Record<string, string>;
  defaultPrompt: string | undefined;
  /** Tokens a text may have. */
  maxTokens: number;
  /** Tokens the graph can take, where the files tell. */
  positions: number;
}

export const builtinDirectory = (): string => join(root, 'models', 'builtin');

/**
 * Reads a model directory in the layout of sentence-transformers.
 *
 * @param model what the user calls it, for messages
 */
export async function readModelDirectory(
  model: string,
  dir: string,
  dtype: Dtype | undefined,
): Promise<ModelDirectory> {
  const modules = await readModules(join(dir, 'modules.json'));
  const kinds = modules.map((module) => module.type.split('.').pop()!);
  const at = (kind: string) => modules[kinds.indexOf(kind)]?.path;
  const base = join(dir, at('Transformer') ?? at('StaticEmbedding') ?? '');

  const config = await required<Config>(base, 'config.json', model);
  if (!(await exists(join(base, 'tokenizer.json')))) throw missing(join(base, 'tokenizer.json'), model);
  const tokenizerConfig = (await json<Record<string, unknown>>(join(base, 'tokenizer_config.json'))) ?? {};
  const sentence = (await json<SentenceConfig>(join(base, 'sentence_bert_config.json'))) ?? {};
  const prompts = (await json<PromptConfig>(join(dir, 'config_sentence_transformers.json'))) ?? {};
  const poolingPath = at('Pooling');
  const pooling =
    poolingPath === undefined
      ? {}
      : await required<PoolingConfig>(join(dir, poolingPath), 'config.json', model);
  const graph = await findGraph(dir, base, dtype, model);
  const positions = positionLimit(config, tokenizerConfig);
  return {
    tokenizerJson: join(base, 'tokenizer.json'),
    tokenizerConfig,
    lowercase: sentence.do_lower_case === true,
    graph,
    pooling: poolingModes(pooling),
    includePrompt: pooling.include_prompt !== false,
    normalize: kinds.includes('Normalize'),
    otherModules: kinds.filter(
      (kind) => !['Transformer', 'StaticEmbedding', 'Pooling', 'Normalize', 'Dropout'].includes(kind),
    ),
    static: kinds.includes('StaticEmbedding'),
    padId: config.pad_token_id ?? 0,
    vocabulary: config.vocab_size,
    weightBytes: await weightBytes(graph),
    prompts: prompts.prompts ?? {},
    defaultPrompt: prompts.default_prompt_name ?? undefined,
    maxTokens: sentence.max_seq_length ?? positions,
    positions,
  };
}

interface Module {
  type: string;
  path: string;
}
interface Config {
  model_type?: string;
  pad_token_id?: number | null;
  vocab_size?: number;
  max_position_embeddings?: number;
}
interface SentenceConfig {
  max_seq_length?: number | null;
  do_lower_case?: boolean;
}
interface PromptConfig {
  prompts?: Record<string, string>;
  default_prompt_name?: string | null;
}
interface PoolingConfig {
  pooling_mode?: string | string[];
  include_prompt?: boolean;
  [legacy: `pooling_mode_${string}`]: unknown;
}

const exists = async (path: string): Promise<boolean> =>
  (await stat(path).catch(() => undefined))?.isFile() ?? false;

function missing(path: string, model: string): MatomariError {
  return new MatomariError(
    'model_not_found',
    `model "${model}" has no ${basename(path)} (looked for ${path}): download the whole model directory, in the layout of sentence-transformers`,
  );
}

/** A JSON file, or undefined where there is none. */
async function json<T>(path: string): Promise<T | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new MatomariError('bad_file', `${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
  return parseModelJson<T>(path, text);
}

async function readModules(path: string): Promise<Module[]> {
  const modules = (await json<unknown>(path)) ?? [];
  const valid = (m: Partial<Module> | null) => typeof m?.type === 'string' && typeof m.path === 'string';
  if (Array.isArray(modules) && modules.every(valid)) return modules as Module[];
  throw new MatomariError(
    'bad_file',
    `${path} is not a list of modules with type and path: get the file again`,
  );
}

async function required<T>(dir: string, file: string, model: string): Promise<T> {
  const value = await json<T>(join(dir, file));
  if (value === undefined) throw missing(join(dir, file), model);
  return value;
}

/** The number of positions that the graph has, as far as config.json and tokenizer_config.json tell. */
function positionLimit(config: Config, tokenizer: Record<string, unknown>): number {
  const declared = Number(tokenizer.model_max_length ?? Infinity);
  // Models of the RoBERTa family begin to count after the padding id.
  const offset = /roberta|camembert|mpnet/.test(config.model_type ?? '') ? 2 : 0;
  const positions = config.max_position_embeddings ?? -1;
  // transformers writes 1e30 for "no limit".
  return Math.min(declared > 1e9 ? Infinity : declared, positions > 0 ? positions - offset : Infinity);
}

const LEGACY: [key: `pooling_mode_${string}`, mode: PoolingMode][] = [
  ['pooling_mode_cls_token', 'cls'],
  ['pooling_mode_max_tokens', 'max'],
  ['pooling_mode_mean_tokens', 'mean'],
  ['pooling_mode_mean_sqrt_len_tokens', 'mean_sqrt_len'],
  ['pooling_mode_weightedmean_tokens', 'weightedmean'],
  ['pooling_mode_lasttoken', 'lasttoken'],
];

/**
 * The modes of a pooling configuration, in the order in which their results are joined; mean where it names none.
 */
function poolingModes(config: PoolingConfig): PoolingMode[] {
  const named = config.pooling_mode;
  if (named !== undefined)
    return [named].flat().map((mode) => {
      const known = mode === 'mean_sqrt_len_tokens' ? 'mean_sqrt_len' : mode;
      if ((POOLING_MODES as readonly string[]).includes(known)) return known as PoolingMode;
      throw new MatomariError(
        'bad_file',
        `pooling_mode ${mode} is not known: it must be one of ${POOLING_MODES.join(', ')}`,
      );
    });
  const modes = LEGACY.filter(([key]) => config[key] === true).map(([, mode]) => mode);
  return modes.length > 0 ? modes : ['mean'];
}

/** The graph to run, chosen among the files of the folders that may hold one. */
async function findGraph(
  dir: string,
  base: string,
  dtype: Dtype | undefined,
  model: string,
): Promise<string> {
  const transformer = relative(dir, base);
  const folders = [...new Set(['onnx', join(transformer, 'onnx'), ''])];
  const lists = folders.map(async (folder) =>
    (await readdir(join(dir, folder)).catch(() => [])).map((file) => join(folder, file)),
  );
  return join(dir, chooseGraph((await Promise.all(lists)).flat(), transformer, dtype, model));
}

async function weightBytes(graph: string): Promise<number> {
  const files = (await readdir(dirname(graph))).filter((file) => file.startsWith(basename(graph)));
  const sizes = files.map(async (file) => (await stat(join(dirname(graph), file))).size);
  return (await Promise.all(sizes)).reduce((a, b) => a + b, 0);
}
