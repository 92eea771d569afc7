export type { AverageMethod, NormalizedMutualInfoOptions, VMeasureOptions } from './metrics/agreement.js';
export {
  adjustedRandScore,
  completenessScore,
  homogeneityScore,
  normalizedMutualInfoScore,
  vMeasureScore,
} from './metrics/agreement.js';
export type { DistanceMetric } from './metrics/distance-rows.js';
export type { Labels } from './metrics/labels.js';
export { type SilhouetteOptions, silhouetteScore } from './metrics/silhouette.js';
export { type TrustworthinessOptions, trustworthiness } from './metrics/trustworthiness.js';
