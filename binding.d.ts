/**
 * The whole contract between TypeScript and the native addon. TypeScript checks every value first; the addon
 * checks dtype and length again, only so that it can never crash. Matrices are row-major float32; sizes are whole
 * numbers up to 2^53. Every operation is a job: it runs off the event loop on borrowed arrays, writes the output
 * arrays it was given, and settles its promise on the thread that started it.
 */

export interface NativeJob<T> {
  promise: Promise<T>;
  /** Asks the job to stop; its promise then rejects with code `cancelled`. Harmless once it has settled. */
  cancel(): void;
}

export interface JobOptions {
  /** How many threads may work on the job at once, from 1 up. */
  threads: number;
  /** `scalar`, `avx2`, `avx512` or `neon`; absent: the best this machine has. */
  simd?: string;
  /** Number of the CUDA device to run on; absent: the CPU. Only for operations that have GPU kernels. */
  gpu?: number;
  /**
   * Called on the event loop, at most every 10 ms, for each stage that there was since; the last call before success tells
   * the end. Must not throw.
   */
  onProgress?: (stage: string, done: number, total: number) => void;
}

/** What every job reports beside its own result. */
export interface JobFacts {
  simd: string;
}

/** How candidates are found before they are certified; absent: `auto`. One that the machine lacks falls to `f32`. */
export type NativeScreen = 'auto' | 'f32' | 'bf16' | 'int8';

export type NativeMetric = 'euclidean' | 'sqeuclidean' | 'cosine' | 'dot';

/** A rejected job: an Error with one of these codes. */
export type NativeErrorCode = 'bad_input' | 'no_device' | 'out_of_memory' | 'cancelled' | 'internal';

export interface Binding {
  info(): {
    /** Levels this machine can run, lowest first; the last is the default. */
    simdLevels: string[];
    /** Processors this process may use. */
    threads: number;
    /** Jobs of this environment that have not settled. */
    jobs: number;
    /** Columns up to which `nearest` has a k-d tree. */
    treeDimensions: number;
    /** Neighbours that a GPU can find of a query. */
    gpuNeighbours: number;
    compiler: string;
  };

  /** The CUDA devices of this machine, and where there is none, why: no plugin, no driver or no device. */
  cuda(): { devices: { name: string; memory: number }[]; reason?: string };

  /**
   * For a thread that is not the main one: when it is terminated, shuts the gate (see src/embed/gate.ts) and waits for who is
   * inside, `patience` milliseconds at most. The gate, two integers in shared memory, is held as long as the thread lives.
   */
  holdTermination(gate: Int32Array, patience: number): void;

  /** out[i, j] = distance of a's row i to b's row j. a: [aRows × cols], b: [bRows × cols], out: [aRows × bRows]. */
  distances(
    args: {
      a: Float32Array;
      aRows: number;
      b: Float32Array;
      bRows: number;
      cols: number;
      metric: NativeMetric;
      out: Float32Array;
    },
    options: JobOptions,
  ): NativeJob<JobFacts>;

  /** The k nearest rows of points for every query row. indices, distances: [queryRows × k]. */
  nearest(
    args: {
      queries: Float32Array;
      queryRows: number;
      points: Float32Array;
      pointRows: number;
      cols: number;
      k: number;
      metric: NativeMetric;
      screen?: NativeScreen;
      indices: Int32Array;
      distances: Float32Array;
    },
    options: JobOptions,
  ): NativeJob<JobFacts & { screen: string; recheckedShare: number }>;

  /** The nearest centroid of every point. labels, distances: [rows]. */
  assign(
    args: {
      points: Float32Array;
      rows: number;
      cols: number;
      centroids: Float32Array;
      nClusters: number;
      metric: NativeMetric;
      screen?: NativeScreen;
      labels: Int32Array;
      distances: Float32Array;
    },
    options: JobOptions,
  ): NativeJob<JobFacts & { screen: string; recheckedShare: number }>;

