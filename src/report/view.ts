import { show } from '../check.js';
import { MatomariError } from '../errors.js';
import { checkMatrix } from '../matrix.js';
import type { Cluster, ReportData } from '../types.js';
import { type Mark, markOf } from './palette.js';

export interface ClusterView {
  cluster: Cluster;
  /** `#cluster-3` */
  anchor: string;
  /** Its best terms in a row, or `Cluster 3` when it has none. */
  name: string;
  mark: Mark;
  /** Documents per category, in the order of ReportView.categories; the last entry counts those without one. */
  mix: number[];
}

export interface CategoryView {
  name: string;
  size: number;
  mark: Mark;
}

/** What the parts of the page share: the report's data with the lookups done. */
export interface ReportView {
  data: ReportData;
  clusters: ClusterView[];
  /** Most frequent first; empty when no document has a category. */
  categories: CategoryView[];
  /** Position of every document's cluster in `clusters`; −1 is noise. */
  clusterOf: Int32Array;
  /** Position of every document's category in `categories`; −1 is none. */
  categoryOf: Int32Array;
  noise: number;
  /** BCP 47 tag of the texts where their script tells it, else empty: browsers choose Han glyphs by it. */
  language: string;
}

const TERMS_IN_NAME = 3;
const TEXTS_FOR_LANGUAGE = 1000;

function check({ documents, labels, distances, map }: ReportData): void {
  checkMatrix('report.map', map);
  const n = documents.length;
  const lengths = { labels: labels.length, distances: distances.length, 'map.rows': map.rows };
  for (const [name, length] of Object.entries(lengths))
    if (length !== n)
      throw new MatomariError('bad_input', `report.${name} is ${length}, but there are ${n} documents`);
  if (map.cols !== 2)
    throw new MatomariError('bad_input', `report.map must have 2 columns, not ${show(map.cols)}`);
}

function languageOf(texts: readonly { text: string }[]): string {
  const sample = texts.slice(0, TEXTS_FOR_LANGUAGE).map(({ text }) => text.slice(0, 200));
  const counts = (script: RegExp) => sample.filter((text) => script.test(text)).length;
  if (counts(/[\p{sc=Hiragana}\p{sc=Katakana}]/u) * 2 > sample.length) return 'ja';
  return counts(/\p{sc=Hangul}/u) * 2 > sample.length ? 'ko' : '';
}

/** Throws `bad_input` when the parts do not fit together. */
export function viewOf(data: ReportData): ReportView {
  check(data);
  const { documents, labels } = data;
  const sizes = new Map<string, number>();
  for (const { category } of documents)
    if (category !== undefined) sizes.set(category, (sizes.get(category) ?? 0) + 1);
  const categories = [...sizes]
    .sort((a, b) => b[1] - a[1])
    .map(([name, size], i) => ({ name, size, mark: markOf(i) }));
  const categoryAt = new Map(categories.map(({ name }, i) => [name, i]));
  const clusters = data.clusters.map((cluster, i): ClusterView => {
    const terms = cluster.terms.slice(0, TERMS_IN_NAME).map(({ term }) => term);
    return {
      cluster,
      anchor: `cluster-${cluster.id}`,
      name: terms.length > 0 ? terms.join(' · ') : `Cluster ${cluster.id}`,
      mark: markOf(i),
      mix: new Array<number>(categories.length + 1).fill(0),
    };
  });
  const clusterAt = new Map(data.clusters.map(({ id }, i) => [id, i]));
  const clusterOf = new Int32Array(documents.length).fill(-1);
  const categoryOf = new Int32Array(documents.length).fill(-1);
  let noise = 0;
  documents.forEach(({ category }, i) => {
    const at = category === undefined ? -1 : categoryAt.get(category)!;
    categoryOf[i] = at;
    if (labels[i] === -1) {
      noise++;
      return;
    }
    const position = clusterAt.get(labels[i]!);
    if (position === undefined)
      throw new MatomariError(
        'bad_input',
        `report.labels[${i}] is ${labels[i]}, but there is no such cluster`,
      );
    clusterOf[i] = position;
    clusters[position]!.mix[at === -1 ? categories.length : at]!++;
  });
  return { data, clusters, categories, clusterOf, categoryOf, noise, language: languageOf(documents) };
}
