import type { Matrix } from './matrix.js';

/** A text to cluster. */
export interface Document {
  id: string;
  text: string;
  /** A label known beforehand, for scoring only: never seen by the clustering. */
  category?: string | undefined;
}

/** A word that names a cluster, with its cosine to the centroid. */
export interface Term {
  term: string;
  score: number;
}

/** A document near a cluster's centroid. */
export interface Exemplar {
  /** Row of the document in the input. */
  index: number;
  id: string;
  text: string;
  /** Euclidean distance to the centroid. */
  distance: number;
}

export interface Cluster {
  /** 0 is the largest cluster; −1 is the noise. */
  id: number;
  size: number;
  /** Best first. */
  terms: Term[];
  /** Nearest first. */
  exemplars: Exemplar[];
  /** Whether the terms describe the cluster, from 0 to 1: the share of its own documents among the min(size, 50)
   * documents nearest the score-weighted mean of its terms' vectors. NaN without terms. */
  fit: number;
}

/** Agreement of the clusters with known categories, as scikit-learn defines it. */
export interface Scores {
  ari: number;
  nmi: number;
  vMeasure: number;
}

/** Everything the HTML report shows. */
export interface ReportData {
  title: string;
  /** Facts of the run, in order: label and value, ready to print. */
  facts: [label: string, value: string][];
  clusters: Cluster[];
  documents: Document[];
  /** Cluster of every document; −1 is noise. */
  labels: Int32Array;
  /** Distance of every document to its centroid; of noise, NaN. */
  distances: Float32Array;
  /** [documents × 2] coordinates. */
  map: Matrix;
  /** What the axes are, e.g. `UMAP Component 1` and `UMAP Component 2`. */
  axes: [string, string];
  scores?: Scores | undefined;
  /** Seconds per stage, in order. */
  seconds: [stage: string, seconds: number][];
}
