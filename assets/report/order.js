/** @import { ReportData } from './data.js' */

/** Comparing by a language's rules is slow; beyond this many texts they are sorted by code unit. */
const COLLATED = 20_000;
/** After so many comparisons the page may answer its reader before the sorting goes on. */
const COMPARED = 200_000;

/** @typedef {'text' | 'cluster' | 'category' | 'distance' | 'id'} Column */

/**
 * Documents by a number, ascending; NaN comes last, ties in the order of the input. The bits of a positive float32,
 * and all others with their bits turned over, sort as integers do; the lower half of each 64 is the document.
 * @param {Float32Array} numbers
 * @returns {Int32Array}
 */
function byNumber(numbers) {
  const n = numbers.length;
  const bits = new Int32Array(numbers.buffer, numbers.byteOffset, n);
  const keys = new BigUint64Array(n);
  const halves = new Uint32Array(keys.buffer);
  for (let i = 0; i < n; i++) {
    halves[2 * i] = i;
    halves[2 * i + 1] = Number.isNaN(numbers[i]) ? 0xffffffff : bits[i] < 0 ? ~bits[i] : bits[i] ^ 0x80000000;
  }
  keys.sort();
  return Int32Array.from({ length: n }, (_, k) => halves[2 * k]);
}

/**
 * The same documents by group, each group's in the order that they had; −1 comes last.
 * @param {Int32Array} rows
 * @param {Int32Array} groupOf
 * @param {number} groups
 */
function byGroup(rows, groupOf, groups) {
  const starts = new Uint32Array(groups + 2);
  const groupAt = (/** @type {number} */ i) => (groupOf[i] < 0 ? groups : groupOf[i]);
  for (const i of rows) starts[groupAt(i) + 1]++;
  for (let g = 1; g <= groups; g++) starts[g] += starts[g - 1];
  const sorted = new Int32Array(rows.length);
  for (const i of rows) sorted[starts[groupAt(i)]++] = i;
  return sorted;
}

/**
 * A stable merge sort that now and then lets the page answer.
 * @template T
 * @param {T[]} keys
 * @param {(a: T, b: T) => number} compare
 */
async function byKey(keys, compare) {
  const n = keys.length;
  let from = Int32Array.from({ length: n }, (_, i) => i);
  let to = new Int32Array(n);
  let compared = 0;
  for (let width = 1; width < n; width *= 2) {
    for (let start = 0; start < n; start += 2 * width) {
      const [middle, end] = [Math.min(n, start + width), Math.min(n, start + 2 * width)];
      let [left, right] = [start, middle];
      for (let k = start; k < end; k++) {
        const takeLeft = left < middle && (right >= end || compare(keys[from[left]], keys[from[right]]) <= 0);
        to[k] = from[takeLeft ? left++ : right++];
      }
      compared += end - start;
      if (compared < COMPARED) continue;
      compared = 0;
      await new Promise((resume) => setTimeout(resume));
    }
    [from, to] = [to, from];
  }
  return from;
}

const byCodeUnit = (/** @type {string} */ a, /** @type {string} */ b) => (a < b ? -1 : a > b ? 1 : 0);

/**
 * Documents in ascending order of a column. Missing values (noise, no category, NaN) come last; within a cluster the
 * nearest to its centroid come first; other ties stay in the order of the input.
 * @param {ReportData} data
 * @param {Column} column
 * @param {(share: number) => void} [onProgress] told how many texts are read
 * @returns {Promise<Int32Array>}
 */
export async function sortedRows(data, column, onProgress = () => {}) {
  const { documents: n, distances, clusterOf, categoryOf, clusters, categories } = data;
  const { compare } = new Intl.Collator(data.language || undefined, { numeric: true });
  if (column === 'distance') return byNumber(distances);
  if (column === 'cluster') return byGroup(byNumber(distances), clusterOf, clusters.length);
  if (column === 'category') {
    const rank = new Int32Array(categories.length);
    const names = categories.map(({ name }, at) => ({ name, at }));
    names
      .sort((a, b) => compare(a.name, b.name))
      .forEach(({ at }, place) => {
        rank[at] = place;
      });
    const ranks = Int32Array.from(categoryOf ?? [], (at) => (at < 0 ? -1 : rank[at]));
    return byGroup(
      Int32Array.from({ length: n }, (_, i) => i),
      ranks,
      categories.length,
    );
  }
  /** @type {string[]} */
  const keys = [];
  await data.texts.each(
    (chunk) => {
      for (const key of column === 'text' ? chunk.texts : chunk.ids) keys.push(key);
    },
    (share) => {
      onProgress(share);
      return true;
    },
  );
  if (column === 'id' && keys.every((id) => /^\d{1,15}$/.test(id)))
    return byKey(keys.map(Number), (a, b) => a - b);
  return byKey(keys, n <= COLLATED ? compare : byCodeUnit);
}