  /** Lloyd's k-means. centroids: [nClusters × cols], labels: [rows], sizes: [nClusters]. */
  kmeans(
    args: {
      points: Float32Array;
      rows: number;
      cols: number;
      nClusters: number;
      /** The starting centroids [nClusters × cols], or how to choose them. */
      init: Float32Array | 'k-means++' | 'random';
      nInit: number;
      maxIter: number;
      tol: number;
      metric: 'euclidean' | 'cosine';
      sampleWeight?: Float32Array;
      /** A whole number from 0 to 2^53 − 1. */
      seed: number;
      screen?: NativeScreen;
      centroids: Float32Array;
      labels: Int32Array;
      sizes: Int32Array;
    },
    options: JobOptions,
  ): NativeJob<
    JobFacts & { inertia: number; nIter: number; converged: boolean; screen: string; recheckedShare: number }
  >;

  /** Mini-batch k-means. centroids: [nClusters × cols], labels: [rows], sizes: [nClusters]. */
  miniBatchKmeans(
    args: {
      points: Float32Array;
      rows: number;
      cols: number;
      nClusters: number;
      /** The starting centroids [nClusters × cols], or how to choose them. */
      init: Float32Array | 'k-means++' | 'random';
      nInit: number;
      batchSize: number;
      maxIter: number;
      /** 0: no limit. */
      maxNoImprovement: number;
      reassignmentRatio: number;
      metric: 'euclidean' | 'cosine';
      sampleWeight?: Float32Array;
      /** A whole number from 0 to 2^53 − 1. */
      seed: number;
      screen?: NativeScreen;
      centroids: Float32Array;
      labels: Int32Array;
      sizes: Int32Array;
    },
    options: JobOptions,
  ): NativeJob<
    JobFacts & {
      inertia: number;
      nIter: number;
      nSteps: number;
      converged: boolean;
      screen: string;
      recheckedShare: number;
    }
  >;

  /** out[j] = Σᵢ w[i, j] · vectors[i] / Σᵢ w[i, j]; a column of zero weight gives zeros. out: [weightCols × cols]. */
  weightedMean(
    args: {
      indptr: Int32Array | BigInt64Array;
      indices: Int32Array;
      data: Float32Array;
      rows: number;
      weightCols: number;
      vectors: Float32Array;
      cols: number;
      out: Float32Array;
    },
    options: JobOptions,
  ): NativeJob<JobFacts>;

  /**
   * Principal components. mean: [cols], components: [nComponents × cols], explainedVariance and
   * explainedVarianceRatio: [nComponents], embedding: [rows × nComponents].
   */
  pca(
    args: {
      points: Float32Array;
      rows: number;
      cols: number;
      nComponents: number;
      mean: Float32Array;
      components: Float32Array;
      explainedVariance: Float32Array;
      explainedVarianceRatio: Float32Array;
      embedding: Float32Array;
    },
    options: JobOptions,
  ): NativeJob<JobFacts>;

  /**
   * Truncated singular value decomposition of a CSR matrix [rows × cols]. components: [nComponents × cols];
   * singularValues, explainedVariance and explainedVarianceRatio: [nComponents]; embedding: [rows × nComponents].
   */
  truncatedSvd(
    args: {
      indptr: Int32Array | BigInt64Array;
      indices: Int32Array;
      data: Float32Array;
      rows: number;
      cols: number;
      nComponents: number;
      /** A whole number from 0 to 2^53 − 1. */
      seed: number;
      components: Float32Array;
      singularValues: Float32Array;
      explainedVariance: Float32Array;
      explainedVarianceRatio: Float32Array;
      embedding: Float32Array;
    },
    options: JobOptions,
  ): NativeJob<JobFacts>;

