import type { OperationFacts, OperationOptions } from '../job.js';
import type { Matrix } from '../matrix.js';
import { cluster } from './cluster.js';
import type { ResolvedClustering } from './clustering-options.js';
import { clusterByDensity, type DensityFit } from './density.js';
import { meansOf } from './means.js';
import { type Drawn, drawMap, reduce } from './space.js';
import type { Stopwatch } from './stages.js';

/** The documents in their clusters, and what finding the cluster of a new text takes. */
export interface Grouping extends Drawn, OperationFacts {
  /** [clusters × dimensions]: the mean of every cluster's embeddings, the largest cluster first. */
  centroids: Matrix;
  /** Cluster of every document; −1 is noise. */
  labels: Int32Array;
  /** Euclidean distance of every document's embedding to its centroid; of noise, NaN. */
  distances: Float32Array;
  /** [documents × reduceDims]: what was clustered, where that is neither the embeddings nor the map. */
  reduced?: Matrix;
  /** [clusters × 2 or reduceDims]: the centroids of k-means, where it did not cluster the embeddings. */
  reducedCentroids?: Matrix;
  /** Of HDBSCAN. */
  density?: DensityFit;
  /** Of k-means. */
  fit?: { inertia: number; nIter: number; converged: boolean };
}

/** Draws the map and clusters the embeddings, the map, or a UMAP made for it. */
export async function group(
  embeddings: Matrix,
  options: ResolvedClustering,
  operation: OperationOptions,
  watch: Stopwatch,
): Promise<Grouping> {
  const drawn = await watch.time('map', () => drawMap(embeddings, options, operation));
  const { reduction, nClusters, seed } = options;
  const reduced = reduction && (await watch.time('reduce', () => reduce(embeddings, reduction, operation)));
  const points = reduced ?? (options.reduceDims === 0 ? embeddings : drawn.map);
  const shared = { ...drawn, ...(reduced ? { reduced } : {}) };
  if (nClusters === undefined)
    return watch.time('hdbscan', async () => {
      const { labels, density, nClusters, ...facts } = await clusterByDensity(
        points,
        options.hdbscan ?? {},
        operation,
      );
      const means = await meansOf(embeddings, labels, nClusters, operation);
      return { ...shared, ...means, labels, density, ...facts };
    });
  return watch.time('kmeans', async () => {
    const { centroids, labels, distances, inertia, nIter, converged, device, simd } = await cluster(
      points,
      { nClusters, seed },
      operation,
    );
    const found = { ...shared, labels, fit: { inertia, nIter, converged }, device, simd };
    if (points === embeddings) return { ...found, centroids, distances };
    const means = await meansOf(embeddings, labels, nClusters, operation);
    return { ...found, ...means, reducedCentroids: centroids };
  });
}
