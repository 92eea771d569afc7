import { checkInteger, checkNumber, checkOptions, show } from '../check.js';
import { resolveDevice, resolveSimd, resolveThreads } from '../device.js';
import type { Embedder } from '../embed/index.js';
import { MatomariError } from '../errors.js';
import { OPERATION_OPTIONS, type OperationOptions } from '../job.js';
import {
  CLUSTERING_OPTIONS,
  type ClusteringOptions,
  type ResolvedClustering,
  resolveClustering,
} from './clustering-options.js';

export type StopWords = 'japanese' | 'english' | readonly string[];

export interface TopicOptions extends ClusteringOptions, OperationOptions {
  /** An open embedder, which stays the caller's to close, or the name of a model (default `builtin`; `lsa` learns from the documents). */
  embedder?: Embedder | string | undefined;
  /** Language of the texts, as createTokenizer takes it (default `auto`). */
  language?: string | undefined;
  /** Words in fewer documents are not terms; below 1, a share of the documents (default 20, and
   * max(1, ⌊n/50⌋) below 1,000 documents). */
  minDf?: number | undefined;
  /** Terms that name a cluster (default 30). */
  nTerms?: number | undefined;
  /** Documents that illustrate a cluster (default 5). */
  nExemplars?: number | undefined;
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
export interface ResolvedOptions extends NamingOptions, ResolvedClustering {}

const NAMING_OPTIONS = ['language', 'minDf', 'nTerms', 'nExemplars', 'pos', 'stopWords'] as const;
export const TOPIC_OPTIONS = [
  'embedder',
  ...CLUSTERING_OPTIONS,
  ...NAMING_OPTIONS,
  ...OPERATION_OPTIONS,
] as const;

/** scikit-learn has 1; the notebook has 20 for 5,894 titles. Small corpora need less, or nothing would be left. */
export const defaultMinDf = (documents: number): number =>
  documents >= 1000 ? 20 : Math.max(1, Math.floor(documents / 50));

/** Checks everything that can be checked before the long work starts. */
export function resolveOptions(options: TopicOptions, documents: number): ResolvedOptions {
  checkOptions('discoverTopics', options, TOPIC_OPTIONS);
  const { embedder = 'builtin' } = options;
  if (typeof embedder !== 'string' && typeof embedder?.embed !== 'function')
    throw new MatomariError(
      'bad_option',
      `embedder must be the name of a model or what loadEmbedder gives, not ${show(embedder)}`,
    );
  const clustering = resolveClustering(options, documents);
  resolveMachine(options);
  return { ...clustering, ...resolveNaming(options, documents) };
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
