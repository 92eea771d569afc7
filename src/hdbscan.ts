import { native } from './binding.js';
import { checkBoolean, checkInteger, checkNumber, checkOneOf, checkOptions, show } from './check.js';
import { MatomariError } from './errors.js';
import { OPERATION_OPTIONS, type OperationFacts, type OperationOptions, runJob } from './job.js';
import { allocate, checkFilledMatrix, checkMatrix, checkSameCols, type Matrix } from './matrix.js';

export const SELECTION_METHODS = ['eom', 'leaf'] as const;
export const HDBSCAN_METRICS = ['euclidean', 'cosine'] as const;
export type HdbscanMetric = (typeof HDBSCAN_METRICS)[number];

export interface HdbscanOptions extends OperationOptions {
  /** The smallest group of points that counts as a cluster, from 2 up (default 5). */
  minClusterSize?: number | undefined;
  /**
   * Which neighbour gives a point its core distance, the point itself not counted (default minClusterSize; at most
   * rows − 1 is used). scikit-learn counts the point: its `min_samples=m` is `minSamples: m - 1` here.
   */
  minSamples?: number | undefined;
  /** Clusters that split off at a smaller distance than this stay together (default 0: no limit). */
  clusterSelectionEpsilon?: number | undefined;
  /** `eom` (default): the most stable clusters, excess of mass; `leaf`: the finest ones. */
  clusterSelectionMethod?: (typeof SELECTION_METHODS)[number] | undefined;
  /** Whether all the data may be one cluster (default false). */
  allowSingleCluster?: boolean | undefined;
  /** Points of a cluster at most, with `eom` (default: no limit); clusterSelectionEpsilon may exceed it. */
  maxClusterSize?: number | undefined;
  /** Distances are divided by this before core distances are compared with them, from 1e-6 to 1e6 (default 1). */
  alpha?: number | undefined;
  /** `euclidean` (default), or `cosine`: 1 − cos. */
  metric?: HdbscanMetric | undefined;
}

/**
 * The single linkage tree as SciPy writes it: step s joins the clusters `left[s]` < `right[s]` at `distance[s]` (mutual
 * reachability, ascending) into cluster rows + s of `size[s]` points; numbers below rows are points. Arrays: [rows − 1].
 */
export interface SingleLinkageTree {
  left: Int32Array;
  right: Int32Array;
  distance: Float64Array;
  size: Int32Array;
}

/**
 * The condensed tree: in row r `child[r]`, a point or a cluster of `childSize[r]` points, leaves the cluster `parent[r]` at
 * `lambda[r]` = 1 / distance. Numbers below rows are points, rows is the root, larger ones are clusters level by level.
 */
export interface CondensedTree {
  parent: Int32Array;
  child: Int32Array;
  /** Infinite where points are equal. */
  lambda: Float64Array;
  childSize: Int32Array;
  /** Clusters in the tree, the root included. */
  nClusters: number;
}

/** What `approximatePredict` needs to know of a fit. */
export interface HdbscanModel {
  /** The very matrix that was clustered, not a copy. */
  points: Matrix;
  /** [rows]: how far neighbour number minSamples lies. */
  coreDistances: Float64Array;
  condensedTree: CondensedTree;
  /** [nClusters]: the number in the condensed tree of each cluster that was selected. */
  selectedClusters: Int32Array;
  /** What was used: at most rows − 1. */
  minSamples: number;
  clusterSelectionEpsilon: number;
  alpha: number;
  metric: HdbscanMetric;
}

export interface Hdbscan extends HdbscanModel, OperationFacts {
  /** [rows]: the cluster of each point from 0 up, or −1: noise. */
  labels: Int32Array;
  /** [rows]: how firmly a point belongs to its cluster, from 0 to 1; 0 for noise. */
  probabilities: Float32Array;
  /** [rows]: GLOSH, from 0 (inlier) to 1. */
  outlierScores: Float32Array;
  /** For each cluster the points at its densest places, ascending: those that stay longest in the leaves below it. */
  exemplars: Int32Array[];
  nClusters: number;
  singleLinkageTree: SingleLinkageTree;
}

export const HDBSCAN_OPTIONS = [
  'minClusterSize',
  'minSamples',
  'clusterSelectionEpsilon',
  'clusterSelectionMethod',
  'allowSingleCluster',
  'maxClusterSize',
  'alpha',
  'metric',
] as const;

