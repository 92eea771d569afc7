import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  adjustedRandScore,
  completenessScore,
  homogeneityScore,
  normalizedMutualInfoScore,
  vMeasureScore,
} from '#dist/metrics.js';

const labelings = fc
  .array(fc.tuple(fc.integer({ min: -1, max: 4 }), fc.integer({ min: -1, max: 4 })), {
    minLength: 1,
    maxLength: 40,
  })
  .map((rows) => ({ a: rows.map(([label]) => label), b: rows.map(([, label]) => label) }));

/** The adjusted Rand index from every pair of samples, one at a time. */
function adjustedRandByPairs(a: number[], b: number[]): number {
  let [both, onlyA, onlyB, neither] = [0, 0, 0, 0];
  for (let i = 0; i < a.length; i++)
    for (let j = 0; j < i; j++) {
      if (a[i] === a[j] && b[i] === b[j]) both++;
      else if (a[i] === a[j]) onlyA++;
      else if (b[i] === b[j]) onlyB++;
      else neither++;
    }
  if (onlyA === 0 && onlyB === 0) return 1;
  const expected = (both + onlyA) * (onlyA + neither) + (both + onlyB) * (onlyB + neither);
  return (2 * (both * neither - onlyA * onlyB)) / expected;
}

test('adjustedRandScore is what counting every pair gives, in either order', async () => {
  await fc.assert(
    fc.asyncProperty(labelings, async ({ a, b }) => {
      expect(await adjustedRandScore(a, b)).toBeCloseTo(adjustedRandByPairs(a, b), 14);
      expect(await adjustedRandScore(b, a)).toBe(await adjustedRandScore(a, b));
    }),
  );
});

test('homogeneity, completeness, V-measure and NMI hang together', async () => {
  await fc.assert(
    fc.asyncProperty(labelings, async ({ a, b }) => {
      const homogeneity = await homogeneityScore(a, b);
      const completeness = await completenessScore(a, b);
      expect(homogeneity).toBeCloseTo(await completenessScore(b, a), 12);
      const v = await vMeasureScore(a, b);
      expect(v).toBeGreaterThanOrEqual(Math.min(homogeneity, completeness) - 1e-12);
      expect(v).toBeLessThanOrEqual(Math.max(homogeneity, completeness) + 1e-12);
      expect(v).toBeCloseTo(await normalizedMutualInfoScore(a, b, { averageMethod: 'arithmetic' }), 12);
      const order = ['max', 'arithmetic', 'geometric', 'min'] as const;
      const scores = await Promise.all(
        order.map((averageMethod) => normalizedMutualInfoScore(a, b, { averageMethod })),
      );
      for (let i = 1; i < scores.length; i++)
        expect(scores[i]!).toBeGreaterThanOrEqual(scores[i - 1]! - 1e-12);
      expect(await vMeasureScore(a, b, { beta: 0 })).toBeCloseTo(
        homogeneity === 0 || completeness === 0 ? 0 : homogeneity,
        12,
      );
    }),
  );
});
