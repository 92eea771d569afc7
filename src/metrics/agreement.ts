import { checkNumber, checkOneOf, checkOptions } from '../check.js';
import { resolveDevice, resolveThreads } from '../device.js';
import { MatomariError, throwIfAborted } from '../errors.js';
import { OPERATION_OPTIONS, type OperationOptions } from '../job.js';
import { type Classes, encodeLabels, type Labels } from './labels.js';

/** How normalizedMutualInfoScore averages the two entropies. */
export type AverageMethod = 'arithmetic' | 'geometric' | 'min' | 'max';
const AVERAGE_METHODS = ['arithmetic', 'geometric', 'min', 'max'] as const;

/** How often each pair of classes meets: its non-zero cells, and both labelings' own counts. */
interface Contingency {
  n: number;
  /** Non-zero cells, in order of first appearance. */
  cells: { row: number; column: number; count: number }[];
  rows: number[];
  columns: number[];
}

function contingency(
  operation: string,
  labelsTrue: unknown,
  labelsPred: unknown,
  options: OperationOptions,
  ownOptions: readonly string[] = [],
): Contingency {
  checkOptions(operation, options, [...ownOptions, ...OPERATION_OPTIONS]);
  resolveDevice(options.device);
  if (options.threads !== undefined) resolveThreads(options.threads);
  throwIfAborted(options.signal, operation);
  const truth = encodeLabels('labelsTrue', labelsTrue);
  const pred = encodeLabels('labelsPred', labelsPred);
  const n = truth.codes.length;
  if (pred.codes.length !== n)
    throw new MatomariError(
      'bad_input',
      `labelsTrue has ${n} labels and labelsPred ${pred.codes.length}: give both for the same samples`,
    );
  return { n, cells: countCells(truth, pred), rows: truth.counts, columns: pred.counts };
}

function countCells(truth: Classes, pred: Classes): Contingency['cells'] {
  const width = pred.counts.length;
  const cells = new Map<number, { row: number; column: number; count: number }>();
  for (let i = 0; i < truth.codes.length; i++) {
    const row = truth.codes[i]!;
    const column = pred.codes[i]!;
    const cell = cells.get(row * width + column);
    if (cell) cell.count++;
    else cells.set(row * width + column, { row, column, count: 1 });
  }
  return [...cells.values()];
}

/** Entropy in nats of a labeling with these counts; exactly 0 for a single class. */
function entropy(counts: readonly number[], n: number): number {
  if (counts.length === 1) return 0;
  let sum = 0;
  for (const count of counts) sum -= (count / n) * (Math.log(count) - Math.log(n));
  return sum;
}

/** Mutual information in nats, never negative; terms that are rounding noise are dropped as scikit-learn drops them. */
function mutualInformation({ n, cells, rows, columns }: Contingency): number {
  if (rows.length === 1 || columns.length === 1) return 0;
  const logN = Math.log(n);
  let sum = 0;
  for (const { row, column, count } of cells) {
    const share = count / n;
    const term =
      share * (Math.log(count) - logN) + share * (2 * logN - Math.log(rows[row]! * columns[column]!));
    if (Math.abs(term) >= Number.EPSILON) sum += term;
  }
  return Math.max(sum, 0);
}

function homogeneityAndCompleteness(table: Contingency): { homogeneity: number; completeness: number } {
  const mutual = mutualInformation(table);
  const ofTruth = entropy(table.rows, table.n);
  const ofPred = entropy(table.columns, table.n);
  return {
    homogeneity: ofTruth === 0 ? 1 : mutual / ofTruth,
    completeness: ofPred === 0 ? 1 : mutual / ofPred,
  };
}

/** Ordered pairs within groups of these sizes: exact, because a sum of squares of counts may pass 2^53. */
const pairs = (counts: Iterable<number>): bigint => {
  let sum = 0n;
  for (const count of counts) sum += BigInt(count) * BigInt(count - 1);
  return sum;
};

/**
 * Adjusted Rand index of two labelings, from −0.5 to 1: 1 for equal partitions (names do not matter), about 0 for
 * independent ones. Counted in whole numbers, so exact to the last division.
 *
 * @param labelsTrue one integer or string per sample, at least one
 * @param labelsPred as many
 * @returns the score as scikit-learn's `adjusted_rand_score` defines it (Hubert and Arabie 1985)
 * @throws MatomariError `bad_input` for empty, unequally long or malformed labels
 */
