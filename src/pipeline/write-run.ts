import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { removeLsa, writeLsa } from '../embed/lsa-model.js';
import { writeAtomic, writeNpy, writeSparseNpz } from '../io/index.js';
import { writeReport as writeReportFile } from '../report/index.js';
import type { Cluster } from '../types.js';
import { countNoise } from './cluster.js';
import { writeDensity } from './density-file.js';
import { LSA } from './embed-texts.js';
import { MANIFEST } from './embedding-store.js';
import type { Labelling } from './relabel.js';
import { reportData } from './report-data.js';
import type { TopicsData, TopicsInfo } from './topics-data.js';
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
  /** Documents of the noise that reassignNoise gave to clusters. */
  reassigned?: number | undefined;
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

/** What a run's report needs beside its topics. */
export interface ReportSource {
  input?: InputFacts | undefined;
  signal?: AbortSignal | undefined;
}

/** Writes every file of a run but the last; without `embeddings` where they are in place already. */
export async function writeFiles(
  dir: string,
  topics: TopicsData,
  { embeddings, ...source }: ReportSource & { embeddings: boolean },
): Promise<void> {
  const path = (name: string) => join(dir, name);
  if (embeddings) {
    await rm(path(MANIFEST), { force: true });
    await writeNpy(path('embeddings.npy'), topics.embeddings);
    if (topics.lsa) await writeLsa(path(LSA), topics.lsa);
    else await removeLsa(path(LSA));
  }
  await writeNames(dir, topics);
  await writeNpy(path('centroids.npy'), topics.centroids);
  await writeNpy(path('labels.npy'), topics.labels);
  await writeNpy(path('map.npy'), topics.map);
  await writeFit(path, topics);
  await writeAtomic(path('documents.jsonl'), documentLines(topics));
  if (topics.scores) await writeAtomic(path('metrics.json'), pretty(topics.scores));
  else await rm(path('metrics.json'), { force: true });
  await writeReport(dir, topics, source);
}

/** Writes what only some runs have, and takes away what an earlier run in the folder had. */
async function writeFit(path: (name: string) => string, topics: TopicsData): Promise<void> {
  const { reduced, reducedCentroids, density, originalLabels } = topics;
  const arrays = {
    'reduced.npy': reduced,
    'reduced-centroids.npy': reducedCentroids,
    'labels-original.npy': originalLabels,
  };
  for (const [name, array] of Object.entries(arrays))
    if (array) await writeNpy(path(name), array);
    else await rm(path(name), { force: true });
  if (density) await writeDensity(path('hdbscan.npz'), density);
  else await rm(path('hdbscan.npz'), { force: true });
}

/** Writes the names of clusters and what they were made from. */
export async function writeNames(dir: string, names: Labelling): Promise<void> {
  await writeSparseNpz(join(dir, 'tfidf.npz'), names.tfidf);
  await writeAtomic(join(dir, 'vocabulary.json'), `${JSON.stringify(names.vocabulary)}\n`);
  await writeNpy(join(dir, 'term-vectors.npy'), names.termVectors);
  await writeAtomic(
    join(dir, 'clusters.jsonl'),
    [...names.clusters, ...(names.noise ? [names.noise] : [])].map((cluster) => `${clusterJson(cluster)}\n`),
  );
}

/** Writes `run.json`, which says that the run is complete. */
export async function writeRun(dir: string, topics: TopicsData, input?: InputFacts): Promise<void> {
  const { documents, clusters, noise, originalLabels, info, seconds } = topics;
  const run: RunFile = {
    input,
    documents: documents.length,
    clusters: clusters.length,
    noise: noise?.size ?? 0,
    reassigned: originalLabels && countNoise(originalLabels),
    ...info,
    versions: versions(),
    seconds,
  };
  await writeAtomic(join(dir, RUN), pretty(run));
}

/** Writes `report.html`, and beyond 100,000 documents the folder beside it. */
export async function writeReport(
  dir: string,
  topics: TopicsData,
  { input, signal }: ReportSource,
): Promise<void> {
  await writeReportFile(join(dir, 'report.html'), reportData(topics, titleOf(input)), { signal });
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

function* documentLines({ documents, labels, distances, density }: TopicsData): Generator<string> {
  for (const [i, { id, text, category }] of documents.entries()) {
    const probability = density && short(density.probabilities[i]!);
    yield line({ id, cluster: labels[i], distance: short(distances[i]!), probability, category, text });
  }
}
