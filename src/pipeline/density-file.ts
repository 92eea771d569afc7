import { MatomariError } from '../errors.js';
import { readNpz, writeNpz } from '../io/index.js';
import type { ResolvedClustering } from './clustering-options.js';
import type { DensityFit } from './density.js';

/** `hdbscan.npz`: the arrays of a DensityFit, named as NumPy users would. */
const ARRAYS = {
  probabilities: Float32Array,
  outlier_scores: Float32Array,
  core_distances: Float64Array,
  selected_clusters: Int32Array,
  cluster_ids: Int32Array,
  parent: Int32Array,
  child: Int32Array,
  lambda_val: Float64Array,
  child_size: Int32Array,
  n_clusters: Int32Array,
} as const;

export async function writeDensity(path: string, density: DensityFit): Promise<void> {
  const { parent, child, lambda, childSize, nClusters } = density.condensedTree;
  const arrays: Record<keyof typeof ARRAYS, Float32Array | Float64Array | Int32Array> = {
    probabilities: density.probabilities,
    outlier_scores: density.outlierScores,
    core_distances: density.coreDistances,
    selected_clusters: density.selectedClusters,
    cluster_ids: density.clusterIds,
    parent,
    child,
    lambda_val: lambda,
    child_size: childSize,
    n_clusters: Int32Array.of(nClusters),
  };
  await writeNpz(path, arrays);
}

/** @param settings the options of the run, which the file does not repeat */
export async function readDensity(
  path: string,
  settings: NonNullable<ResolvedClustering['hdbscan']>,
): Promise<DensityFit> {
  const arrays = await readNpz(path);
  const array = <N extends keyof typeof ARRAYS>(name: N) => {
    const data = arrays[name]?.data;
    if (data instanceof ARRAYS[name]) return data as InstanceType<(typeof ARRAYS)[N]>;
    throw new MatomariError(
      'bad_file',
      `${path} has no array ${name} of the right type: the file was changed or damaged; run it again`,
    );
  };
  const { minSamples, clusterSelectionEpsilon, alpha, metric } = settings;
  return {
    probabilities: array('probabilities'),
    outlierScores: array('outlier_scores'),
    coreDistances: array('core_distances'),
    condensedTree: {
      parent: array('parent'),
      child: array('child'),
      lambda: array('lambda_val'),
      childSize: array('child_size'),
      nClusters: array('n_clusters')[0]!,
    },
    selectedClusters: array('selected_clusters'),
    clusterIds: array('cluster_ids'),
    minSamples,
    clusterSelectionEpsilon,
    alpha,
    metric,
  };
}