export async function adjustedRandScore(
  labelsTrue: Labels,
  labelsPred: Labels,
  options: OperationOptions = {},
): Promise<number> {
  const { n, cells, rows, columns } = contingency('adjustedRandScore', labelsTrue, labelsPred, options);
  const together = pairs(cells.map((cell) => cell.count));
  const inTrue = pairs(rows);
  const inPred = pairs(columns);
  const falsePositive = inPred - together;
  const falseNegative = inTrue - together;
  if (falsePositive === 0n && falseNegative === 0n) return 1;
  const apart = BigInt(n) * BigInt(n - 1) - inPred - falseNegative;
  const numerator = together * apart - falseNegative * falsePositive;
  const denominator = inTrue * (falseNegative + apart) + inPred * (falsePositive + apart);
  return (2 * Number(numerator)) / Number(denominator);
}

export interface NormalizedMutualInfoOptions extends OperationOptions {
  /** The mean of the two entropies that divides (default `arithmetic`). */
  averageMethod?: AverageMethod | undefined;
}

/**
 * Mutual information of two labelings over a mean of their entropies, from 0 to 1. Two labelings of one class each
 * score 1; one class against several scores 0.
 *
 * @param labelsTrue one integer or string per sample, at least one
 * @param labelsPred as many
 * @returns the score as scikit-learn's `normalized_mutual_info_score` defines it
 * @throws MatomariError `bad_input` for empty, unequally long or malformed labels; `bad_option`
 */
export async function normalizedMutualInfoScore(
  labelsTrue: Labels,
  labelsPred: Labels,
  options: NormalizedMutualInfoOptions = {},
): Promise<number> {
  const table = contingency('normalizedMutualInfoScore', labelsTrue, labelsPred, options, ['averageMethod']);
  const method = checkOneOf('averageMethod', options.averageMethod ?? 'arithmetic', AVERAGE_METHODS);
  if (table.rows.length === 1 && table.columns.length === 1) return 1;
  const mutual = mutualInformation(table);
  if (mutual === 0) return 0;
  return mutual / average(method, entropy(table.rows, table.n), entropy(table.columns, table.n));
}

function average(method: AverageMethod, a: number, b: number): number {
  switch (method) {
    case 'arithmetic':
      return (a + b) / 2;
    case 'geometric':
      return Math.sqrt(a * b);
    case 'min':
      return Math.min(a, b);
    case 'max':
      return Math.max(a, b);
  }
}

/**
 * How purely each cluster holds one class, from 0 to 1: mutual information over the entropy of the truth, 1 when the
 * truth is a single class.
 *
 * @returns the score as scikit-learn's `homogeneity_score` defines it (Rosenberg and Hirschberg 2007)
 * @throws MatomariError `bad_input` for empty, unequally long or malformed labels
 */
export async function homogeneityScore(
  labelsTrue: Labels,
  labelsPred: Labels,
  options: OperationOptions = {},
): Promise<number> {
  return homogeneityAndCompleteness(contingency('homogeneityScore', labelsTrue, labelsPred, options))
    .homogeneity;
}

/**
 * How wholly each class lies in one cluster, from 0 to 1: mutual information over the entropy of the prediction, 1
 * when the prediction is a single cluster.
 *
 * @returns the score as scikit-learn's `completeness_score` defines it (Rosenberg and Hirschberg 2007)
 * @throws MatomariError `bad_input` for empty, unequally long or malformed labels
 */
export async function completenessScore(
  labelsTrue: Labels,
  labelsPred: Labels,
  options: OperationOptions = {},
): Promise<number> {
  return homogeneityAndCompleteness(contingency('completenessScore', labelsTrue, labelsPred, options))
    .completeness;
}

export interface VMeasureOptions extends OperationOptions {
  /** Above 1 completeness weighs more, below 1 homogeneity (default 1, at least 0). */
  beta?: number | undefined;
}

/**
 * Weighted harmonic mean of homogeneity and completeness, (1 + β)·h·c / (β·h + c), from 0 to 1.
 *
 * @param labelsTrue one integer or string per sample, at least one
 * @param labelsPred as many
 * @returns the score as scikit-learn's `v_measure_score` defines it (Rosenberg and Hirschberg 2007)
 * @throws MatomariError `bad_input` for empty, unequally long or malformed labels; `bad_option`
 */
export async function vMeasureScore(
  labelsTrue: Labels,
  labelsPred: Labels,
  options: VMeasureOptions = {},
): Promise<number> {
  const table = contingency('vMeasureScore', labelsTrue, labelsPred, options, ['beta']);
  const beta = checkNumber('beta', options.beta ?? 1, 0);
  const { homogeneity, completeness } = homogeneityAndCompleteness(table);
  const weighted = beta * homogeneity + completeness;
  return weighted === 0 ? 0 : ((1 + beta) * homogeneity * completeness) / weighted;
}