  /** embedding [rows × nComponents] = a CSR matrix [rows × cols] · components [nComponents × cols] transposed. */
  truncatedSvdTransform(
    args: {
      indptr: Int32Array | BigInt64Array;
      indices: Int32Array;
      data: Float32Array;
      rows: number;
      cols: number;
      nComponents: number;
      components: Float32Array;
      embedding: Float32Array;
    },
    options: JobOptions,
  ): NativeJob<JobFacts>;

  /**
   * HDBSCAN. most = 2 · ⌊rows / minClusterSize⌋ + 1 clusters of the condensed tree at most. coreDistances, labels,
   * probabilities, outlierScores, exemplars: [rows]; left, right, distance, size: [rows − 1]; parent, child, lambda,
   * childSize: [rows + most], of which condensedRows are filled; exemplarStarts: [most + 1], chosen: [most], of which
   * nClusters (+ 1) are filled. chosen holds clusters of the condensed tree, 0 being the root.
   */
  hdbscan(
    args: {
      points: Float32Array;
      rows: number;
      cols: number;
      minClusterSize: number;
      minSamples: number;
      alpha: number;
      metric: 'euclidean' | 'cosine';
      leaf: boolean;
      clusterSelectionEpsilon: number;
      allowSingleCluster: boolean;
      /** 0: no limit. */
      maxClusterSize: number;
      coreDistances: Float64Array;
      left: Int32Array;
      right: Int32Array;
      distance: Float64Array;
      size: Int32Array;
      parent: Int32Array;
      child: Int32Array;
      lambda: Float64Array;
      childSize: Int32Array;
      labels: Int32Array;
      probabilities: Float32Array;
      outlierScores: Float32Array;
      exemplars: Int32Array;
      exemplarStarts: Int32Array;
      chosen: Int32Array;
    },
    options: JobOptions,
  ): NativeJob<JobFacts & { nClusters: number; condensedRows: number; condensedClusters: number }>;

  /** Labels of new points by the tree of an earlier `hdbscan`, whose arrays it takes. labels, probabilities: [rows]. */
  approximatePredict(
    args: {
      points: Float32Array;
      rows: number;
      cols: number;
      modelPoints: Float32Array;
      modelRows: number;
      minSamples: number;
      alpha: number;
      metric: 'euclidean' | 'cosine';
      clusterSelectionEpsilon: number;
      coreDistances: Float64Array;
      parent: Int32Array;
      child: Int32Array;
      lambda: Float64Array;
      childSize: Int32Array;
      /** Clusters of the condensed tree, its root included. */
      condensedClusters: number;
      chosen: Int32Array;
      labels: Int32Array;
      probabilities: Float32Array;
    },
    options: JobOptions,
  ): NativeJob<JobFacts>;

  /**
   * The fuzzy simplicial set of UMAP, from neighbours and ascending distances [rows × k], the point itself included.
   * sigma, rho: [rows]. indptr: [rows + 1]; indices, weights: [2 · rows · k], filled up to indptr[rows].
   */
  fuzzySet(
    args: {
      neighbors: Int32Array;
      distances: Float32Array;
      rows: number;
      k: number;
      localConnectivity: number;
      setOpMixRatio: number;
      sigma: Float32Array;
      rho: Float32Array;
      indptr: BigInt64Array;
      indices: Int32Array;
      weights: Float32Array;
    },
    options: JobOptions,
  ): NativeJob<JobFacts>;

  /** UMAP. embedding: [rows × nComponents]. */
  umap(
    args: {
      points: Float32Array;
      rows: number;
      cols: number;
      nNeighbors: number;
      minDist: number;
      spread: number;
      nComponents: number;
      metric: NativeMetric;
      nEpochs: number;
      learningRate: number;
      negativeSampleRate: number;
      repulsionStrength: number;
      setOpMixRatio: number;
      localConnectivity: number;
      /** Where the layout starts [rows × nComponents], or how to find it. */
      init: Float32Array | 'spectral' | 'pca' | 'random';
      /** A whole number from 0 to 2^53 − 1. */
      seed: number;
      embedding: Float32Array;
    },
    options: JobOptions,
  ): NativeJob<JobFacts & { initUsed: 'spectral' | 'pca' | 'random' | 'given'; a: number; b: number }>;

