import { MatomariError } from '../errors.js';
import type { OperationOptions } from '../job.js';
import { distancesTo } from './means.js';
import { nameClusters, nameNoise } from './name.js';
import { withoutNoise } from './predict.js';
import { agreement } from './scores.js';
import { inStage } from './stages.js';
import type { TopicsData } from './topics-data.js';

/**
 * The topics with every document of the noise in the cluster whose centroid its embedding is nearest. Numbers and
 * centroids of the clusters stay as the clustering made them; sizes, exemplars, fit and scores are of all documents.
 */
export async function reassignNoise(topics: TopicsData, operation: OperationOptions): Promise<TopicsData> {
  const { embeddings, centroids, labels } = topics;
  if (!labels.includes(-1)) return topics;
  if (centroids.rows === 0)
    throw new MatomariError(
      'bad_input',
      `all ${labels.length} documents are noise, so there is no cluster to give them to: cluster again with a lower minClusterSize`,
    );
  const full = await withoutNoise(labels, embeddings, centroids, operation);
  return relabelled(topics, full, labels, operation);
}

/** Takes reassignNoise back: the topics as the clustering found them. */
export async function restoreNoise(topics: TopicsData, operation: OperationOptions): Promise<TopicsData> {
  return topics.originalLabels ? relabelled(topics, topics.originalLabels, undefined, operation) : topics;
}

async function relabelled(
  topics: TopicsData,
  labels: Int32Array,
  originalLabels: Int32Array | undefined,
  operation: OperationOptions,
): Promise<TopicsData> {
  const { documents, embeddings, centroids, info } = topics;
  const distances = await distancesTo(embeddings, labels, centroids, operation);
  const clustered = { documents, embeddings, centroids, labels, distances };
  const stage = inStage('name', operation);
  return {
    ...topics,
    labels,
    distances,
    originalLabels,
    clusters: await nameClusters(clustered, topics, info, stage),
    noise: await nameNoise(clustered, topics, info, stage),
    scores: await agreement(documents, labels),
  };
}
