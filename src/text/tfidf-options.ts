import { checkBoolean, checkInteger, checkNumber, checkOneOf, checkOptions, show } from '../check.js';
import { MatomariError } from '../errors.js';
import { DEFAULT_PATTERN, finder, shortestWord } from './pattern.js';

/** Options of TfidfVectorizer: scikit-learn's, in camelCase, with scikit-learn's defaults. */
export interface TfidfOptions {
  /** Leave out terms that occur in fewer documents: below 1 a share of the documents, otherwise a count (default 1). */
  minDf?: number | undefined;
  /** Leave out terms that occur in more documents: up to 1 a share of the documents, above a count (default 1, all). */
  maxDf?: number | undefined;
  /**
   * Keep only so many terms, those with the most occurrences in all. Equally frequent ones at the limit: the first in
   * code point order (scikit-learn takes any of them, depending on the processor).
   */
  maxFeatures?: number | undefined;
  /** Lower-case texts first (default true). */
  lowercase?: boolean | undefined;
  /**
   * What a word of a text is: a RegExp, or a Python pattern as a string (default `(?u)\b\w\w+\b`: runs of two or more
   * letters, digits or underscores of any script). With one group, the group is the word.
   */
  tokenPattern?: RegExp | string | undefined;
  /** Splits a text into words, in place of tokenPattern. A vectorizer with one cannot be saved. */
  tokenizer?: ((text: string) => string[]) | undefined;
  /** Shortest and longest run of words that makes a term, joined by a space (default [1, 1]). */
  ngramRange?: readonly [number, number] | undefined;
  /** Words to leave out, compared after lower-casing and before n-grams are made. */
  stopWords?: readonly string[] | undefined;
  /** Scale each document to length 1 by this norm; null leaves the weights as they are (default l2). */
  norm?: 'l1' | 'l2' | null | undefined;
  /** Weigh terms by inverse document frequency (default true). */
  useIdf?: boolean | undefined;
  /** Count one more document that holds every term (default true): idf = ln((1 + n) / (1 + df)) + 1. */
  smoothIdf?: boolean | undefined;
  /** Use 1 + ln tf in place of the term frequency tf (default false). */
  sublinearTf?: boolean | undefined;
  /** The terms, in column order; then minDf, maxDf and maxFeatures do nothing. */
  vocabulary?: readonly string[] | undefined;
}

const OPTIONS = [
  'minDf',
  'maxDf',
  'maxFeatures',
  'lowercase',
  'tokenPattern',
  'tokenizer',
  'ngramRange',
  'stopWords',
  'norm',
  'useIdf',
  'smoothIdf',
  'sublinearTf',
  'vocabulary',
] as const;

const refuse = (message: string) => new MatomariError('bad_option', message);

/** A share of the documents or a count of them. */
function checkFrequency(name: string, value: unknown): number {
  const number = checkNumber(name, value, 0);
  if (number > 1 && !Number.isInteger(number))
    throw refuse(`${name} must be a share from 0 to 1 or a whole number of documents, not ${number}`);
  return number;
}

function checkStrings(name: string, value: unknown): readonly string[] {
  if (!Array.isArray(value)) throw refuse(`${name} must be an array of strings, not ${show(value)}`);
  const wrong = value.findIndex((item) => typeof item !== 'string');
  if (wrong >= 0)
    throw refuse(`${name} must be an array of strings, but item ${wrong} is ${show(value[wrong])}`);
  return value;
}

function checkVocabulary(value: unknown): readonly string[] {
  const vocabulary = checkStrings('vocabulary', value);
  if (vocabulary.length === 0) throw refuse('vocabulary is empty: give at least one term, or leave it out');
  const seen = new Set<string>();
  for (const term of vocabulary) {
    if (seen.has(term)) throw refuse(`vocabulary has ${show(term)} twice: every term may stand once`);
    seen.add(term);
  }
  return vocabulary;
}

function checkNgramRange(value: unknown): readonly [number, number] {
  if (!Array.isArray(value) || value.length !== 2)
    throw refuse(`ngramRange must be [shortest, longest], not ${show(value)}`);
  const least = checkInteger('ngramRange[0]', value[0], 1);
  return [least, checkInteger('ngramRange[1]', value[1], least)];
}

/** How a text becomes words: with the scanner, which makes no strings, or with a function. */
export type Splitter = { shortest: number } | { split: (text: string) => readonly string[] };

function checkSplitter({ tokenizer, tokenPattern }: TfidfOptions): Splitter {
  if (tokenizer !== undefined) {
    if (tokenPattern !== undefined)
      throw refuse('tokenizer and tokenPattern exclude each other: leave one of them out');
    if (typeof tokenizer !== 'function') throw refuse(`tokenizer must be a function, not ${show(tokenizer)}`);
    return { split: tokenizer };
  }
  const pattern = tokenPattern ?? DEFAULT_PATTERN;
  if (typeof pattern !== 'string' && !(pattern instanceof RegExp))
    throw refuse(`tokenPattern must be a RegExp or a string, not ${show(pattern)}`);
  const shortest = typeof pattern === 'string' ? shortestWord(pattern) : undefined;
  return shortest === undefined ? { split: finder(pattern) } : { shortest };
}

/** The options checked, with scikit-learn's defaults filled in. */
export function checkTfidfOptions(given: TfidfOptions) {
  checkOptions('TfidfVectorizer', given, OPTIONS);
  const { maxFeatures, stopWords, vocabulary, norm } = given;
  return {
    given: { ...given },
    minDf: checkFrequency('minDf', given.minDf ?? 1),
    maxDf: checkFrequency('maxDf', given.maxDf ?? 1),
    maxFeatures: maxFeatures === undefined ? undefined : checkInteger('maxFeatures', maxFeatures, 1),
    lowercase: checkBoolean('lowercase', given.lowercase ?? true),
    splitter: checkSplitter(given),
    ngramRange: checkNgramRange(given.ngramRange ?? [1, 1]),
    stopWords: stopWords === undefined ? undefined : checkStrings('stopWords', stopWords),
    norm: norm === null ? null : checkOneOf('norm', norm ?? 'l2', ['l1', 'l2']),
    useIdf: checkBoolean('useIdf', given.useIdf ?? true),
    smoothIdf: checkBoolean('smoothIdf', given.smoothIdf ?? true),
    sublinearTf: checkBoolean('sublinearTf', given.sublinearTf ?? false),
    vocabulary: vocabulary === undefined ? undefined : checkVocabulary(vocabulary),
  };
}
