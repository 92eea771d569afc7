import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readFile, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { MatomariError } from '../errors.js';
import { fileError } from '../io/file-error.js';
import { readMatrix, readNpy, readSparseNpz, writeAtomic, writeNpy, writeSparseNpz } from '../io/index.js';
import { renderReport } from '../report/index.js';
import { MANIFEST } from './embedding-store.js';
import type { Labelling } from './relabel.js';
import { reportData } from './report-data.js';
import type { TopicsData, TopicsInfo } from './topics.js';
import type { Cluster, Document } from './types.js';
import { versions } from './versions.js';

/** Where a corpus came from. */
export interface InputFacts {
  /** As it was named; `-` is standard input. */
  path: string;
  /** Of the file's bytes; for a folder and standard input, of the documents as JSON lines. */
  sha256: string;
}

/** `run.json`: everything about a run that is not in the other files. */
interface RunFile extends TopicsInfo {
  input?: InputFacts | undefined;
  documents: number;
  clusters: number;
  noise: number;
  versions: Record<string, string>;
  seconds: Record<string, number>;
}

/** The last file of a run: its presence means that the run is complete. */
const RUN = 'run.json';

/**
 * Runs work that writes into a folder. The folder is made and proven writable first; when the work fails, the folders
 * that were made for it and hold nothing are taken away again.
 */
export async function inDirectory<T>(dir: string, work: () => Promise<T>): Promise<T> {
  const made = await makeDirectory(dir);
  try {
    return await work();
  } catch (error) {
    if (made !== undefined) await removeEmpty(resolve(dir), made);
    throw error;
  }
}

/** Makes a folder that can be written; returns the topmost folder that had to be made for it, if any. */
async function makeDirectory(dir: string): Promise<string | undefined> {
  try {
    const made = await makeFolders(resolve(dir));
    const probe = join(dir, `.matomari-${randomBytes(8).toString('hex')}.tmp`);
    await writeFile(probe, '');
    await rm(probe);
    return made;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'EEXIST')
      throw new MatomariError('bad_file', `${dir} is a file, not a folder: name another output folder`, {
        cause,
      });
    if (code === 'ENOENT')
      throw new MatomariError(
        'bad_file',
        `${dir} cannot be made, the system takes no folders there: name another output folder`,
        { cause },
      );
    throw fileError(cause, dir, 'write');
  }
}

/** As `mkdir -p`. Node's own never ends where the system answers ENOENT to every new folder, as in /proc. */
async function makeFolders(path: string): Promise<string | undefined> {
  try {
    await mkdir(path);
    return path;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return undefined;
    if (code !== 'ENOENT' || path === dirname(path)) throw error;
  }
  const made = await makeFolders(dirname(path));
  await mkdir(path);
  return made ?? path;
}

async function removeEmpty(from: string, top: string): Promise<void> {
  try {
    for (let dir = from; ; dir = dirname(dir)) {
      await rmdir(dir);
      if (dir === top) return;
    }
  } catch {
    // Something stands in it, so it stays.
  }
}

/** Takes the mark of a finished run away, because its files are about to be replaced. */
export async function forgetRun(dir: string): Promise<void> {
  await rm(join(dir, RUN), { force: true });
}

/** The title of a run's report. */
const titleOf = (input: InputFacts | undefined) =>
  input && input.path !== '-' ? `Topics of ${input.path.split(/[\\/]/).pop()}` : 'Topics';

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
  await writeAtomic(join(dir, 'report.html'), renderReport(reportData(topics, titleOf(input))));
}

/** Reads back what saveTopics wrote. */
export async function loadTopics(dir: string): Promise<TopicsData & { input?: InputFacts | undefined }> {
  const path = (name: string) => join(dir, name);
  const run = await readRun(dir);
  const {
    input,
    documents: _documents,
    clusters: _clusters,
    noise: _noise,
    versions: _versions,
    seconds,
    ...info
  } = run;
  const rows = await readRows(dir);
  const topics: TopicsData = {
    documents: rows.map(toDocument),
    embeddings: await readMatrix(path('embeddings.npy')),
    vocabulary: await readJson<string[]>(path('vocabulary.json')),
    tfidf: await readSparseNpz(path('tfidf.npz')),
    termVectors: await readMatrix(path('term-vectors.npy')),
    centroids: await readMatrix(path('centroids.npy')),
    labels: await readLabels(path('labels.npy')),
    distances: Float32Array.from(rows, ({ distance }) => distance),
    clusters: (await readLines<Cluster>(path('clusters.jsonl'))).map(toCluster),
    map: await readMatrix(path('map.npy')),
    scores: await readJson(path('metrics.json'), undefined),
    info,
    seconds,
  };
  checkSizes(dir, topics);
  return { ...topics, input };
}

