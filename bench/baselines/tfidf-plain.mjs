// What one would write by hand: counts in a Map for every document, columns in a Map of words.
import { readFileSync } from 'node:fs';
import { timed } from '../harness/timing.mjs';
import { words } from '../harness/words.mjs';

function tfidf(documents, cut, minDf) {
  const frequency = new Map();
  const counted = documents.map((document) => {
    const counts = new Map();
    for (const word of cut(document)) counts.set(word, (counts.get(word) ?? 0) + 1);
    for (const word of counts.keys()) frequency.set(word, (frequency.get(word) ?? 0) + 1);
    return counts;
  });
  const terms = [...frequency.keys()].filter((word) => frequency.get(word) >= minDf).sort();
  const columns = new Map(terms.map((word, column) => [word, column]));
  const idf = terms.map((word) => Math.log((1 + documents.length) / (1 + frequency.get(word))) + 1);
  const indptr = [0];
  const indices = [];
  const data = [];
  for (const counts of counted) {
    const row = [];
    for (const [word, count] of counts) {
      const column = columns.get(word);
      if (column !== undefined) row.push([column, count * idf[column]]);
    }
    row.sort((a, b) => a[0] - b[0]);
    const norm = Math.sqrt(row.reduce((sum, [, value]) => sum + value * value, 0));
    for (const [column, value] of row) {
      indices.push(column);
      data.push(value / norm);
    }
    indptr.push(indices.length);
  }
  return {
    terms,
    indptr: Int32Array.from(indptr),
    indices: Int32Array.from(indices),
    data: Float32Array.from(data),
  };
}

export async function trial({ texts: path, lists, minDf, repeat }) {
  const texts = JSON.parse(readFileSync(path, 'utf8'));
  const run = lists
    ? (
        (cut) => () =>
          tfidf(cut, (list) => list, minDf)
      )(texts.map(words))
    : () => tfidf(texts, words, minDf);
  run();
  const { seconds, result } = await timed(repeat, run);
  return { value: texts.length / seconds, terms: result.terms.length, entries: result.data.length };
}