  /**
   * Places points [rows × cols] in the map fittedEmbedding [fittedRows × nComponents] of fitted [fittedRows × cols].
   * embedding: [rows × nComponents].
   */
  umapTransform(
    args: {
      fitted: Float32Array;
      fittedRows: number;
      fittedEmbedding: Float32Array;
      points: Float32Array;
      rows: number;
      cols: number;
      nNeighbors: number;
      minDist: number;
      spread: number;
      nComponents: number;
      metric: NativeMetric;
      nEpochs: number;
      learningRate: number;
      negativeSampleRate: number;
      repulsionStrength: number;
      localConnectivity: number;
      seed: number;
      embedding: Float32Array;
    },
    options: JobOptions,
  ): NativeJob<JobFacts>;

  /** A tokenizer with a Unigram model, which lives as long as somebody holds it. */
  unigram(
    args: {
      /** The pieces in UTF-16: piece i is units[ends[i − 1]] … units[ends[i] − 1]. */
      units: Uint16Array;
      ends: Uint32Array;
      /** [pieces] */
      scores: Float64Array;
      /** Id of what no piece covers, or −1. */
      unknown: number;
      byteFallback: boolean;
      /** The bytes of precompiled_charsmap, where there is such an edit. */
      charsmap?: Uint8Array;
      /** Steps of the normaliser, in order. */
      edits: NativeEdit[];
      /** Steps that cut the normalised text, in order. */
      cuts: NativeCut[];
      /** Tokens found by their own words. */
      added: NativeAddedToken[];
    },
    options: JobOptions,
  ): NativeJob<JobFacts & { tokenizer: NativeUnigram }>;

  /**
   * Token ids of texts, without special tokens; text i is units[ends[i − 1]] … units[ends[i] − 1] in UTF-16, and its ids are
   * ids[ends[i − 1]] … ids[ends[i] − 1] of the result. With `kinds` the texts are sections as unigramSplit gives them, and no added token is looked for before normalising.
   */
  unigramEncode(
    args: { tokenizer: NativeUnigram; units: Uint16Array; ends: Uint32Array; kinds?: Int32Array },
    options: JobOptions,
  ): NativeJob<JobFacts & { ids: Int32Array; ends: Uint32Array }>;

  /**
   * Cuts texts at the added tokens that are looked for before normalising. Section s is units[ends[s − 1]] …
   * units[ends[s] − 1]; its kind is the id of an added token, or −1 for text at the beginning, −2 for other text. Text i
   * has sections texts[i − 1] … texts[i] − 1.
   */
  unigramSplit(
    args: { tokenizer: NativeUnigram; units: Uint16Array; ends: Uint32Array },
    options: JobOptions,
  ): NativeJob<JobFacts & { ends: Uint32Array; kinds: Int32Array; texts: Uint32Array }>;
}

declare const unigram: unique symbol;
/** A tokenizer in native memory. */
export interface NativeUnigram {
  readonly [unigram]: true;
}

/** `normalized`: looked for in the normalised text; others are found before. */
export interface NativeAddedToken {
  id: number;
  content: string;
  singleWord: boolean;
  lstrip: boolean;
  rstrip: boolean;
  normalized: boolean;
}

export type NativeEdit =
  | { kind: 'charsmap' }
  | { kind: 'replace'; pattern: string; content: string }
  /** Runs of at least `least` of the one unit `pattern` become `content`. */
  | { kind: 'squeeze'; pattern: string; least: number; content: string }
  | { kind: 'strip'; left: boolean; right: boolean }
  | { kind: 'prepend'; content: string };

export type NativeCut =
  | { kind: 'whitespace' }
  | { kind: 'metaspace'; mark: string; prepend: 'never' | 'first' | 'always'; split: boolean };
