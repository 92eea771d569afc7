import type { Counts } from './counts.js';

/** How counts become weights. */
export interface Weighting {
  /** Use 1 + ln tf in place of tf. */
  sublinearTf: boolean;
  /** One factor per column; absent: every factor is 1. */
  idf: Float64Array | undefined;
  norm: 'l1' | 'l2' | null;
}

/** A CSR matrix whose first `rows` rows are filled. */
export interface Filling {
  indptr: Int32Array;
  indices: Int32Array;
  data: Float32Array | Float64Array;
  rows: number;
}

/**
 * Appends documents to the matrix: leaves out the terms without a column, orders the rest by column, and weighs them in
 * float64: tf × idf, divided by the row's norm. A document without terms gives an empty row.
 *
 * @param columnOf column of each term id, or −1
 * @param tf scratch with one element per column
 */
export function appendWeighted(
  out: Filling,
  documents: Counts,
  columnOf: Int32Array,
  weighting: Weighting,
  tf: Float64Array,
): void {
  const { ids, counts, ends } = documents;
  const { indices, data } = out;
  const { sublinearTf, idf, norm } = weighting;
  let at = out.indptr[out.rows]!;
  let p = 0;
  for (const end of ends) {
    const start = at;
    for (; p < end; p++) {
      const column = columnOf[ids[p]!]!;
      if (column < 0) continue;
      tf[column] = counts[p]!;
      indices[at++] = column;
    }
    sortAscending(indices, start, at);
    let sum = 0;
    for (let q = start; q < at; q++) {
      const column = indices[q]!;
      let weight = tf[column]!;
      if (sublinearTf) weight = Math.log(weight) + 1;
      if (idf) weight *= idf[column]!;
      tf[column] = weight;
      sum += norm === 'l2' ? weight * weight : Math.abs(weight);
    }
    const divisor = norm === null || sum === 0 ? 1 : norm === 'l2' ? Math.sqrt(sum) : sum;
    for (let q = start; q < at; q++) data[q] = tf[indices[q]!]! / divisor;
    out.indptr[++out.rows] = at;
  }
}

/** Sorts array[start, end). Rows are short as a rule, and there insertion beats the engine's sort. */
function sortAscending(array: Int32Array, start: number, end: number): void {
  if (end - start > 48) {
    array.subarray(start, end).sort();
    return;
  }
  for (let i = start + 1; i < end; i++) {
    const value = array[i]!;
    let j = i - 1;
    for (; j >= start && array[j]! > value; j--) array[j + 1] = array[j]!;
    array[j + 1] = value;
  }
}
