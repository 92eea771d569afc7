import type { ReportData } from '../types.js';
import { countNoise } from './cluster.js';
import type { TopicsData, TopicsInfo } from './topics-data.js';

const number = (n: number) => n.toLocaleString('en-US');

/** What the HTML report shows of the topics. */
export function reportData(topics: TopicsData, title: string): ReportData {
  const { info, documents, clusters, vocabulary, seconds } = topics;
  const { model } = info;
  const cut =
    model.truncated === null
      ? ', texts cut: not known'
      : model.truncated > 0
        ? `, ${number(model.truncated)} texts cut to ${number(model.maxTokens)}`
        : '';
  return {
    title,
    facts: [
      ['Documents', number(documents.length)],
      ['Clusters', number(clusters.length)],
      ['Model', `${model.name}, ${model.dimensions} dimensions`],
      ['Tokens', `${model.tokens === null ? 'not known' : number(model.tokens)}${cut}`],
      ['Terms', `${number(vocabulary.length)} (language ${info.language}, min df ${info.minDf})`],
      ['Method', `${method(info)} of ${clustered(info)}`],
      ...mapFacts(info),
      ...noiseFacts(topics),
      ['Seed', String(info.seed)],
      ['Device', `${info.device} ${info.simd}, ${info.threads} thread${info.threads === 1 ? '' : 's'}`],
    ],
    clusters,
    documents,
    labels: topics.labels,
    distances: topics.distances,
    map: topics.map,
    axes: info.map === 'pca' ? ['PCA 1', 'PCA 2'] : ['UMAP Component 1', 'UMAP Component 2'],
    scores: topics.scores,
    seconds: inSequence(seconds),
  };
}

function method({ hdbscan, nIter, converged, inertia }: TopicsInfo): string {
  if (hdbscan)
    return `HDBSCAN, clusters of at least ${number(hdbscan.minClusterSize)}, min samples ${number(hdbscan.minSamples)}`;
  return `k-means, ${nIter} iterations${converged ? '' : ' (not settled)'}, inertia ${inertia?.toPrecision(6)},`;
}

function clustered({ reduceDims, reduction }: TopicsInfo): string {
  if (reduction) return `a UMAP of ${reduceDims} dimensions`;
  return reduceDims === 0 ? 'the embeddings' : 'the map';
}

const TERMS_SHOWN = 5;

const mapFacts = ({ mapSample }: TopicsInfo): [string, string][] =>
  mapSample === undefined ? [] : [['Map', `of ${number(mapSample)} documents, the others placed in it`]];

/** How much noise there is, and what it is about. */
function noiseFacts({ noise, originalLabels }: TopicsData): [string, string][] {
  if (originalLabels)
    return [['Noise', `${number(countNoise(originalLabels))} documents, given to their nearest clusters`]];
  if (!noise) return [];
  const terms = noise.terms.slice(0, TERMS_SHOWN).map(({ term }) => term);
  return [['Noise', [`${number(noise.size)} documents`, ...terms].join(' · ')]];
}

/** The stages as parts of a whole: those that run side by side count as one, as long as the longer of the two. */
function inSequence({
  total: _,
  embed = 0,
  tokenise = 0,
  tfidf = 0,
  ...rest
}: Record<string, number>): [string, number][] {
  return [['embed, tokenise', Math.max(embed, tokenise + tfidf)], ...Object.entries(rest)];
}
