import { show } from '../check.js';
import { MatomariError } from '../errors.js';
import type { TfidfOptions } from './tfidf-options.js';

/** A fitted TfidfVectorizer as plain JSON; a RegExp stands as { source, flags }. */
export interface TfidfJson {
  format: 'matomari.tfidf';
  version: 1;
  options: Omit<TfidfOptions, 'tokenizer' | 'tokenPattern'> & {
    tokenPattern?: string | { source: string; flags: string } | undefined;
  };
  featureNames: string[];
  idf: number[];
}

export function writeJson(given: TfidfOptions, featureNames: string[], idf: Float64Array): TfidfJson {
  const { tokenizer, tokenPattern, ...options } = given;
  if (tokenizer)
    throw new MatomariError(
      'bad_option',
      'TfidfVectorizer: a tokenizer function cannot be saved: cut the texts beforehand and give arrays of words',
    );
  const pattern =
    tokenPattern instanceof RegExp
      ? { source: tokenPattern.source, flags: tokenPattern.flags }
      : tokenPattern;
  return {
    format: 'matomari.tfidf',
    version: 1,
    options: { ...options, ...(pattern === undefined ? {} : { tokenPattern: pattern }) },
    featureNames: [...featureNames],
    idf: Array.from(idf),
  };
}

export function readJson(json: unknown): {
  options: TfidfOptions;
  featureNames: string[];
  idf: Float64Array;
} {
  const refuse = (why: string, cause?: unknown) =>
    new MatomariError('bad_input', `TfidfVectorizer.fromJSON: not a saved vectorizer: ${why}`, { cause });
  const { format, version, options, featureNames, idf } = (json ?? {}) as Partial<TfidfJson>;
  if (format !== 'matomari.tfidf') throw refuse(`its format is ${show(format)}, not "matomari.tfidf"`);
  if (version !== 1) throw refuse(`its version is ${show(version)}, and this matomari reads version 1`);
  if (typeof options !== 'object' || options === null) throw refuse('it has no options');
  if (!Array.isArray(featureNames) || featureNames.some((name) => typeof name !== 'string'))
    throw refuse('featureNames is not an array of strings');
  if (!Array.isArray(idf) || idf.length !== featureNames.length || !idf.every(Number.isFinite))
    throw refuse(`idf is not an array of ${featureNames.length} numbers`);
  if (new Set(featureNames).size !== featureNames.length) throw refuse('featureNames has a term twice');
  return { options: readOptions(options, refuse), featureNames, idf: Float64Array.from(idf) };
}

function readOptions(
  { tokenPattern: pattern, ...options }: TfidfJson['options'],
  refuse: (why: string, cause: unknown) => MatomariError,
): TfidfOptions {
  if (pattern === undefined) return options;
  if (typeof pattern !== 'object') return { ...options, tokenPattern: pattern };
  try {
    return { ...options, tokenPattern: new RegExp(pattern.source, pattern.flags) };
  } catch (cause) {
    throw refuse('its tokenPattern is not a regular expression', cause);
  }
}
