import type { TopicsData } from './topics.js';
import type { ReportData } from './types.js';

const number = (n: number) => n.toLocaleString('en-US');

/** What the HTML report shows of the topics. */
export function reportData(topics: TopicsData, title: string): ReportData {
  const { info, documents, clusters, vocabulary, seconds } = topics;
  const { model } = info;
  const cut =
    model.truncated > 0 ? `, ${number(model.truncated)} texts cut to ${number(model.maxTokens)}` : '';
  return {
    title,
    facts: [
      ['Documents', number(documents.length)],
      ['Clusters', number(clusters.length)],
      ['Model', `${model.name}, ${model.dimensions} dimensions`],
      ['Tokens', `${number(model.tokens)}${cut}`],
      ['Terms', `${number(vocabulary.length)} (language ${info.language}, min df ${info.minDf})`],
      [
        'Method',
        `k-means, ${info.nIter} iterations${info.converged ? '' : ' (not settled)'}, inertia ${info.inertia.toPrecision(6)}`,
      ],
      ['Seed', String(info.seed)],
      ['Device', `${info.device} ${info.simd}, ${info.threads} thread${info.threads === 1 ? '' : 's'}`],
    ],
    clusters,
    documents,
    labels: topics.labels,
    distances: topics.distances,
    map: topics.map,
    axes: ['PCA 1', 'PCA 2'],
    scores: topics.scores,
    seconds: inSequence(seconds),
  };
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
