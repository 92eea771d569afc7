import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Assignment, assign } from '../assign.js';
import { type Embedder, type EmbedFacts, loadEmbedder } from '../embed/index.js';
import { MatomariError } from '../errors.js';
import type { OperationOptions } from '../job.js';
import type { Matrix } from '../matrix.js';

/** The embedding model of a run and what it made of the texts. */
export interface ModelFacts {
  /**
   * `builtin`, the name of its folder, its id on the hub with the commit (ID@COMMIT), its address, or `custom` for an
   * embedder without a name.
   */
  name: string;
  /** The folder, where it is not the built-in model. */
  path?: string | undefined;
  dimensions: number;
  maxTokens: number;
  device: string;
  /** Texts that were longer than maxTokens. */
  truncated: number;
  /** Which documents these are, by row: the first thousand. */
  truncatedRows?: number[] | undefined;
  /** Tokens embedded, special ones included. */
  tokens: number;
}

export interface Embedded {
  /** [texts × dimensions] */
  embeddings: Matrix;
  model: ModelFacts;
}

/** The folder of a model that is named; undefined for the built-in one, ids of the hub and addresses. */
export const modelPath = (model: string): string | undefined =>
  model === 'builtin' || !existsSync(model) ? undefined : resolve(model);

export function modelFacts(
  { model = 'custom', revision, dimensions, maxTokens, device }: Embedder,
  asked: Embedder | string,
): Omit<ModelFacts, 'truncated' | 'truncatedRows' | 'tokens'> {
  const path = typeof asked === 'string' ? modelPath(asked) : undefined;
  const name = revision === undefined ? model : `${model}@${revision}`;
  return { name, ...(path === undefined ? {} : { path }), dimensions, maxTokens, device };
}

const LISTED = 1000;

/** What run.json says about the texts; custom embedders need not tell which they cut. */
export function textFacts({
  truncated,
  tokens,
  truncatedIndices = new Int32Array(),
}: EmbedFacts & { truncatedIndices?: Int32Array }): Pick<
  ModelFacts,
  'truncated' | 'truncatedRows' | 'tokens'
> {
  return { truncated, truncatedRows: [...truncatedIndices.subarray(0, LISTED)], tokens };
}

/** Runs work with an embedder: an open one, or the model of that name, which is closed afterwards. */
export async function withEmbedder<T>(
  embedder: Embedder | string,
  { device, threads, signal }: OperationOptions,
  work: (embedder: Embedder) => Promise<T>,
): Promise<T> {
  if (typeof embedder !== 'string') return work(embedder);
  // ONNX Runtime's providers are installed apart from our kernels' plugin: a run on a GPU embeds on one where it can.
  const own = await loadEmbedder(embedder, { device: device === 'cpu' ? device : 'auto', threads, signal });
  try {
    return await work(own);
  } finally {
    await own.close();
  }
}

export function embedTexts(
  embedder: Embedder | string,
  texts: readonly string[],
  operation: OperationOptions,
): Promise<Embedded> {
  return withEmbedder(embedder, operation, async (open) => {
    const { signal, onProgress } = operation;
    const { data, rows, cols, ...facts } = await open.embed(texts, { signal, onProgress });
    return {
      embeddings: { data, rows, cols },
      model: { ...modelFacts(open, embedder), ...textFacts(facts) },
    };
  });
}

/** The nearest centroid of every text. */
export async function assignTexts(
  texts: readonly string[],
  centroids: Matrix,
  embedder: Embedder | string,
  operation: OperationOptions,
): Promise<Assignment> {
  const { embeddings, model } = await embedTexts(embedder, texts, operation);
  if (embeddings.cols !== centroids.cols)
    throw new MatomariError(
      'bad_input',
      `the model ${model.name} gives ${embeddings.cols} dimensions, but the centroids have ${centroids.cols}: use the model of the run`,
    );
  return assign(embeddings, centroids, { ...operation, metric: 'euclidean' });
}
