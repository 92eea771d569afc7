import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readLsa } from '../embed/lsa-model.js';
import { MatomariError } from '../errors.js';
import { fileError } from '../io/file-error.js';
import { readMatrix, readNpy, readSparseNpz } from '../io/index.js';
import type { Cluster, Document } from '../types.js';
import { readDensity } from './density-file.js';
import { LSA } from './embed-texts.js';
import type { Fitted } from './predict.js';
import type { TopicsData, TopicsInfo } from './topics-data.js';
import { type InputFacts, RUN, type RunFile } from './write-run.js';

/** Reads a run directory back. */
export async function loadTopics(dir: string): Promise<TopicsData & { input?: InputFacts | undefined }> {
  const path = (name: string) => join(dir, name);
  const run = await readRun(dir);
  const {
    input,
    documents: _documents,
    clusters: _clusters,
    noise: _noise,
    reassigned = 0,
    versions: _versions,
    seconds,
    ...info
  } = run;
  const rows = await readRows(dir);
  const named = (await readLines<Cluster>(path('clusters.jsonl'))).map(toCluster);
  const topics: TopicsData = {
    documents: rows.map(toDocument),
    embeddings: await readMatrix(path('embeddings.npy')),
    vocabulary: await readJson<string[]>(path('vocabulary.json')),
    tfidf: await readSparseNpz(path('tfidf.npz')),
    termVectors: await readMatrix(path('term-vectors.npy')),
    labels: await readLabels(path('labels.npy')),
    distances: Float32Array.from(rows, ({ distance }) => distance ?? Number.NaN),
    clusters: named.filter(({ id }) => id >= 0),
    noise: named.find(({ id }) => id < 0),
    ...(await readFit(dir, info, reassigned)),
    scores: await readJson(path('metrics.json'), undefined),
    lsa: run.model.name === 'lsa' && run.model.path === undefined ? await readLsa(path(LSA)) : undefined,
    info,
    seconds,
  };
  checkSizes(dir, topics);
  return { ...topics, input };
}

/** The centroids and, of other runs than those by k-means on the embeddings, what placing new texts takes. */
async function readFit(dir: string, info: TopicsInfo, reassigned: number) {
  const path = (name: string) => join(dir, name);
  const { method, reduceDims, reduction, hdbscan } = info;
  return {
    centroids: await readMatrix(path('centroids.npy')),
    map: await readMatrix(path('map.npy')),
    reduced: reduction && (await readMatrix(path('reduced.npy'))),
    reducedCentroids:
      method === 'kmeans' && reduceDims !== 0 ? await readMatrix(path('reduced-centroids.npy')) : undefined,
    density: hdbscan && (await readDensity(path('hdbscan.npz'), hdbscan)),
    originalLabels: reassigned > 0 ? await readLabels(path('labels-original.npy')) : undefined,
  };
}

/** Reads of a run directory what finding the cluster of new texts takes. */
export async function readFitted(dir: string): Promise<Fitted> {
  const { reassigned = 0, ...info } = await readRun(dir);
  const { method, reduceDims } = info;
  if (method === 'kmeans' && reduceDims === 0)
    return { info, centroids: await readMatrix(join(dir, 'centroids.npy')) };
  const embeddings = await readMatrix(join(dir, 'embeddings.npy'));
  return { info, embeddings, ...(await readFit(dir, info, reassigned)) };
}

type DocumentRow = Document & { cluster: number; distance: number | null };
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
  if (run?.model?.name === undefined)
    throw new MatomariError('bad_file', `${join(dir, RUN)} is not the record of a run: run it again`);
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

function checkSizes(dir: string, topics: TopicsData) {
  const { documents, embeddings, labels, map, vocabulary, tfidf, termVectors, centroids, clusters } = topics;
  const { reduced, reducedCentroids, density, originalLabels } = topics;
  const n = documents.length;
  const sizes: [string, number, number][] = [
    ['embeddings.npy', embeddings.rows, n],
    ['labels.npy', labels.length, n],
    ['map.npy', map.rows, n],
    ['tfidf.npz', tfidf.rows, n],
    ['vocabulary.json', vocabulary.length, tfidf.cols],
    ['term-vectors.npy', termVectors.rows, tfidf.cols],
    ['centroids.npy', centroids.rows, clusters.length],
    ['reduced.npy', reduced?.rows ?? n, n],
    ['reduced-centroids.npy', reducedCentroids?.rows ?? clusters.length, clusters.length],
    ['hdbscan.npz', density?.probabilities.length ?? n, n],
    ['labels-original.npy', originalLabels?.length ?? n, n],
  ];
  for (const [name, size, wanted] of sizes)
    if (size !== wanted)
      throw new MatomariError(
        'bad_file',
        `${join(dir, name)} has ${size} rows, but the other files of the run have ${wanted}: the files are not of one run; run it again`,
      );
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
