import type { OperationOptions } from '../job.js';
import { type Matrix, row, zeros } from '../matrix.js';
import { adjustedRandScore, normalizedMutualInfoScore, vMeasureScore } from '../metrics.js';
import { pca } from '../pca.js';
import { cluster } from './cluster.js';
import { type DocumentInput, toDocuments } from './documents.js';
import { type Embedded, type EmbedOperation, embedTexts } from './embed-texts.js';
import { nameClusters } from './name.js';
import { type ResolvedOptions, resolveMachine, resolveOptions, type TopicOptions } from './options.js';
import { inStage, Stopwatch, together } from './stages.js';
import { extractTerms, termVectors } from './terms.js';
import { Topics } from './topics.js';
import type { Document, Scores } from './types.js';

/**
 * Finds the topics of a pile of texts: embeds every text, clusters the embeddings with k-means, names every cluster by
 * the words whose TF-IDF-weighted mean embedding lies nearest its centroid, and lays everything out on a 2-D map.
 *
 * Clusters are numbered by size, the largest first, and labels follow. The same documents, options and seed give the
 * same bits on any number of threads and any SIMD level (as far as the embedding model does; the built-in one does).
 * Categories, where documents have them, are used for scores only.
 *
 * `onProgress` names the stages `embed`, `tokenise`, `terms`, `kmeans`, `name` and `map`; the first two run side by side.
 * Cost: embedding, then O(documents · clusters · dimensions) for an iteration of k-means; memory for a float32 vector a
 * document and a term.
 *
 * @throws MatomariError `bad_input` without documents, with fewer documents than clusters, or when no word is frequent
 * enough to name anything; `bad_option`; `model_not_found`; `no_device`; `cancelled`
 */
export async function discoverTopics(
  documents: readonly DocumentInput[],
  options: TopicOptions = {},
): Promise<Topics> {
  const checked = toDocuments('discoverTopics', documents);
  const resolved = resolveOptions(options, checked.length);
  return discover(checked, resolved, options, (texts, operation) =>
    embedTexts(options.embedder ?? 'builtin', texts, operation),
  );
}

/** The stages of discoverTopics over options that are already checked; `embed` says how embeddings are come by. */
export async function discover(
  documents: Document[],
  resolved: ResolvedOptions,
  { device, threads, signal, onProgress }: OperationOptions,
  embed: (texts: string[], operation: EmbedOperation) => Promise<Embedded>,
  watch = new Stopwatch(),
): Promise<Topics> {
  const operation: OperationOptions = { device, threads, signal, onProgress };
  const texts = documents.map(({ text }) => text);
  const { language, pos, stopWords } = resolved;
  const [{ embeddings, model, lsa }, { vocabulary, tfidf }] = await together(
    signal,
    (either) =>
      watch.time('embed', () =>
        embed(texts, { ...inStage('embed', operation), words: { language, pos, stopWords }, signal: either }),
      ),
    (either) => extractTerms(texts, resolved, { ...operation, signal: either }, watch),
  );
  const vectors = await watch.time('terms', () => termVectors(tfidf, embeddings, operation));
  const {
    centroids,
    labels,
    distances,
    inertia,
    nIter,
    converged,
    device: ran,
    simd,
  } = await watch.time('kmeans', () => cluster(embeddings, resolved, operation));
  const clusters = await watch.time('name', () =>
    nameClusters(
      { documents, embeddings, centroids, labels, distances },
      { vocabulary, termVectors: vectors },
      resolved,
      inStage('name', operation),
    ),
  );
  const map = await watch.time('map', () => plane(embeddings, inStage('map', operation)));
  const scores = await watch.time('score', () => agreement(documents, labels));
  return new Topics({
    documents,
    embeddings,
    vocabulary,
    tfidf,
    termVectors: vectors,
    centroids,
    labels,
    distances,
    clusters,
    map,
    scores,
    lsa,
    info: { ...resolved, model, device: ran, simd, ...resolveMachine(operation), inertia, nIter, converged },
    seconds: watch.total(),
  });
}

/** The first two principal components; a direction that the data does not have is zero. */
async function plane(points: Matrix, operation: OperationOptions): Promise<Matrix> {
  const nComponents = Math.min(2, points.rows, points.cols);
  const { embedding } = await pca(points, { nComponents, ...operation });
  if (nComponents === 2) return embedding;
  const map = zeros(points.rows, 2);
  for (let i = 0; i < map.rows; i++) row(map, i).set(row(embedding, i));
  return map;
}

/** Scores over the documents whose category is known; undefined where none is. */
export async function agreement(
  documents: readonly Document[],
  labels: Int32Array,
): Promise<Scores | undefined> {
  const known = documents.flatMap(({ category }, index) =>
    category ? [{ category, label: labels[index]! }] : [],
  );
  if (known.length === 0) return undefined;
  const truth = known.map(({ category }) => category);
  const found = known.map(({ label }) => label);
  const [ari, nmi, vMeasure] = await Promise.all([
    adjustedRandScore(truth, found),
    normalizedMutualInfoScore(truth, found),
    vMeasureScore(truth, found),
  ]);
  return { ari, nmi, vMeasure };
}
