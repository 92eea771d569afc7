import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Embedder, type EmbedFacts, LsaEmbedder, type LsaModel, loadEmbedder } from '../embed/index.js';
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
  /** Texts that were longer than maxTokens; null where an embedding server does not tell. */
  truncated: number | null;
  /** Which documents these are, by row: the first thousand. */
  truncatedRows?: number[] | undefined;
  /** Tokens embedded, special ones included; null where an embedding server does not tell. */
  tokens: number | null;
}

export interface Embedded {
  /** [texts × dimensions] */
  embeddings: Matrix;
  model: ModelFacts;
  /** What an lsa embedder without a folder of its own has learnt. */
  lsa?: LsaModel | undefined;
}

/** How an embedder is given: open, by the name of its model, or as what an lsa embedder has learnt. */
export type AnyEmbedder = Embedder | string | LsaModel;

/** `lsa` cuts texts into words as the terms are: how, and what came of it, where the terms need it too. */
export type EmbedOperation = OperationOptions & {
  words?: LsaModel['words'];
  cut?: (signal: AbortSignal | undefined) => Promise<string[][]>;
};

/** The folder of a run where its lsa embedder is kept. */
export const LSA = 'lsa';

/** The folder of a model that is named; undefined for the built-in one, `lsa`, ids of the hub and addresses. */
export const modelPath = (model: string): string | undefined =>
  model === 'builtin' || model === 'lsa' || !existsSync(model) ? undefined : resolve(model);

export function modelFacts(
  { model = 'custom', revision, dimensions, maxTokens, device }: Embedder,
  asked: AnyEmbedder,
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

/** Runs work with an embedder: an open one, or one that is loaded for it and closed afterwards. */
export async function withEmbedder<T>(
  embedder: AnyEmbedder,
  { device, threads, signal, words }: EmbedOperation,
  work: (embedder: Embedder) => Promise<T>,
): Promise<T> {
  if (typeof embedder !== 'string' && 'embed' in embedder) return work(embedder);
  const machine = { device, threads, signal };
  // ONNX Runtime's providers are installed apart from our kernels' plugin: a run on a GPU embeds on one where it can.
  const session = { ...machine, device: device === 'cpu' ? device : ('auto' as const) };
  const own = await (typeof embedder !== 'string'
    ? LsaEmbedder.create(machine, embedder)
    : embedder === 'lsa'
      ? loadEmbedder(embedder, { ...machine, ...words })
      : loadEmbedder(embedder, session));
  try {
    return await work(own);
  } finally {
    await own.close();
  }
}

/** The embedder, where it is an lsa embedder: by its members, since it may be of the other build of this package. */
export const asLsa = (embedder: Embedder): LsaEmbedder | undefined =>
  'fitEmbed' in embedder ? (embedder as LsaEmbedder) : undefined;

/** Embeds the texts; an lsa embedder that has not been fitted learns from them first. */
export function embedTexts(
  embedder: AnyEmbedder,
  texts: readonly string[],
  operation: EmbedOperation,
): Promise<Embedded> {
  return withEmbedder(embedder, operation, async (open) => {
    const { signal, onProgress } = operation;
    const lsa = asLsa(open);
    // An embedder that was given open cuts texts by settings of its own.
    const words = lsa && !lsa.fitted && embedder === 'lsa' ? await operation.cut?.(signal) : undefined;
    const vectors = await (lsa && !lsa.fitted
      ? lsa.fitEmbed(texts, { signal, onProgress, words })
      : open.embed(texts, { signal, onProgress }));
    const { data, rows, cols, ...facts } = vectors;
    const model = { ...modelFacts(open, embedder), ...textFacts(facts) };
    return {
      embeddings: { data, rows, cols },
      model,
      lsa: model.path === undefined ? lsa?.fitted : undefined,
    };
  });
}
