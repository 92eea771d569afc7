import {
  approximatePredict,
  type Hdbscan,
  type HdbscanModel,
  type HdbscanOptions,
  type HdbscanPrediction,
  hdbscan,
} from '../hdbscan.js';
import type { OperationFacts, OperationOptions } from '../job.js';
import type { Matrix } from '../matrix.js';
import { countLabels } from './cluster.js';
import { inStage } from './stages.js';

/** What HDBSCAN knows of a run beyond the labels: how firmly documents belong, and what placing new texts takes. */
export interface DensityFit
  extends Omit<HdbscanModel, 'points'>,
    Pick<Hdbscan, 'probabilities' | 'outlierScores'> {
  /** [clusters]: the number by size, which the run uses, of each cluster in the order of `selectedClusters`. */
  clusterIds: Int32Array;
}

export interface DensityClustering extends OperationFacts {
  labels: Int32Array;
  nClusters: number;
  density: DensityFit;
}

/** HDBSCAN whose clusters are numbered by size, the largest first (equal sizes by their number within HDBSCAN). */
export async function clusterByDensity(
  points: Matrix,
  options: HdbscanOptions,
  operation: OperationOptions,
): Promise<DensityClustering> {
  const found = await hdbscan(points, { ...options, ...inStage('hdbscan', operation) });
  const { nClusters, device, simd, probabilities, outlierScores, coreDistances, condensedTree } = found;
  const { minSamples, clusterSelectionEpsilon, alpha, metric } = found;
  const sizes = countLabels(found.labels, nClusters);
  const order = Array.from(sizes.keys()).sort((a, b) => sizes[b]! - sizes[a]! || a - b);
  const clusterIds = new Int32Array(nClusters);
  for (const [id, old] of order.entries()) clusterIds[old] = id;
  return {
    labels: renumber(found.labels, clusterIds),
    nClusters,
    density: {
      probabilities,
      outlierScores,
      coreDistances,
      condensedTree,
      selectedClusters: found.selectedClusters,
      clusterIds,
      minSamples,
      clusterSelectionEpsilon,
      alpha,
      metric,
    },
    device,
    simd,
  };
}

const renumber = (labels: Int32Array, clusterIds: Int32Array): Int32Array =>
  labels.map((label) => (label < 0 ? label : clusterIds[label]!));

/** The clusters that new points of the clustered space fall into, under the numbers of the run. */
export async function predictByDensity(
  points: Matrix,
  fitted: Matrix,
  { clusterIds, ...model }: DensityFit,
  operation: OperationOptions,
): Promise<HdbscanPrediction> {
  const found = await approximatePredict({ ...model, points: fitted }, points, operation);
  return { ...found, labels: renumber(found.labels, clusterIds) };
}
