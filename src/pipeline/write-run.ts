import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { writeAtomic, writeNpy, writeSparseNpz } from '../io/index.js';
import { writeReport as writeReportFile } from '../report/index.js';
import { MANIFEST } from './embedding-store.js';
import type { Labelling } from './relabel.js';
import { reportData } from './report-data.js';
import type { TopicsData, TopicsInfo } from './topics.js';
import type { Cluster } from './types.js';
import { versions } from './versions.js';

/** Where a corpus came from. */
export interface InputFacts {
  /** As it was named; `-` is standard input. */
  path: string;
  /** Of the file's bytes; for a folder and standard input, of the documents as JSON lines. */
  sha256: string;
}

/** `run.json`: everything about a run that is not in the other files. */
export interface RunFile extends TopicsInfo {
  input?: InputFacts | undefined;
  documents: number;
  clusters: number;
  noise: number;
  versions: Record<string, string>;
  seconds: Record<string, number>;
}

/** The last file of a run: its presence means that the run is complete. */
export const RUN = 'run.json';

/** Takes the mark of a finished run away, because its files are about to be replaced. */
export async function forgetRun(dir: string): Promise<void> {
  await rm(join(dir, RUN), { force: true });
}

/** The title of a run's report. */
const titleOf = (input: InputFacts | undefined) =>
  input && input.path !== '-' ? `Topics of ${basename(input.path)}` : 'Topics';

/** Writes every file of a run but the last; without `embeddings` where they are in place already. */
export async function writeFiles(
  dir: string,
  topics: TopicsData,
  { input, embeddings }: { input?: InputFacts; embeddings: boolean },
): Promise<void> {
  const path = (name: string) => join(dir, name);
  if (embeddings) {
    await rm(path(MANIFEST), { force: true });
    await writeNpy(path('embeddings.npy'), topics.embeddings);
  }
  await writeNames(dir, topics);
  await writeNpy(path('centroids.npy'), topics.centroids);
  await writeNpy(path('labels.npy'), topics.labels);
  await writeNpy(path('map.npy'), topics.map);
  await writeAtomic(path('documents.jsonl'), documentLines(topics));
  if (topics.scores) await writeAtomic(path('metrics.json'), pretty(topics.scores));
  else await rm(path('metrics.json'), { force: true });
  await writeReport(dir, topics, input);
}

/** Writes the names of clusters and what they were made from. */
export async function writeNames(dir: string, names: Labelling): Promise<void> {
  await writeSparseNpz(join(dir, 'tfidf.npz'), names.tfidf);
  await writeAtomic(join(dir, 'vocabulary.json'), `${JSON.stringify(names.vocabulary)}\n`);
  await writeNpy(join(dir, 'term-vectors.npy'), names.termVectors);
  await writeAtomic(
    join(dir, 'clusters.jsonl'),
    names.clusters.map((cluster) => `${clusterJson(cluster)}\n`),
  );
}

/** Writes `run.json`, which says that the run is complete. */
export async function writeRun(dir: string, topics: TopicsData, input?: InputFacts): Promise<void> {
  const { documents, clusters, labels, info, seconds } = topics;
  const noise = labels.reduce((sum, label) => sum + (label < 0 ? 1 : 0), 0);
  const run: RunFile = {
    input,
    documents: documents.length,
    clusters: clusters.length,
    noise,
    ...info,
    versions: versions(),
    seconds,
  };
  await writeAtomic(join(dir, RUN), pretty(run));
}

export async function writeReport(
  dir: string,
  topics: TopicsData,
  input: InputFacts | undefined,
): Promise<void> {
  await writeReportFile(join(dir, 'report.html'), reportData(topics, titleOf(input)));
}

/** A float32 in the fewest digits that give it back. */
const short = (x: number) => Number(x.toPrecision(9));
const line = (value: unknown) => `${JSON.stringify(value)}\n`;
const pretty = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

/** A cluster as one line of JSON. */
export const clusterJson = ({ exemplars, ...cluster }: Cluster): string =>
  JSON.stringify({
    ...cluster,
    exemplars: exemplars.map((exemplar) => ({ ...exemplar, distance: short(exemplar.distance) })),
  });

function* documentLines({ documents, labels, distances }: TopicsData): Generator<string> {
  for (const [i, { id, text, category }] of documents.entries())
    yield line({ id, cluster: labels[i], distance: short(distances[i]!), category, text });
}
