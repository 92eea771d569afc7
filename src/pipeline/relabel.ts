import type { OperationOptions } from '../job.js';
import { type Matrix, row, type SparseMatrix } from '../matrix.js';
import { weightedMean } from '../weighted-mean.js';
import { type Clustered, nameClusters } from './name.js';
import type { NamingOptions } from './options.js';
import { inStage, Stopwatch } from './stages.js';
import { extractTerms, type TermMatrix, termVectors } from './terms.js';
import type { Cluster } from './types.js';

export interface Labelling extends TermMatrix {
  clusters: Cluster[];
  termVectors: Matrix;
}

/** Names given clusters: the last stages of discoverTopics by themselves. */
export async function relabel(
  clustered: Clustered,
  naming: NamingOptions,
  operation: OperationOptions,
): Promise<Labelling> {
  const texts = clustered.documents.map(({ text }) => text);
  const { vocabulary, tfidf } = await extractTerms(texts, naming, operation, new Stopwatch());
  const vectors = await termVectors(tfidf, clustered.embeddings, operation);
  const clusters = await nameClusters(
    clustered,
    { vocabulary, termVectors: vectors },
    naming,
    inStage('name', operation),
  );
  return { clusters, vocabulary, tfidf, termVectors: vectors };
}

/**
 * The mean of every cluster's points and the distance of every point to its own mean, for labels that came without
 * centroids. A cluster without points has a zero mean; a point of no cluster (−1) has the distance 0.
 */
export async function meansOf(
  points: Matrix,
  labels: Int32Array,
  operation: OperationOptions,
): Promise<{ centroids: Matrix; distances: Float32Array }> {
  const { data, rows, cols } = await weightedMean(membership(labels), points, operation);
  const centroids = { data, rows, cols };
  const distances = new Float32Array(points.rows);
  for (const [i, label] of labels.entries()) {
    if (label < 0) continue;
    const point = row(points, i);
    const mean = row(centroids, label);
    distances[i] = Math.sqrt(point.reduce((sum, x, j) => sum + (x - mean[j]!) ** 2, 0));
  }
  return { centroids, distances };
}

/** [documents × clusters], 1 where the document is in the cluster. */
function membership(labels: Int32Array): SparseMatrix {
  const indptr = new Int32Array(labels.length + 1);
  const indices = labels.filter((label) => label >= 0);
  for (const [i, label] of labels.entries()) indptr[i + 1] = indptr[i]! + (label >= 0 ? 1 : 0);
  const data = new Float32Array(indices.length).fill(1);
  return {
    indptr,
    indices,
    data,
    rows: labels.length,
    cols: indices.reduce((a, b) => Math.max(a, b), -1) + 1,
  };
}
