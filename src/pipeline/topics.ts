import { checkOptions, show } from '../check.js';
import type { Embedder, LsaModel } from '../embed/index.js';
import { MatomariError } from '../errors.js';
import { OPERATION_OPTIONS, type OperationOptions } from '../job.js';
import type { Matrix, SparseMatrix } from '../matrix.js';
import type { Cluster, Document, Scores } from '../types.js';
import { assignTexts } from './assign-texts.js';
import type { DensityFit } from './density.js';
import { inDirectory } from './directory.js';
import { reassignNoise, restoreNoise } from './noise.js';
import type { TopicAssignment } from './predict.js';
import { loadTopics } from './read-run.js';
import type { TopicsData, TopicsInfo } from './topics-data.js';
import { forgetRun, writeFiles, writeRun } from './write-run.js';

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
  /** [clusters × dimensions]: the mean of every cluster's embeddings. */
  readonly centroids: Matrix;
  /** Cluster of every document; −1 is noise. */
  readonly labels: Int32Array;
  /** Euclidean distance of every document's embedding to its centroid; of noise, NaN. */
  readonly distances: Float32Array;
  /** Largest first, noise once reassigned not counted; `clusters[c].id` is c. */
  readonly clusters: Cluster[];
  /** The documents of no cluster, named as if they were one (id −1); undefined where there are none. */
  readonly noise?: Cluster | undefined;
  /** [documents × 2]: by UMAP, or by `map: 'pca'` the first two principal components. */
  readonly map: Matrix;
  /** [documents × reduceDims]: what was clustered, where that is neither the embeddings nor the map. */
  readonly reduced?: Matrix | undefined;
  /** The centroids of k-means in what it clustered, where that is not the embeddings. */
  readonly reducedCentroids?: Matrix | undefined;
  /** Of HDBSCAN: probabilities, outlier scores, and what `assign` needs of the tree. */
  readonly density?: DensityFit | undefined;
  /** The labels that the clustering gave, while `labels` are those of `reassignNoise`. */
  readonly originalLabels?: Int32Array | undefined;
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
    this.noise = data.noise;
    this.map = data.map;
    this.reduced = data.reduced;
    this.reducedCentroids = data.reducedCentroids;
    this.density = data.density;
    this.originalLabels = data.originalLabels;
    this.scores = data.scores;
    this.lsa = data.lsa;
    this.info = data.info;
    this.seconds = data.seconds;
  }

  /**
   * The cluster of each new text. What k-means made of the embeddings: the nearest centroid, by euclidean distance. Where
   * a UMAP was clustered, `umapTransform` finds each text its place there first; then the nearest of k-means' own
   * centroids, or what `approximatePredict` says, which may be noise (−1), unless `reassignNoise` gave noise away: then
   * the nearest centroid. The texts of `documents` get the very labels of `labels`, wherever the model embeds a text the
   * same in any company; of equal texts that UMAP has laid apart, all get the label of the first.
   *
   * Without `embedder` the model that embedded the documents is loaded for the call; where texts come one at a time,
   * pass an open one.
   *
   * @throws MatomariError `bad_input` when the texts are not strings or the embedder has other dimensions
   */
  async assign(
    texts: readonly string[],
    options: OperationOptions & { embedder?: Embedder | string | undefined } = {},
  ): Promise<TopicAssignment> {
    checkOptions('Topics.assign', options, ['embedder', ...OPERATION_OPTIONS]);
    if (!Array.isArray(texts) || !texts.every((text) => typeof text === 'string'))
      throw new MatomariError(
        'bad_input',
        `Topics.assign: texts must be an array of strings, not ${show(texts)}`,
      );
    const { name, path } = this.info.model;
    const { embedder, ...operation } = options;
    return assignTexts(texts, this, embedder ?? this.lsa ?? path ?? name, operation);
  }

  /**
   * A second pass that leaves no noise: every document of it goes to the cluster whose centroid its embedding is nearest
   * (euclidean, ties to the lower number), and so will the noise among new texts. Numbers and centroids of the clusters
   * stay, so that it can be taken back: `originalLabels` keeps the labels of the clustering, and so does a saved run.
   * Sizes, exemplars, fit and scores are those of all documents. These topics themselves do not change.
   *
   * @throws MatomariError `bad_input` when everything is noise, `cancelled`
   * Cost: noise · clusters · dimensions multiply-adds, and the names.
   */
  async reassignNoise(options: OperationOptions = {}): Promise<Topics> {
    checkOptions('Topics.reassignNoise', options, OPERATION_OPTIONS);
    return new Topics(await reassignNoise(this, options));
  }

  /** Takes `reassignNoise` back: the topics as the clustering found them. */
  async restoreNoise(options: OperationOptions = {}): Promise<Topics> {
    checkOptions('Topics.restoreNoise', options, OPERATION_OPTIONS);
    return new Topics(await restoreNoise(this, options));
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
