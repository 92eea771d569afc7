import { show } from '../check.js';
import { MatomariError } from '../errors.js';

/** One label per sample, in sample order: cluster ids (−1, noise, is a label like any other) or category names. */
export type Labels = Int32Array | readonly number[] | readonly string[];

/** Labels renumbered 0 … counts.length − 1 in order of first appearance, and how many samples carry each. */
export interface Classes {
  codes: Int32Array;
  counts: number[];
}

/** Renumbers labels; `bad_input` unless they are integers or strings, and at least one. */
export function encodeLabels(name: string, labels: unknown): Classes {
  if (!Array.isArray(labels) && !(ArrayBuffer.isView(labels) && !(labels instanceof DataView)))
    throw new MatomariError('bad_input', `${name} must be an array of labels, not ${show(labels)}`);
  const values = labels as ArrayLike<unknown>;
  if (values.length === 0)
    throw new MatomariError('bad_input', `${name} is empty: give one label for each sample`);
  const codeOf = new Map<unknown, number>();
  const codes = new Int32Array(values.length);
  const counts: number[] = [];
  for (let i = 0; i < codes.length; i++) {
    const label = values[i];
    let code = codeOf.get(label);
    if (code === undefined) {
      if (typeof label !== 'string' && !Number.isInteger(label))
        throw new MatomariError(
          'bad_input',
          `${name}[${i}] is ${show(label)}: a label must be an integer or a string`,
        );
      code = counts.push(0) - 1;
      codeOf.set(label, code);
    }
    codes[i] = code;
    counts[code]!++;
  }
  return { codes, counts };
}
