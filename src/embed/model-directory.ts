import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { checkOneOf } from '../check.js';
import { MatomariError } from '../errors.js';
import root from '../root.cjs';
import { POOLING_MODES, type PoolingMode } from './pooling.js';

/** Precisions that a model directory may hold, and how the file of each is named. */
export const DTYPES = {
  fp32: 'model.onnx',
  fp16: 'model_fp16.onnx',
  q8: 'model_quantized.onnx',
  int8: 'model_int8.onnx',
  uint8: 'model_uint8.onnx',
  q4: 'model_q4.onnx',
  q4f16: 'model_q4f16.onnx',
  bnb4: 'model_bnb4.onnx',
} as const;
export type Dtype = keyof typeof DTYPES;

/** What the files of a model directory say. */
export interface ModelDirectory {
  name: string;
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
  prompts: Record<string, string>;
  defaultPrompt: string | undefined;
  /** Tokens a text may have. */
  maxTokens: number;
  /** Tokens the graph can take, where the files tell. */
  positions: number;
}

/** Reads a model directory in the layout of sentence-transformers (or 'builtin': the one in this package). */
export async function readModelDirectory(model: string, dtype: Dtype | undefined): Promise<ModelDirectory> {
  const dir = model === 'builtin' ? join(root, 'models', 'builtin') : resolve(model);
  await checkDirectory(model, dir);
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
  const positions = positionLimit(config, tokenizerConfig);
  return {
    name: model === 'builtin' ? model : basename(dir),
    tokenizerJson: join(base, 'tokenizer.json'),
    tokenizerConfig,
    lowercase: sentence.do_lower_case === true,
    graph: await findGraph(dir, base, dtype, model),
    pooling: poolingModes(pooling),
    includePrompt: pooling.include_prompt !== false,
    normalize: kinds.includes('Normalize'),
    otherModules: kinds.filter(
      (kind) => !['Transformer', 'StaticEmbedding', 'Pooling', 'Normalize', 'Dropout'].includes(kind),
    ),
    static: kinds.includes('StaticEmbedding'),
    padId: config.pad_token_id ?? 0,
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

async function checkDirectory(model: string, dir: string): Promise<void> {
  const found = await stat(dir).catch(() => undefined);
  if (found?.isDirectory()) return;
  const what = found ? 'is a file' : "is neither 'builtin' nor a directory on this machine";
  throw new MatomariError(
    'model_not_found',
    `model "${model}" ${what}: download the model (huggingface-cli download ID --local-dir DIR) and give its directory`,
  );
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
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new MatomariError(
      'bad_file',
      `${path} is not valid JSON (${(cause as Error).message}): get the file again`,
      {
        cause,
      },
    );
  }
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

/** The graph of the precision asked for; without one onnx/model.onnx, else the only graph there is. */
async function findGraph(
  dir: string,
  base: string,
  dtype: Dtype | undefined,
  model: string,
): Promise<string> {
  const folders = [...new Set([join(dir, 'onnx'), join(base, 'onnx'), dir])];
  const found: string[] = [];
  for (const folder of folders) {
    const files = await readdir(folder).catch(() => []);
    found.push(
      ...files
        .filter((file) => file.endsWith('.onnx'))
        .sort()
        .map((file) => join(folder, file)),
    );
  }
  if (found.length === 0)
    throw new MatomariError(
      'model_not_found',
      `model "${model}" has no .onnx file (looked in ${join(dir, 'onnx')}): export it (optimum-cli export onnx --task feature-extraction --model ID DIR) or download its onnx folder`,
    );
  const list = found.map((file) => basename(file)).join(', ');
  if (dtype !== undefined) {
    const wanted = DTYPES[checkOneOf('dtype', dtype, Object.keys(DTYPES) as Dtype[])];
    const graph = found.find((file) => basename(file) === wanted);
    if (graph) return graph;
    throw new MatomariError(
      'model_not_found',
      `model "${model}" has no ${wanted} for dtype "${dtype}": there is ${list}`,
    );
  }
  const plain = found.find((file) => basename(file) === 'model.onnx');
  if (plain) return plain;
  if (found.length === 1) return found[0]!;
  throw new MatomariError(
    'bad_option',
    `model "${model}" has several graphs: choose one with the option dtype (there is ${list})`,
  );
}
