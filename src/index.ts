export { type Assignment, type AssignOptions, assign } from './assign.js';
export type { Device, RanOn, Simd } from './device.js';
export { type DistancesOptions, distances } from './distances.js';
export { type ErrorCode, MatomariError } from './errors.js';
export { approximatePredict, type Hdbscan, type HdbscanOptions, hdbscan } from './hdbscan.js';
export type { OperationFacts, OperationOptions, Progress } from './job.js';
export {
  type MiniBatchKMeans,
  type MiniBatchKMeansOptions,
  miniBatchKmeans,
} from './kmeans/mini-batch.js';
export { type KMeans, type KMeansOptions, kmeans } from './kmeans.js';
export { type Matrix, type Metric, matrix, row, type SparseMatrix } from './matrix.js';
export * from './metrics.js';
export { type NearestOptions, type Neighbours, nearest } from './nearest.js';
export { type Pca, type PcaOptions, pca } from './pca.js';
export type { ClusteringOptions, UmapSettings } from './pipeline/clustering-options.js';
export type { DensityFit } from './pipeline/density.js';
export { discoverTopics } from './pipeline/discover.js';
export type { DocumentInput } from './pipeline/documents.js';
export type { TopicOptions } from './pipeline/options.js';
export type { TopicAssignment } from './pipeline/predict.js';
export { Topics } from './pipeline/topics.js';
export type { TopicsInfo } from './pipeline/topics-data.js';
export { type TfidfDocuments, type TfidfOptions, TfidfVectorizer } from './tfidf.js';
export {
  type TruncatedSvd,
  type TruncatedSvdOptions,
  truncatedSvd,
  truncatedSvdTransform,
} from './truncated-svd.js';
export type { Cluster, Document, Exemplar, Scores, Term } from './types.js';
export {
  type Umap,
  type UmapMapOptions,
  type UmapMetric,
  type UmapOptions,
  type UmapStart,
  umap,
  umapTransform,
} from './umap.js';
export { weightedMean } from './weighted-mean.js';
