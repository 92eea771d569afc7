import { adjustedRandScore, normalizedMutualInfoScore, vMeasureScore } from '../metrics.js';
import type { Document, Scores } from '../types.js';

/** Scores over the documents whose category is known, noise as one cluster; undefined where none is. */
export async function agreement(
  documents: readonly Document[],
  labels: Int32Array,
): Promise<Scores | undefined> {
  const known = documents.flatMap(({ category }, index) =>
    category ? [{ category, label: labels[index]! }] : [],
  );
  if (known.length === 0) return undefined;
  const truth = known.map(({ category }) => category);
  const found = known.map(({ label }) => label);
  const [ari, nmi, vMeasure] = await Promise.all([
    adjustedRandScore(truth, found),
    normalizedMutualInfoScore(truth, found),
    vMeasureScore(truth, found),
  ]);
  return { ari, nmi, vMeasure };
}
