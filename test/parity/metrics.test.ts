import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { matrix } from '#dist/matrix.js';
import {
  adjustedRandScore,
  completenessScore,
  homogeneityScore,
  normalizedMutualInfoScore,
  silhouetteScore,
  trustworthiness,
  vMeasureScore,
} from '#dist/metrics.js';

const fixture = (name: string) => readFileSync(new URL(`../fixtures/metrics/${name}`, import.meta.url));
const json = (name: string) => JSON.parse(fixture(name).toString());

/** The bytes of a version 1 .npy file after its header, on a boundary of their own. */
function payload(name: string): ArrayBuffer {
  const file = fixture(name);
  return Uint8Array.from(file.subarray(10 + file.readUInt16LE(8))).buffer;
}

interface LabelCase {
  name: string;
  true: number[] | string[];
  pred: number[] | string[];
  scores: Record<string, number>;
}

describe('label scores equal those of scikit-learn', () => {
  test.each(json('labels.json').cases as LabelCase[])('$name', async ({ true: t, pred: p, scores }) => {
    const got: Record<string, number> = {
      ari: await adjustedRandScore(t, p),
      homogeneity: await homogeneityScore(t, p),
      completeness: await completenessScore(t, p),
    };
    for (const averageMethod of ['arithmetic', 'geometric', 'min', 'max'] as const)
      got[`nmi_${averageMethod}`] = await normalizedMutualInfoScore(t, p, { averageMethod });
    for (const beta of [0.5, 1, 2]) got[`v_${beta}`] = await vMeasureScore(t, p, { beta });
    expect(Object.keys(got).sort()).toEqual(Object.keys(scores).sort());
    for (const [name, value] of Object.entries(scores))
      expect(Math.abs(got[name]! - value), name).toBeLessThanOrEqual(1e-12);
  });
});

interface SilhouetteCase {
  points: number[][];
  labels: number[];
  euclidean: number;
  sqeuclidean: number;
  cosine?: number;
}

describe('silhouetteScore equals that of scikit-learn', () => {
  const cases = json('silhouette.json').cases as SilhouetteCase[];
  test.each(cases.map((c, i) => ({ ...c, i })))('case $i', async (c) => {
    for (const metric of ['euclidean', 'sqeuclidean', 'cosine'] as const) {
      if (c[metric] === undefined) continue;
      const score = await silhouetteScore(matrix(c.points), c.labels, { metric });
      // Distances are rounded to float32, and a cosine distance is near 1 − cos of rounding 2^-24.
      expect(Math.abs(score - c[metric]), metric).toBeLessThanOrEqual(2e-6);
    }
  });

  test('the digits in their UMAP plane, by digit', async () => {
    const embedding = { data: new Float32Array(payload('umap_digits_seed42.npy')), rows: 1797, cols: 2 };
    const score = await silhouetteScore(embedding, digits());
    expect(Math.abs(score - json('umap_digits_scores.json').umap_seed42.silhouette)).toBeLessThanOrEqual(
      2e-6,
    );
  });
});

interface TrustCase {
  points: number[][];
  embedding: number[][];
  nNeighbors: number;
  euclidean: number;
  cosine: number;
}

describe('trustworthiness equals that of scikit-learn', () => {
  const cases = json('trustworthiness.json').cases as TrustCase[];
  test.each(cases.map((c, i) => ({ ...c, i })))(
    'case $i',
    async ({ points, embedding, nNeighbors, ...scores }) => {
      for (const metric of ['euclidean', 'cosine'] as const) {
        const score = await trustworthiness(matrix(points), matrix(embedding), { nNeighbors, metric });
        expect(Math.abs(score - scores[metric]), metric).toBeLessThanOrEqual(1e-12);
      }
    },
  );

  test.each([
    [5, 'trust5'],
    [15, 'trust15'],
  ])('the digits and their UMAP plane, %i neighbours', async (nNeighbors, name) => {
    const points = {
      data: Float32Array.from(new Uint8Array(payload('digits_x_uint8.npy'))),
      rows: 1797,
      cols: 64,
    };
    const embedding = { data: new Float32Array(payload('umap_digits_seed42.npy')), rows: 1797, cols: 2 };
    const score = await trustworthiness(points, embedding, { nNeighbors });
    expect(Math.abs(score - json('umap_digits_scores.json').umap_seed42[name])).toBeLessThanOrEqual(1e-5);
  });
});

/** digits_y.npy holds 1797 integers, of 4 or 8 bytes. */
function digits(): number[] {
  const bytes = payload('digits_y.npy');
  return bytes.byteLength === 1797 * 8
    ? Array.from(new BigInt64Array(bytes), Number)
    : Array.from(new Int32Array(bytes));
}