type DocumentRow = Document & { cluster: number; distance: number };
const readRows = (dir: string) => readLines<DocumentRow>(join(dir, 'documents.jsonl'));
const toDocument = ({ id, text, category }: DocumentRow): Document =>
  category === undefined ? { id, text } : { id, text, category };

/** JSON has no NaN, and distances are written in the fewest digits. */
const toCluster = ({ fit, exemplars, ...cluster }: Cluster): Cluster => ({
  ...cluster,
  exemplars: exemplars.map((exemplar) => ({ ...exemplar, distance: Math.fround(exemplar.distance) })),
  fit: fit ?? Number.NaN,
});

/** The documents of a run. */
export async function readRunDocuments(dir: string): Promise<Document[]> {
  return (await readRows(dir)).map(toDocument);
}

/** `run.json` of a finished run; `bad_file` when the folder holds none. */
export async function readRun(dir: string): Promise<RunFile> {
  const run = await readJson<RunFile | undefined>(join(dir, RUN), undefined);
  if (run === undefined)
    throw new MatomariError(
      'bad_file',
      `${dir} holds no finished run (there is no ${RUN} in it): name the --out folder of a run that ended well`,
    );
  return run;
}

/** The labels in an `.npy` file of integers. */
export async function readLabels(path: string): Promise<Int32Array> {
  const { data, shape } = await readNpy(path);
  const labels = Int32Array.from(data as ArrayLike<number>, Number);
  const wrong = labels.findIndex((label, i) => label !== Number(data[i]));
  if (shape.length !== 1 || wrong >= 0)
    throw new MatomariError(
      'bad_file',
      shape.length !== 1
        ? `${path} has ${shape.length} dimensions: labels are a vector, one integer a document`
        : `${path} holds ${data[wrong]} at ${wrong}: labels are integers`,
    );
  return labels;
}

function checkSizes(
  dir: string,
  { documents, embeddings, labels, map, vocabulary, tfidf, termVectors, centroids, clusters }: TopicsData,
) {
  const n = documents.length;
  const sizes: [string, number, number][] = [
    ['embeddings.npy', embeddings.rows, n],
    ['labels.npy', labels.length, n],
    ['map.npy', map.rows, n],
    ['tfidf.npz', tfidf.rows, n],
    ['vocabulary.json', vocabulary.length, tfidf.cols],
    ['term-vectors.npy', termVectors.rows, tfidf.cols],
    ['centroids.npy', centroids.rows, clusters.length],
  ];
  for (const [name, size, wanted] of sizes)
    if (size !== wanted)
      throw new MatomariError(
        'bad_file',
        `${join(dir, name)} has ${size} rows, but the other files of the run have ${wanted}: the files are not of one run; run it again`,
      );
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

async function readJson<T>(path: string, ...missing: [T?]): Promise<T> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (missing.length > 0 && (error as NodeJS.ErrnoException).code === 'ENOENT') return missing[0] as T;
    throw fileError(error, path, 'read');
  }
  return parse(path, text);
}

async function readLines<T>(path: string): Promise<T[]> {
  const values: T[] = [];
  let rest = '';
  try {
    for await (const chunk of createReadStream(path, 'utf8')) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop()!;
      for (const json of lines) values.push(parse(`${path}, line ${values.length + 1},`, json));
    }
  } catch (error) {
    throw fileError(error, path, 'read');
  }
  if (rest !== '') values.push(parse(`${path}, line ${values.length + 1},`, rest));
  return values;
}

function parse<T>(where: string, json: string): T {
  try {
    return JSON.parse(json) as T;
  } catch (cause) {
    throw new MatomariError(
      'bad_file',
      `${where} is not JSON: the file was changed or damaged; run it again`,
      { cause },
    );
  }
}
