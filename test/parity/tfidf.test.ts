import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { SparseMatrix } from '#dist/matrix.js';
import { type TfidfDocuments, type TfidfOptions, TfidfVectorizer } from '#dist/tfidf.js';

const folder = fileURLToPath(new URL('../fixtures/tfidf/', import.meta.url));
const load = (file: string) => JSON.parse(readFileSync(`${folder}${file}`, 'utf8'));

interface Csr {
  indptr: number[];
  indices: number[];
  data: number[];
}
interface Golden extends Csr {
  params: Record<string, unknown>;
  vocab: string[];
  idf: number[];
}

/** scikit-learn's parameters by their names here. */
const camelCase = (params: Record<string, unknown>): TfidfOptions =>
  Object.fromEntries(
    Object.entries(params).map(([name, value]) => [name.replace(/_(.)/g, (_, c) => c.toUpperCase()), value]),
  );

/** Equal structure, and values equal to half a unit in the last place of float32 (or where float64 straddles a half). */
function expectSame(actual: SparseMatrix, expected: Csr): void {
  expect([...actual.indptr]).toEqual(expected.indptr);
  expect([...actual.indices]).toEqual(expected.indices);
  expect(actual.data).toHaveLength(expected.data.length);
  const worst = expected.data.reduce((w, value, i) => Math.max(w, Math.abs(actual.data[i]! / value - 1)), 0);
  expect(worst).toBeLessThan(6e-8);
}

function expectIdf(actual: Float64Array, expected: number[]): void {
  expect(actual).toHaveLength(expected.length);
  for (const [i, value] of expected.entries()) expect(Math.abs(actual[i]! / value - 1)).toBeLessThan(1e-11);
}

describe('lists of tokens, against scikit-learn', () => {
  const docs: string[][] = load('tfidf_docs.json');
  const files = readdirSync(folder).filter((file) => /^tfidf_(?!docs)/.test(file));

  it('has all eight variants', () => expect(files).toHaveLength(8));

  it.each(files.filter((file) => !file.includes('maxfeat')))('%s', async (file) => {
    const golden: Golden = load(file);
    const vectorizer = new TfidfVectorizer(camelCase(golden.params));
    const matrix = await vectorizer.fitTransform(docs);
    expect(vectorizer.featureNames).toEqual(golden.vocab);
    expectIdf(vectorizer.idf, golden.idf);
    expectSame(matrix, golden);
    expectSame(await vectorizer.transform(docs), golden);
  });

  it('tfidf_maxfeat50.json, but for the tie at its limit, which numpy decides by the processor', async () => {
    const golden: Golden = load('tfidf_maxfeat50.json');
    const total = new Map<string, number>();
    for (const term of docs.flat()) total.set(term, (total.get(term) ?? 0) + 1);
    const least = Math.min(...golden.vocab.map((term) => total.get(term)!));
    const tied = [...total.keys()].filter((term) => total.get(term) === least);
    const untied = (terms: string[]) => terms.filter((term) => !tied.includes(term));

    const vectorizer = new TfidfVectorizer(camelCase(golden.params));
    await vectorizer.fit(docs);
    expect(vectorizer.featureNames).toHaveLength(50);
    expect(untied(vectorizer.featureNames)).toEqual(untied(golden.vocab));
    const room = 50 - untied(golden.vocab).length;
    expect(vectorizer.featureNames.filter((term) => tied.includes(term))).toEqual(tied.sort().slice(0, room));

    const same = new TfidfVectorizer({ vocabulary: golden.vocab });
    expectSame(await same.fitTransform(docs), golden);
    expectIdf(same.idf, golden.idf);
  });
});

describe('texts, against scikit-learn', () => {
  const { corpora, unseen, cases } = load('raw.json') as {
    corpora: Record<string, TfidfDocuments>;
    unseen: Record<string, TfidfDocuments>;
    cases: (Golden & { corpus: string; unseen: Csr })[];
  };

  it.each(cases.map((golden) => [golden.corpus, JSON.stringify(golden.params), golden] as const))(
    '%s %s',
    async (corpus, _, golden) => {
      const vectorizer = new TfidfVectorizer(camelCase(golden.params));
      const matrix = await vectorizer.fitTransform(corpora[corpus]!);
      expect(vectorizer.featureNames).toEqual(golden.vocab);
      expectIdf(vectorizer.idf, golden.idf);
      expectSame(matrix, golden);
      expectSame(await vectorizer.transform(unseen[corpus]!), golden.unseen);
    },
  );
});