/**
 * Hierarchical density-based clustering, HDBSCAN* (Campello, Moulavi, Sander 2013), with the definitions of the *hdbscan*
 * package: options, selection rules, probabilities, outlier scores (GLOSH) and exemplars are its own, up to the points below.
 *
 * - The minimum spanning tree is exact. Many of its edges weigh the same, since a weight is often a core distance; the tree
 *   takes them by weight, then by the lesser of the two core distances, then by lower row, then by higher row. A point that
 *   reaches several clusters at once joins the largest, then the nearest. So the result is one, bit for bit, whatever the
 *   machine, the SIMD level and the number of threads. The package takes whichever edge it meets first: its algorithms
 *   differ among one another in a few labels, and from these in about as few (docs/decisions/tied-edges.md).
 * - Distances are float64, summed in index order. Clusters are numbered from the top of the condensed tree down.
 * - Fewer points than minClusterSize, or one: all noise. Equal points: all noise, or one cluster with allowSingleCluster.
 *   With `leaf`, data that never split are all noise even with allowSingleCluster, as in the package.
 * - Equal points leave at lambda = ∞. Their probability is 1, that of other points in the same cluster is 0, and their
 *   outlier score is 0, that of others 1 (the package gives NaN).
 * - clusterSelectionEpsilon and the distances of the trees are in units of the metric; for `cosine` 1 − cos.
 *
 * @throws MatomariError `bad_input` (NaN, empty matrix, a zero vector under `cosine`), `bad_option`, `cancelled`,
 *   `out_of_memory`
 * Cost: up to 9 columns (15 from 100,000 rows on) about rows · log(rows) by a k-d tree; beyond, a few times rows² · cols by
 * float32 screening. Scratch: about 200 bytes a row and 16 bytes a value; without a tree up to 500 bytes a row.
 */
export async function hdbscan(points: Matrix, options: HdbscanOptions = {}): Promise<Hdbscan> {
  const settings = checkHdbscan(options);
  const { minClusterSize, clusterSelectionEpsilon, allowSingleCluster, alpha, metric } = settings;
  checkFilledMatrix('points', points);
  const { rows, cols } = points;
  const minSamples = Math.max(1, Math.min(settings.minSamples, rows - 1));

  const most = 2 * Math.floor(rows / minClusterSize) + 1;
  const outputs = {
    coreDistances: allocate(Float64Array, rows),
    left: allocate(Int32Array, rows - 1),
    right: allocate(Int32Array, rows - 1),
    distance: allocate(Float64Array, rows - 1),
    size: allocate(Int32Array, rows - 1),
    parent: allocate(Int32Array, rows + most),
    child: allocate(Int32Array, rows + most),
    lambda: allocate(Float64Array, rows + most),
    childSize: allocate(Int32Array, rows + most),
    labels: allocate(Int32Array, rows),
    probabilities: allocate(Float32Array, rows),
    outlierScores: allocate(Float32Array, rows),
    exemplars: allocate(Int32Array, rows),
    exemplarStarts: allocate(Int32Array, most + 1),
    chosen: allocate(Int32Array, most),
  };
  const borrowed = [points.data, ...Object.values(outputs)];
  const { nClusters, condensedRows, condensedClusters, ...facts } = await runJob(
    'hdbscan',
    options,
    borrowed,
    (job) =>
      native().hdbscan(
        {
          points: points.data,
          rows,
          cols,
          minClusterSize,
          minSamples,
          alpha,
          metric,
          leaf: settings.clusterSelectionMethod === 'leaf',
          clusterSelectionEpsilon,
          allowSingleCluster,
          maxClusterSize: settings.maxClusterSize ?? 0,
          ...outputs,
        },
        job,
      ),
  );
  const { coreDistances, left, right, distance, size, labels, probabilities, outlierScores } = outputs;
  return {
    labels,
    probabilities,
    outlierScores,
    exemplars: Array.from({ length: nClusters }, (_, c) =>
      outputs.exemplars.slice(outputs.exemplarStarts[c], outputs.exemplarStarts[c + 1]),
    ),
    nClusters,
    singleLinkageTree: { left, right, distance, size },
    condensedTree: {
      parent: outputs.parent.slice(0, condensedRows),
      child: outputs.child.slice(0, condensedRows),
      lambda: outputs.lambda.slice(0, condensedRows),
      childSize: outputs.childSize.slice(0, condensedRows),
      nClusters: condensedClusters,
    },
    selectedClusters: outputs.chosen.slice(0, nClusters).map((cluster) => cluster + rows),
    coreDistances,
    points,
    minSamples,
    clusterSelectionEpsilon,
    alpha,
    metric,
    ...facts,
  };
}

