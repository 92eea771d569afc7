import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { TfidfVectorizer } from '#dist/tfidf.js';
import { truncatedSvd } from '#dist/truncated-svd.js';

const load = (name: string) =>
  JSON.parse(readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8'));

describe("scikit-learn's TruncatedSVD of TF-IDF weights", async () => {
  const expected = load('truncated-svd/expected.json');
  const weights = await new TfidfVectorizer({ minDf: 3 }).fitTransform(load('tfidf/tfidf_docs.json'));

  test('converged, gives the same numbers and signs', async () => {
    expect([weights.rows, weights.cols]).toEqual(expected.shape);
    expect(weights.data).toHaveLength(expected.entries);
    const ours = await truncatedSvd(weights, { nComponents: 6 });
    for (const name of ['singularValues', 'explainedVariance', 'explainedVarianceRatio'] as const)
      ours[name].forEach((v, c) => {
        expect(v, `${name}[${c}]`).toBeCloseTo(expected.exact[name][c], 6);
      });
    for (const name of ['components', 'embedding'] as const)
      ours[name].data.forEach((v, i) => {
        expect(v, `${name}[${i}]`).toBeCloseTo(expected.exact[name][i], 5);
      });
  });

  test('by its default, which stops early, explains less', async () => {
    const { explainedVarianceRatio } = await truncatedSvd(weights, { nComponents: 40 });
    const explained = explainedVarianceRatio.reduce((a, b) => a + b, 0);
    expect(explained).toBeCloseTo(expected.exact40, 6);
    expect(explained).toBeGreaterThan(expected.randomized40);
  });
});
