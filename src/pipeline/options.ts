import { checkInteger, checkNumber, checkOneOf, checkOptions, show } from '../check.js';
import { resolveDevice, resolveSimd, resolveThreads } from '../device.js';
import type { Embedder } from '../embed/index.js';
import { MatomariError } from '../errors.js';
import { OPERATION_OPTIONS, type OperationOptions } from '../job.js';

export type StopWords = 'japanese' | 'english' | readonly string[];

export interface TopicOptions extends OperationOptions {
  /** An open embedder, which stays the caller's to close, or the name of a model (default `builtin`; `lsa` learns from the documents). */
  embedder?: Embedder | string | undefined;
  /** How many clusters to find (default 20; at most one a document). */
  nClusters?: number | undefined;
  /** How to cluster (default and so far only `kmeans`). */
  method?: 'kmeans' | undefined;
  /** Language of the texts, as createTokenizer takes it (default `auto`). */
  language?: string | undefined;
  /** Words in fewer documents are not terms; below 1, a share of the documents (default 20, and
   * max(1, ⌊n/50⌋) below 1,000 documents). */
  minDf?: number | undefined;
  /** Terms that name a cluster (default 30). */
  nTerms?: number | undefined;
  /** Documents that illustrate a cluster (default 5). */
  nExemplars?: number | undefined;
  /** Whole number that decides every random choice (default 123). */
  seed?: number | undefined;
  /** Parts of speech that may become terms, as createTokenizer takes them (default: all). */
  pos?: readonly string[] | undefined;
  /** Words that may not become terms, as createTokenizer takes them: a list, or `japanese` or `english` (default: none). */
  stopWords?: StopWords | undefined;
}

/** What decides the names of given clusters. */
export interface NamingOptions {
  language: string;
  minDf: number;
  nTerms: number;
  nExemplars: number;
  pos: readonly string[] | undefined;
  stopWords: StopWords | undefined;
}

/** NamingOptions as a caller gives them. */
export type GivenNaming = { [K in keyof NamingOptions]?: NamingOptions[K] | undefined };

/** TopicOptions with every default filled in and every value checked. */
export interface ResolvedOptions extends NamingOptions {
  nClusters: number;
  method: 'kmeans';
  seed: number;
}

const NAMING_OPTIONS = ['language', 'minDf', 'nTerms', 'nExemplars', 'pos', 'stopWords'] as const;
export const TOPIC_OPTIONS = [
  'embedder',
  'nClusters',
  'method',
  'seed',
  ...NAMING_OPTIONS,
  ...OPERATION_OPTIONS,
] as const;

/** scikit-learn has 1; the notebook has 20 for 5,894 titles. Small corpora need less, or nothing would be left. */
export const defaultMinDf = (documents: number): number =>
  documents >= 1000 ? 20 : Math.max(1, Math.floor(documents / 50));

/** Checks everything that can be checked before the long work starts. */
export function resolveOptions(options: TopicOptions, documents: number): ResolvedOptions {
  checkOptions('discoverTopics', options, TOPIC_OPTIONS);
  const { nClusters = 20, seed = 123, embedder = 'builtin' } = options;
  const method = checkOneOf('method', options.method ?? 'kmeans', ['kmeans', 'hdbscan'] as const);
  if (method === 'hdbscan')
    throw new MatomariError(
      'bad_option',
      "method 'hdbscan' is not in this version of matomari yet: use method 'kmeans' and choose the number of clusters",
    );
  if (typeof embedder !== 'string' && typeof embedder?.embed !== 'function')
    throw new MatomariError(
      'bad_option',
      `embedder must be the name of a model or what loadEmbedder gives, not ${show(embedder)}`,
    );
  checkInteger('nClusters', nClusters, 1);
  if (nClusters > documents)
    throw new MatomariError(
      'bad_input',
      `${documents} document${documents === 1 ? '' : 's'} cannot make ${nClusters} clusters: set nClusters to ${documents === 1 ? '1' : `${documents} or less`}, or give more documents`,
    );
  checkInteger('seed', seed, 0);
  resolveMachine(options);
  return { nClusters, method, seed, ...resolveNaming(options, documents) };
}

/** Throws where the device, the number of threads or the SIMD level asked for cannot be had. */
export function resolveMachine(options: OperationOptions): { threads: number } {
  resolveDevice(options.device);
  resolveSimd();
  return { threads: resolveThreads(options.threads) };
}

/** Fills in the defaults; language, pos and stopWords are checked by the tokenizer that they are for. */
export function resolveNaming(options: GivenNaming, documents: number): NamingOptions {
  const { language = 'auto', minDf = defaultMinDf(documents), nTerms = 30, nExemplars = 5 } = options;
  const { pos, stopWords } = options;
  return {
    language,
    minDf: minDf < 1 ? checkNumber('minDf', minDf, 0) : checkInteger('minDf', minDf, 0),
    nTerms: checkInteger('nTerms', nTerms, 1),
    nExemplars: checkInteger('nExemplars', nExemplars, 0),
    pos,
    stopWords,
  };
}
