import type { OperationOptions } from '../job.js';
import { type Matrix, row, zeros } from '../matrix.js';
import { nearest } from '../nearest.js';
import type { Cluster, Document, Exemplar, Term } from '../types.js';
import { countLabels } from './cluster.js';
import { meansOf } from './means.js';

/** Of a cluster, this many nearest documents decide its fit. */
const FIT_DEPTH = 50;

export interface Clustered {
  documents: Document[];
  /** [documents × dimensions] */
  embeddings: Matrix;
  /** [clusters × dimensions] */
  centroids: Matrix;
  labels: Int32Array;
  /** Distance of every document to its centroid; of noise, NaN. */
  distances: Float32Array;
}

export interface Terms {
  vocabulary: string[];
  /** [terms × dimensions] */
  termVectors: Matrix;
}

/**
 * Names clusters: the terms whose vectors lie nearest the centroid by cosine, the cluster's own documents nearest it,
 * and the fit of the terms.
 */
export async function nameClusters(
  clustered: Clustered,
  terms: Terms,
  { nTerms, nExemplars }: { nTerms: number; nExemplars: number },
  operation: OperationOptions,
): Promise<Cluster[]> {
  const { documents, embeddings, centroids, labels, distances } = clustered;
  const sizes = countLabels(labels, centroids.rows);
  const chosen = await nearestByCosine(centroids, terms.termVectors, nTerms, operation);
  const retrieved = await nearestByCosine(
    termMeans(chosen, terms.termVectors),
    embeddings,
    Math.min(FIT_DEPTH, documents.length),
    operation,
  );
  const members = membersByDistance(labels, distances, centroids.rows);
  return chosen.map((near, id) => ({
    id,
    size: sizes[id]!,
    terms: near.map(({ index, score }): Term => ({ term: terms.vocabulary[index]!, score })),
    exemplars: members[id]!.slice(0, nExemplars).map(
      (index): Exemplar => ({
        index,
        id: documents[index]!.id,
        text: documents[index]!.text,
        distance: distances[index]!,
      }),
    ),
    fit: fitOf(retrieved[id]!, labels, id, sizes[id]!),
  }));
}

/** What the documents of no cluster have in common, named as if they were one (id −1); undefined where there are none. */
export async function nameNoise(
  clustered: Clustered,
  terms: Terms,
  naming: { nTerms: number; nExemplars: number },
  operation: OperationOptions,
): Promise<Cluster | undefined> {
  const labels = clustered.labels.map((label) => (label < 0 ? 0 : -1));
  if (!labels.includes(0)) return undefined;
  const means = await meansOf(clustered.embeddings, labels, 1, operation);
  const [noise] = await nameClusters({ ...clustered, labels, ...means }, terms, naming, operation);
  return { ...noise!, id: -1 };
}

interface Near {
  index: number;
  /** Cosine. */
  score: number;
}

/**
 * The k rows of `points` nearest each query by cosine, best first. A zero vector has no direction: it is near nothing,
 * and nothing is near it.
 */
async function nearestByCosine(
  queries: Matrix,
  points: Matrix,
  k: number,
  operation: OperationOptions,
): Promise<Near[][]> {
  const asked = directed(queries);
  const offered = directed(points);
  const near: Near[][] = Array.from({ length: queries.rows }, () => []);
  const count = Math.min(k, offered.rows.length);
  if (asked.rows.length === 0 || count === 0) return near;
  const found = await nearest(asked.matrix, offered.matrix, { ...operation, k: count, metric: 'cosine' });
  asked.rows.forEach((query, i) => {
    for (let j = i * count; j < (i + 1) * count; j++)
      near[query]!.push({ index: offered.rows[found.indices[j]!]!, score: 1 - found.distances[j]! });
  });
  return near;
}

/** The rows that are not zero, and which ones they are. */
function directed(m: Matrix): { matrix: Matrix; rows: number[] } {
  const rows: number[] = [];
  for (let i = 0; i < m.rows; i++) if (row(m, i).some((x) => x !== 0)) rows.push(i);
  if (rows.length === m.rows) return { matrix: m, rows };
  const matrix = zeros(rows.length, m.cols);
  for (const [at, i] of rows.entries()) row(matrix, at).set(row(m, i));
  return { matrix, rows };
}

/** For every cluster the score-weighted mean of its terms' vectors; zero where there are no terms. */
function termMeans(chosen: Near[][], termVectors: Matrix): Matrix {
  const means = zeros(chosen.length, termVectors.cols);
  chosen.forEach((near, id) => {
    const sum = new Float64Array(termVectors.cols);
    let weight = 0;
    for (const { index, score } of near) {
      const vector = row(termVectors, index);
      for (let j = 0; j < sum.length; j++) sum[j]! += score * vector[j]!;
      weight += score;
    }
    if (weight !== 0) row(means, id).set(sum.map((x) => x / weight));
  });
  return means;
}

/** Share of the cluster's own documents among the min(size, 50) documents nearest the mean of its terms. */
function fitOf(retrieved: Near[], labels: Int32Array, id: number, size: number): number {
  const depth = Math.min(size, FIT_DEPTH);
  if (retrieved.length === 0 || depth === 0) return Number.NaN;
  return retrieved.slice(0, depth).filter(({ index }) => labels[index] === id).length / depth;
}

/** The documents of every cluster, nearest the centroid first; equal distances in input order. */
function membersByDistance(labels: Int32Array, distances: Float32Array, nClusters: number): number[][] {
  const members: number[][] = Array.from({ length: nClusters }, () => []);
  labels.forEach((label, index) => {
    if (label >= 0) members[label]!.push(index);
  });
  for (const own of members) own.sort((a, b) => distances[a]! - distances[b]! || a - b);
  return members;
}