/** The options with their defaults, every value checked. `minSamples` is as asked for: a fit uses at most rows − 1. */
export function checkHdbscan(options: HdbscanOptions) {
  checkOptions('hdbscan', options, [...HDBSCAN_OPTIONS, ...OPERATION_OPTIONS]);
  const minClusterSize = checkInteger('minClusterSize', options.minClusterSize ?? 5, 2);
  const { maxClusterSize } = options;
  return {
    minClusterSize,
    minSamples: checkInteger('minSamples', options.minSamples ?? minClusterSize, 1),
    clusterSelectionEpsilon: checkNumber('clusterSelectionEpsilon', options.clusterSelectionEpsilon ?? 0, 0),
    clusterSelectionMethod: checkOneOf(
      'clusterSelectionMethod',
      options.clusterSelectionMethod ?? 'eom',
      SELECTION_METHODS,
    ),
    allowSingleCluster: checkBoolean('allowSingleCluster', options.allowSingleCluster ?? false),
    ...(maxClusterSize === undefined
      ? {}
      : { maxClusterSize: checkInteger('maxClusterSize', maxClusterSize, 1) }),
    alpha: checkNumber('alpha', options.alpha ?? 1, 1e-6, 1e6),
    metric: checkOneOf('metric', options.metric ?? 'euclidean', HDBSCAN_METRICS),
  };
}

export interface HdbscanPrediction extends OperationFacts {
  /** [rows]: the cluster of each new point, or −1: noise. */
  labels: Int32Array;
  /** [rows]: how firmly it belongs there, from 0 to 1; 0 for noise. */
  probabilities: Float32Array;
}

/**
 * The cluster of an earlier `hdbscan` that each new point falls into, if its tree is left as it is: approximate, in that
 * clustering old and new points together may give another answer.
 *
 * A new point hangs on the point of the model that it reaches at the smallest mutual reachability distance, among its
 * 2 · minSamples nearest, and stays or leaves with it; its own core distance is that of neighbour minSamples + 1 in the
 * model, so that a point of the model repeats its label. This is the package's approximate_predict, except that the core
 * distances of the model are those of the fit (the package's are one neighbour nearer).
 *
 * @throws MatomariError `bad_input` (NaN, unequal columns, a model that `hdbscan` did not return), `bad_option`, `cancelled`
 * Deterministic like `hdbscan`. Cost: that of `nearest` with k = 2 · minSamples.
 */
export async function approximatePredict(
  model: HdbscanModel,
  points: Matrix,
  options: OperationOptions = {},
): Promise<HdbscanPrediction> {
  checkOptions('approximatePredict', options, OPERATION_OPTIONS);
  if (typeof model !== 'object' || model === null || !(model.condensedTree?.parent instanceof Int32Array))
    throw new MatomariError('bad_input', `the model must be what hdbscan returned, not ${show(model)}`);
  checkFilledMatrix('model.points', model.points);
  checkMatrix('points', points);
  checkSameCols('points', points, 'model.points', model.points);
  const { condensedTree: tree, coreDistances } = model;
  const minSamples = checkInteger('model.minSamples', model.minSamples, 1);
  const modelRows = model.points.rows;
  const chosen = model.selectedClusters.map((cluster) => cluster - modelRows);
  const labels = allocate(Int32Array, points.rows);
  const probabilities = allocate(Float32Array, points.rows);
  const { parent, child, lambda, childSize } = tree;
  const borrowed = [
    points.data,
    model.points.data,
    coreDistances,
    parent,
    child,
    lambda,
    childSize,
    chosen,
    labels,
    probabilities,
  ];
  const facts = await runJob('approximatePredict', options, borrowed, (job) =>
    native().approximatePredict(
      {
        points: points.data,
        rows: points.rows,
        cols: points.cols,
        modelPoints: model.points.data,
        modelRows,
        minSamples,
        alpha: model.alpha,
        metric: model.metric,
        clusterSelectionEpsilon: model.clusterSelectionEpsilon,
        coreDistances,
        parent,
        child,
        lambda,
        childSize,
        condensedClusters: tree.nClusters,
        chosen,
        labels,
        probabilities,
      },
      job,
    ),
  );
  return { labels, probabilities, ...facts };
}
