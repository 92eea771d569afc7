import type { Assignment } from '../assign.js';
import { checkOptions, show } from '../check.js';
import type { Embedder, LsaModel } from '../embed/index.js';
import { MatomariError } from '../errors.js';
import { OPERATION_OPTIONS, type OperationFacts, type OperationOptions } from '../job.js';
import type { Matrix, SparseMatrix } from '../matrix.js';
import { inDirectory } from './directory.js';
import { assignTexts, type ModelFacts } from './embed-texts.js';
import type { ResolvedOptions } from './options.js';
import { loadTopics } from './read-run.js';
import type { Cluster, Document, Scores } from './types.js';
import { forgetRun, writeFiles, writeRun } from './write-run.js';

/** How the topics were found. */
export interface TopicsInfo extends ResolvedOptions, OperationFacts {
  model: ModelFacts;
  threads: number;
  /** Of k-means: the sum of squared distances, the iterations, and whether it settled before `maxIter`. */
  inertia: number;
  nIter: number;
  converged: boolean;
}

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
  map: Matrix;
  scores?: Scores | undefined;
  lsa?: LsaModel | undefined;
  info: TopicsInfo;
  seconds: Record<string, number>;
}

/** What discoverTopics found, with every intermediate result. */
export class Topics implements TopicsData {
  readonly documents: Document[];
  /** [documents × dimensions] */
  readonly embeddings: Matrix;
  /** Every word that may name a cluster: the columns of `tfidf` and the rows of `termVectors`. */
  readonly vocabulary: string[];
  /** [documents × terms] */
  readonly tfidf: SparseMatrix;
  /** [terms × dimensions]: the TF-IDF-weighted mean of the documents' embeddings. */
  readonly termVectors: Matrix;
  /** [clusters × dimensions] */
  readonly centroids: Matrix;
  /** Cluster of every document. */
  readonly labels: Int32Array;
  /** Euclidean distance of every document to its centroid. */
  readonly distances: Float32Array;
  /** Largest first; `clusters[c].id` is c. */
  readonly clusters: Cluster[];
  /** [documents × 2]: the first two principal components. */
  readonly map: Matrix;
  /** Agreement with the categories, over the documents that have one. */
  readonly scores?: Scores | undefined;
  /** What the embedder `lsa` has learnt from the documents. */
  readonly lsa?: LsaModel | undefined;
  readonly info: TopicsInfo;
  /** Wall-clock seconds: `total` and every stage. `embed` overlaps with `tokenise` and `tfidf`. */
  readonly seconds: Record<string, number>;

  constructor(data: TopicsData) {
    this.documents = data.documents;
    this.embeddings = data.embeddings;
    this.vocabulary = data.vocabulary;
    this.tfidf = data.tfidf;
    this.termVectors = data.termVectors;
    this.centroids = data.centroids;
    this.labels = data.labels;
    this.distances = data.distances;
    this.clusters = data.clusters;
    this.map = data.map;
    this.scores = data.scores;
    this.lsa = data.lsa;
    this.info = data.info;
    this.seconds = data.seconds;
  }

  /**
   * The nearest cluster of each new text, by euclidean distance of its embedding to the centroids. The texts of
   * `documents` get the very labels of `labels`, wherever the model embeds a text the same in any company.
   *
   * Without `embedder` the model that embedded the documents is loaded for the call; where texts come one at a time,
   * pass an open one.
   *
   * @throws MatomariError `bad_input` when the texts are not strings or the embedder has other dimensions
   */
  async assign(
    texts: readonly string[],
    options: OperationOptions & { embedder?: Embedder | string | undefined } = {},
  ): Promise<Assignment> {
    checkOptions('Topics.assign', options, ['embedder', ...OPERATION_OPTIONS]);
    if (!Array.isArray(texts) || !texts.every((text) => typeof text === 'string'))
      throw new MatomariError(
        'bad_input',
        `Topics.assign: texts must be an array of strings, not ${show(texts)}`,
      );
    const { name, path } = this.info.model;
    const { embedder, ...operation } = options;
    return assignTexts(texts, this.centroids, embedder ?? this.lsa ?? path ?? name, operation);
  }

  /**
   * Writes the run directory: the arrays as NumPy reads them, the clusters and documents as JSONL, `report.html`, and
   * `run.json` last of all, so that its presence means that everything is there. An old run in the folder is replaced.
   *
   * @throws MatomariError `bad_file` when the folder cannot be written
   */
  async save(dir: string): Promise<void> {
    await inDirectory(dir, async () => {
      await forgetRun(dir);
      await writeFiles(dir, this, { embeddings: true });
      await writeRun(dir, this);
    });
  }

  /** Reads a run directory back; `bad_file` when a file is missing or not what it should be. */
  static async load(dir: string): Promise<Topics> {
    return new Topics(await loadTopics(dir));
  }
}
