import type { Interner } from './interner.js';
import type { Slices } from './slices.js';

/** Terms sorted at one go, between two looks at the clock. */
const RUN = 4096;

/** Sorts ids in slices: runs first, then merges of neighbours. Stable. */
async function sortIds(
  ids: Int32Array,
  compare: (a: number, b: number) => number,
  slices: Slices,
): Promise<Int32Array> {
  for (let start = 0; start < ids.length; start += RUN) {
    ids.subarray(start, start + RUN).sort(compare);
    if (slices.over) await slices.next();
  }
  let from = ids;
  let to: Int32Array = new Int32Array(ids.length);
  for (let width = RUN; width < ids.length; width *= 2) {
    let left = 0;
    let right = 0;
    for (let at = 0; at < ids.length; at++) {
      const start = at - (at % (2 * width));
      const middle = Math.min(start + width, ids.length);
      if (at === start) [left, right] = [start, middle];
      const takeLeft =
        left < middle &&
        (right >= Math.min(middle + width, ids.length) || compare(from[left]!, from[right]!) <= 0);
      to[at] = from[takeLeft ? left++ : right++]!;
      if (at % RUN === 0 && slices.over) await slices.next();
    }
    [from, to] = [to, from];
  }
  return from;
}

/** Which terms make the vocabulary. */
export interface Selection {
  /** Fewest and most documents a term may occur in. */
  least: number;
  most: number;
  /** At most so many terms: those with the largest totals, then the first in code point order. */
  limit: number | undefined;
}

/**
 * The ids of the terms kept, in code point order: one per column.
 *
 * @param documentFrequency in how many documents each term occurs
 * @param totals how often each term occurs in all; read only with a limit
 */
export async function selectTerms(
  terms: Interner,
  documentFrequency: Int32Array,
  totals: Float64Array,
  { least, most, limit }: Selection,
  slices: Slices,
): Promise<Int32Array> {
  const kept = new Int32Array(terms.size);
  let count = 0;
  for (let id = 0; id < terms.size; id++) {
    const frequency = documentFrequency[id]!;
    if (frequency >= least && frequency <= most) kept[count++] = id;
  }
  const sorted = await sortIds(kept.slice(0, count), (a, b) => terms.compare(a, b), slices);
  if (limit === undefined || sorted.length <= limit) return sorted;
  const byTotal = await sortIds(sorted.slice(), (a, b) => totals[b]! - totals[a]!, slices);
  const chosen = new Set(byTotal.subarray(0, limit));
  return sorted.filter((id) => chosen.has(id));
}
