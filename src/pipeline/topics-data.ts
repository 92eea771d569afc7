import type { LsaModel } from '../embed/index.js';
import type { OperationFacts } from '../job.js';
import type { Matrix, SparseMatrix } from '../matrix.js';
import type { Cluster, Document, Scores } from '../types.js';
import type { Umap } from '../umap.js';
import type { DensityFit } from './density.js';
import type { ModelFacts } from './embed-texts.js';
import type { ResolvedOptions } from './options.js';

/** How the topics were found. */
export interface TopicsInfo extends ResolvedOptions, OperationFacts {
  model: ModelFacts;
  threads: number;
  /** Of k-means: the sum of squared distances, the iterations, and whether it settled before `maxIter`. */
  inertia?: number;
  nIter?: number;
  converged?: boolean;
  /** Where the layout of a map by UMAP started: `Umap.initUsed`. */
  mapInit?: Umap['initUsed'];
}

/** What was found, as plain data: the fields of `Topics`, which tells what each is. */
export interface TopicsData {
  documents: Document[];
  embeddings: Matrix;
  vocabulary: string[];
  tfidf: SparseMatrix;
  termVectors: Matrix;
  centroids: Matrix;
  labels: Int32Array;
  distances: Float32Array;
  clusters: Cluster[];
  noise?: Cluster | undefined;
  map: Matrix;
  reduced?: Matrix | undefined;
  reducedCentroids?: Matrix | undefined;
  density?: DensityFit | undefined;
  originalLabels?: Int32Array | undefined;
  scores?: Scores | undefined;
  lsa?: LsaModel | undefined;
  info: TopicsInfo;
  seconds: Record<string, number>;
}
