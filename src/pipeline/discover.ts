import type { OperationOptions } from '../job.js';
import type { Document } from '../types.js';
import { type DocumentInput, toDocuments } from './documents.js';
import { type Embedded, type EmbedOperation, embedTexts } from './embed-texts.js';
import { group } from './group.js';
import { nameClusters, nameNoise } from './name.js';
import { type ResolvedOptions, resolveMachine, resolveOptions, type TopicOptions } from './options.js';
import { agreement } from './scores.js';
import { inStage, Stopwatch, together } from './stages.js';
import { cutTexts, termVectors, weighTerms } from './terms.js';
import { Topics } from './topics.js';
import type { TopicsInfo } from './topics-data.js';

/**
 * Finds the topics of a pile of texts: embeds every text, lays the embeddings out on a 2-D map by UMAP, clusters the
 * embeddings, the map or a UMAP of more dimensions by k-means or HDBSCAN, and names every cluster, and the noise, by the
 * words whose TF-IDF-weighted mean embedding lies nearest the mean of its documents.
 *
 * Clusters are numbered by size, the largest first, and labels follow. The same documents, options and seed give the
 * same bits on any number of threads and any SIMD level (as far as the embedding model does; the built-in one does).
 * Categories, where documents have them, are used for scores only.
 *
 * Any number of documents will do, one included: HDBSCAN calls all of them noise where they are fewer than
 * minClusterSize or form one cluster, and then there are no clusters. Equal texts may lie together or apart on the map.
 *
 * `onProgress` names the stages `embed`, `tokenise`, `terms`, `map`, `reduce`, `kmeans` or `hdbscan`, and `name`; the
 * first two run side by side. Cost: embedding, documents² · dimensions multiply-adds for the exact neighbours of each
 * UMAP, then O(documents · clusters · dimensions) for an iteration of k-means; memory for a float32 vector a document and
 * a term.
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
  let words: Promise<string[][]> | undefined;
  // Cut once, for the terms and for an embedder that learns from words.
  const cut = (either: AbortSignal | undefined) => {
    words ??= cutTexts(texts, resolved, { ...operation, signal: either }, watch);
    return words;
  };
  const [{ embeddings, model, lsa }, { vocabulary, tfidf }] = await together(
    signal,
    (either) =>
      watch.time('embed', () =>
        embed(texts, {
          ...inStage('embed', operation),
          words: { language, pos, stopWords },
          cut,
          signal: either,
        }),
      ),
    async (either) => weighTerms(await cut(either), resolved, { ...operation, signal: either }, watch),
  );
  const vectors = await watch.time('terms', () => termVectors(tfidf, embeddings, operation));
  const {
    fit,
    mapInit,
    device: ran,
    simd,
    ...grouping
  } = await group(embeddings, resolved, operation, watch);
  const terms = { vocabulary, termVectors: vectors };
  const [clusters, noise] = await watch.time('name', async () => {
    const clustered = { documents, embeddings, ...grouping };
    const stage = inStage('name', operation);
    return [
      await nameClusters(clustered, terms, resolved, stage),
      await nameNoise(clustered, terms, resolved, stage),
    ] as const;
  });
  const scores = await watch.time('score', () => agreement(documents, grouping.labels));
  const info: TopicsInfo = {
    ...resolved,
    model,
    device: ran,
    simd,
    ...resolveMachine(operation),
    ...(mapInit === undefined ? {} : { mapInit }),
    ...fit,
  };
  const { density } = grouping;
  if (density && info.hdbscan) info.hdbscan = { ...info.hdbscan, minSamples: density.minSamples };
  return new Topics({
    documents,
    embeddings,
    tfidf,
    ...terms,
    ...grouping,
    clusters,
    noise,
    scores,
    lsa,
    info,
    seconds: watch.total(),
  });
}
