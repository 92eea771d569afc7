import { resolve } from 'node:path';
import { type Embedder, loadEmbedder } from '../embed/index.js';
import { MatomariError } from '../errors.js';
import type { OperationOptions } from '../job.js';
import type { Matrix } from '../matrix.js';
import { type Fitted, predict, type TopicAssignment } from './predict.js';

/** The embedding model of a run and what it made of the texts. */
export interface ModelFacts {
  /** `builtin`, the name of its folder, or `custom` for an embedder without a name. */
  name: string;
  /** The folder, where it is not the built-in model. */
  path?: string | undefined;
  dimensions: number;
  maxTokens: number;
  device: string;
  /** Texts that were longer than maxTokens and were cut. */
  truncated: number;
  /** Tokens embedded, special ones included. */
  tokens: number;
}

export interface Embedded {
  /** [texts × dimensions] */
  embeddings: Matrix;
  model: ModelFacts;
}

/** The folder of a model that is named; undefined for the built-in one. */
export const modelPath = (model: string): string | undefined =>
  model === 'builtin' ? undefined : resolve(model);

export function modelFacts(
  { model = 'custom', dimensions, maxTokens, device }: Embedder,
  asked: Embedder | string,
): Omit<ModelFacts, 'truncated' | 'tokens'> {
  const path = typeof asked === 'string' ? modelPath(asked) : undefined;
  return { name: model, ...(path === undefined ? {} : { path }), dimensions, maxTokens, device };
}

/** Runs work with an embedder: an open one, or the model of that name, which is closed afterwards. */
export async function withEmbedder<T>(
  embedder: Embedder | string,
  { device, threads, signal }: OperationOptions,
  work: (embedder: Embedder) => Promise<T>,
): Promise<T> {
  if (typeof embedder !== 'string') return work(embedder);
  const own = await loadEmbedder(embedder, { device, threads, signal });
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
    const { data, rows, cols, truncated, tokens } = await open.embed(texts, { signal, onProgress });
    return { embeddings: { data, rows, cols }, model: { ...modelFacts(open, embedder), truncated, tokens } };
  });
}

/** The cluster of every text. */
export async function assignTexts(
  texts: readonly string[],
  fitted: Fitted,
  embedder: Embedder | string,
  operation: OperationOptions,
): Promise<TopicAssignment> {
  const { embeddings, model } = await embedTexts(embedder, texts, operation);
  const { cols } = fitted.centroids;
  if (embeddings.cols !== cols)
    throw new MatomariError(
      'bad_input',
      `the model ${model.name} gives ${embeddings.cols} dimensions, but the centroids have ${cols}: use the model of the run`,
    );
  return predict(fitted, embeddings, operation);
}
