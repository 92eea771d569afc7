import type { OperationOptions } from '../job.js';
import type { Matrix, SparseMatrix } from '../matrix.js';
import { createTokenizer } from '../text/index.js';
import { TfidfVectorizer } from '../tfidf.js';
import { weightedMean } from '../weighted-mean.js';
import type { NamingOptions } from './options.js';
import { inStage, type Stopwatch } from './stages.js';

export interface TermMatrix {
  /** One term a column, in code point order. */
  vocabulary: string[];
  /** TF-IDF [documents × terms]. */
  tfidf: SparseMatrix;
}

/** Every worker holds its own dictionary. */
const MOST_WORKERS = 4;

/** The words of every text that may name clusters. */
export function cutTexts(
  texts: string[],
  { language, pos, stopWords }: NamingOptions,
  { signal, threads, onProgress: tell }: OperationOptions,
  watch: Stopwatch,
): Promise<string[][]> {
  return watch.time('tokenise', async () => {
    const workers = threads === undefined ? undefined : Math.min(threads, MOST_WORKERS);
    const tokenizer = await createTokenizer({ language, lemma: true, pos, stopWords, workers });
    try {
      const { onProgress } = inStage('tokenise', { onProgress: tell });
      return await tokenizer.tokenize(texts, { signal, onProgress });
    } finally {
      await tokenizer.close();
    }
  });
}

/**
 * TF-IDF of words. As in the notebook the lemmas of a text are joined by spaces and then split once more by
 * scikit-learn's default pattern, which keeps words of two or more characters.
 */
export function weighTerms(
  words: readonly string[][],
  { minDf }: NamingOptions,
  { signal, onProgress }: OperationOptions,
  watch: Stopwatch,
): Promise<TermMatrix> {
  return watch.time('tfidf', async () => {
    const lemmas = words.map((list) => list.join(' '));
    const vectorizer = new TfidfVectorizer({ minDf });
    const tfidf = await vectorizer.fitTransform(lemmas, { signal, onProgress });
    return { vocabulary: vectorizer.featureNames, tfidf };
  });
}

/** One vector a term: the TF-IDF-weighted mean of the documents' embeddings. */
export async function termVectors(
  tfidf: SparseMatrix,
  embeddings: Matrix,
  operation: OperationOptions,
): Promise<Matrix> {
  const { data, rows, cols } = await weightedMean(tfidf, embeddings, inStage('terms', operation));
  return { data, rows, cols };
}
