import { checkInteger, checkNumber, checkOptions, show } from '../check.js';
import { MatomariError } from '../errors.js';
import { permutation } from '../random.js';

export interface SplitOptions {
  /** Share of the documents for training (default 0.8). */
  train?: number | undefined;
  /** Share for validation (default 0.1). */
  validation?: number | undefined;
  /** Share for the test (default 0.1). The three must sum to 1. */
  test?: number | undefined;
  /** Same seed, same split (default 0). */
  seed?: number | undefined;
}

/**
 * Splits documents at random into three parts, each in shuffled order. With n documents the parts end at positions
 * round(n × train), round(n × (train + validation)) and n of the shuffled order, so every document is in exactly one
 * part, each part is within one document of its share, and a share of 0 gives an empty part.
 *
 * Depends on nothing but the seed and the number of documents. The documents themselves are not copied.
 *
 * @throws `bad_option` when a share is not between 0 and 1, or they do not sum to 1 (within 1e-9)
 */
export function splitDocuments<T>(
  documents: readonly T[],
  options: SplitOptions = {},
): { train: T[]; validation: T[]; test: T[] } {
  checkOptions('splitDocuments', options, ['train', 'validation', 'test', 'seed']);
  if (!Array.isArray(documents))
    throw new MatomariError(
      'bad_input',
      `splitDocuments: the documents must be an array, not ${show(documents)}`,
    );
  const { train = 0.8, validation = 0.1, test = 0.1, seed = 0 } = options;
  checkNumber('train', train, 0, 1);
  checkNumber('validation', validation, 0, 1);
  checkNumber('test', test, 0, 1);
  checkInteger('seed', seed, 0);
  if (Math.abs(train + validation + test - 1) > 1e-9)
    throw new MatomariError(
      'bad_option',
      `train, validation and test must sum to 1, but ${train} + ${validation} + ${test} = ${train + validation + test}: give all three shares`,
    );
  const n = documents.length;
  const shuffled = Array.from(permutation(n, seed), (i) => documents[i]!);
  const first = Math.round(n * train);
  const second = Math.round(n * (train + validation));
  return {
    train: shuffled.slice(0, first),
    validation: shuffled.slice(first, second),
    test: shuffled.slice(second),
  };
}
