import { assign } from '../assign.js';
import type { OperationFacts, OperationOptions } from '../job.js';
import { type Matrix, pickRows, putRows, row, zeros } from '../matrix.js';
import { nearest } from '../nearest.js';
import { umapTransform } from '../umap.js';
import { predictByDensity } from './density.js';
import { distancesTo } from './means.js';
import type { TopicsData } from './topics-data.js';

/** The part of a run that finding the cluster of a new text takes. Of k-means on the embeddings, the centroids suffice. */
export type Fitted = Pick<TopicsData, 'info' | 'centroids'> &
  Partial<
    Pick<TopicsData, 'embeddings' | 'map' | 'reduced' | 'reducedCentroids' | 'density' | 'originalLabels'>
  >;

/** Clusters of new texts. */
export interface TopicAssignment extends OperationFacts {
  /** The cluster of each text; −1 is noise. */
  labels: Int32Array;
  /** Euclidean distance of each embedding to the centroid of its cluster; of noise, NaN. */
  distances: Float32Array;
  /** Of HDBSCAN: how firmly each text belongs to the cluster that was found, from 0 to 1; 0 for noise. */
  probabilities?: Float32Array;
}

/** The clusters that new embeddings [rows × dimensions] fall into. */
export async function predict(
  fitted: Fitted,
  embeddings: Matrix,
  operation: OperationOptions,
): Promise<TopicAssignment> {
  const { centroids, reducedCentroids, density, originalLabels } = fitted;
  const points = await placesOf(embeddings, fitted, operation);
  if (!density) {
    const { labels, distances, device, simd } = await assign(
      points,
      reducedCentroids ?? centroids,
      operation,
    );
    if (points === embeddings) return { labels, distances, device, simd };
    return { labels, distances: await distancesTo(embeddings, labels, centroids, operation), device, simd };
  }
  const found = await predictByDensity(points, clustered(fitted), density, operation);
  const labels = originalLabels
    ? await withoutNoise(found.labels, embeddings, centroids, operation)
    : found.labels;
  return { ...found, labels, distances: await distancesTo(embeddings, labels, centroids, operation) };
}

/** The matrix that was clustered. */
const clustered = ({ info, embeddings, map, reduced }: Fitted): Matrix =>
  (reduced ?? (info.reduceDims === 0 ? embeddings : map))!;

/**
 * Where embeddings lie in what was clustered. Those of documents of the run lie where these lie (of equal ones, where
 * the first does); `umapTransform` finds a place for the others.
 */
async function placesOf(embeddings: Matrix, fitted: Fitted, operation: OperationOptions): Promise<Matrix> {
  if (fitted.info.reduceDims === 0) return embeddings;
  const own = clustered(fitted);
  const known = fitted.embeddings!;
  const places = zeros(embeddings.rows, own.cols);
  const { indices, distances } = await nearest(embeddings, known, { k: 1, ...operation });
  const strangers: number[] = [];
  for (const [i, at] of indices.entries())
    if (distances[i] === 0) row(places, i).set(row(own, at));
    else strangers.push(i);
  const { nComponents, setOpMixRatio, init, ...shared } = (fitted.info.reduction ?? fitted.info.umap)!;
  const found = await umapTransform(
    pickRows(embeddings, strangers),
    { points: known, embedding: own },
    { ...shared, ...operation },
  );
  putRows(places, strangers, found.embedding);
  return places;
}

/** The labels with every −1 replaced by the nearest centroid; as they are where there is none. */
export async function withoutNoise(
  labels: Int32Array,
  embeddings: Matrix,
  centroids: Matrix,
  operation: OperationOptions,
): Promise<Int32Array> {
  const noise = Array.from(labels.keys()).filter((i) => labels[i]! < 0);
  if (centroids.rows === 0 || noise.length === 0) return labels;
  const nearestOf = await assign(pickRows(embeddings, noise), centroids, operation);
  const full = labels.slice();
  for (const [at, i] of noise.entries()) full[i] = nearestOf.labels[at]!;
  return full;
}
