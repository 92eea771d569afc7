import { checkInteger, checkNumber, checkOneOf, checkOptions, show } from '../check.js';
import { MatomariError } from '../errors.js';
import { checkHdbscan, HDBSCAN_OPTIONS, type HdbscanOptions } from '../hdbscan.js';
import { OPERATION_OPTIONS, type OperationOptions } from '../job.js';
import { checkMap, UMAP_OPTIONS, UMAP_STARTS, type UmapOptions, type UmapStart } from '../umap.js';

type Own<T> = Omit<T, keyof OperationOptions>;

export const METHODS = ['kmeans', 'hdbscan'] as const;
export type Method = (typeof METHODS)[number];
export const MAPS = ['umap', 'pca'] as const;
export type MapKind = (typeof MAPS)[number];

export interface ClusteringOptions {
  /**
   * `kmeans` (default) makes nClusters clusters and leaves no document out; `hdbscan` finds how many there are, and calls
   * what lies between them noise (label −1).
   */
  method?: Method | undefined;
  /** Of `kmeans`: how many clusters to find (default 20; at most one a document). */
  nClusters?: number | undefined;
  /** Of `hdbscan`: its own options, with its own defaults. */
  hdbscan?: Own<HdbscanOptions> | undefined;
  /**
   * What is clustered. 0: the embeddings; 2: the 2-D map; any other number: a UMAP of so many dimensions, packed for
   * clustering (minDist 0, metric `cosine`). Default: 0 for `kmeans`; for `hdbscan` 2 up to 1,000
   * documents, else 5.
   */
  reduceDims?: number | undefined;
  /** What the map is: `umap` (default), or the first two principal components, which cost next to nothing. */
  map?: MapKind | undefined;
  /**
   * Documents, drawn at random, that UMAP makes the map from; every other one is placed among them as `umapTransform`
   * places a new text. Default: all of them up to 200,000, else 50,000, since the map's cost grows with documents ·
   * mapSample. A map that is clustered (reduceDims 2) has them all.
   */
  mapSample?: number | undefined;
  /**
   * UMAP's options, with its own defaults, the seed included, which is that of the run. `minDist`, `spread` and `init` are
   * the map's alone; the others decide a UMAP of reduceDims dimensions too. `init` names a start.
   */
  umap?: (Own<Omit<UmapOptions, 'init'>> & { init?: UmapStart | undefined }) | undefined;
  /** Whole number that decides every random choice (default 123). */
  seed?: number | undefined;
}

/** Options of a UMAP with every default filled in, as run.json keeps them. */
export interface UmapSettings extends ReturnType<typeof checkMap> {
  nComponents: number;
  nEpochs?: number;
  setOpMixRatio: number;
  init: UmapStart;
}

/** ClusteringOptions with every default filled in and every value checked. */
export interface ResolvedClustering {
  method: Method;
  seed: number;
  /** Of k-means. */
  nClusters?: number;
  /** Of HDBSCAN; once it ran, minSamples is what was used. */
  hdbscan?: ReturnType<typeof checkHdbscan>;
  reduceDims: number;
  map: 'umap' | 'pca';
  /** Of the map, where it is UMAP's. */
  umap?: UmapSettings;
  /** How many documents the map was made from, where that is not all of them. */
  mapSample?: number;
  /** Of the UMAP that was clustered, where that is neither the embeddings nor the map. */
  reduction?: UmapSettings;
}

export const CLUSTERING_OPTIONS = [
  'method',
  'nClusters',
  'hdbscan',
  'reduceDims',
  'map',
  'mapSample',
  'umap',
  'seed',
] as const;

const EMBEDDINGS = 0;
const MAP = 2;
/** BERTopic's number, for corpora of more documents than HDBSCAN clusters on the map by itself. */
const PACKED = 5;
const MAP_CLUSTERED = 1000;
/** A map of more documents than this is made from a sample, unless it is clustered. */
const MAP_WHOLE = 200_000;
const MAP_SAMPLE = 50_000;

export function resolveClustering(options: ClusteringOptions, documents: number): ResolvedClustering {
  const method = checkOneOf('method', options.method ?? 'kmeans', METHODS);
  const seed = checkInteger('seed', options.seed ?? 123, 0);
  const map = checkOneOf('map', options.map ?? 'umap', MAPS);
  const reduceDims = checkInteger(
    'reduceDims',
    options.reduceDims ?? (method === 'kmeans' ? EMBEDDINGS : documents > MAP_CLUSTERED ? PACKED : MAP),
    0,
    4096,
  );
  if (map === 'pca' && reduceDims === MAP)
    throw new MatomariError(
      'bad_option',
      "what is clustered is the 2-D map, which must be UMAP's then: leave map 'pca' out, or set reduceDims to 0 (the embeddings) or 5",
    );
  const reduced = reduceDims !== EMBEDDINGS && reduceDims !== MAP;
  checkStep('umap', options.umap, [...UMAP_OPTIONS, ...OPERATION_OPTIONS]);
  checkStep('hdbscan', options.hdbscan, [...HDBSCAN_OPTIONS, ...OPERATION_OPTIONS]);
  const umap = given(options.umap);
  checkUmap(umap, map === 'umap' || reduced);
  return {
    method,
    seed,
    ...(method === 'kmeans' ? { nClusters: resolveK(options, documents) } : { hdbscan: density(options) }),
    reduceDims,
    map,
    ...(map === 'umap' ? { umap: umapSettings({ seed, ...umap }, 2) } : {}),
    ...sampling(options, map === 'umap' && reduceDims !== MAP, documents),
    ...(reduced ? { reduction: reductionSettings({ seed, ...umap }, reduceDims) } : {}),
  };
}

function resolveK({ nClusters = 20, hdbscan }: ClusteringOptions, documents: number): number {
  const [first] = Object.keys(given(hdbscan));
  if (first !== undefined)
    throw new MatomariError(
      'bad_option',
      `${first} is an option of method hdbscan, and method is kmeans: set method to hdbscan, or leave ${first} out`,
    );
  checkInteger('nClusters', nClusters, 1);
  if (nClusters > documents)
    throw new MatomariError(
      'bad_input',
      `${documents} document${documents === 1 ? '' : 's'} cannot make ${nClusters} clusters: set nClusters to ${documents === 1 ? '1' : `${documents} or less`}, or give more documents`,
    );
  return nClusters;
}

function density({ nClusters, hdbscan = {} }: ClusteringOptions): ReturnType<typeof checkHdbscan> {
  if (nClusters !== undefined)
    throw new MatomariError(
      'bad_option',
      'nClusters is an option of method kmeans: hdbscan finds how many clusters there are; leave nClusters out, or set method to kmeans',
    );
  return checkHdbscan(hdbscan);
}

function sampling({ mapSample }: ClusteringOptions, may: boolean, documents: number): { mapSample?: number } {
  if (mapSample !== undefined) {
    checkInteger('mapSample', mapSample, 2);
    if (!may)
      throw new MatomariError(
        'bad_option',
        'mapSample is for a map by UMAP that is not clustered: leave mapSample out, or set map to umap and reduceDims to 0 or 5',
      );
  }
  const sample = mapSample ?? (documents > MAP_WHOLE ? MAP_SAMPLE : documents);
  return may && sample < documents ? { mapSample: sample } : {};
}

function checkUmap(umap: Given<ClusteringOptions['umap']>, runs: boolean): void {
  const [first] = Object.keys(umap);
  if (first !== undefined && !runs)
    throw new MatomariError(
      'bad_option',
      `${first} is an option of UMAP, which does not run here: set map to umap, or leave ${first} out`,
    );
  if (umap.nComponents !== undefined && umap.nComponents !== 2)
    throw new MatomariError(
      'bad_option',
      `umap.nComponents is ${show(umap.nComponents)}, but the map has 2 dimensions: to cluster a UMAP of more, set reduceDims`,
    );
}

/** Refuses what the step does not know, and a machine of its own: that is the run's. */
function checkStep(step: string, options: object = {}, known: readonly string[]): void {
  checkOptions(step, options, known);
  const named = OPERATION_OPTIONS.find((name) => name in options);
  if (named !== undefined)
    throw new MatomariError(
      'bad_option',
      `${step} has no ${named} of its own here: give it to discoverTopics`,
    );
}

type Given<T> = { [K in keyof NonNullable<T>]: Exclude<NonNullable<T>[K], undefined> };

/** The options that have a value. */
const given = <T extends object>(options: T = {} as T): Given<T> =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Given<T>;

function umapSettings(options: Given<ClusteringOptions['umap']>, nComponents: number): UmapSettings {
  const { nEpochs, setOpMixRatio = 1, init = 'spectral' } = options;
  return {
    ...checkMap(options),
    nComponents,
    ...(nEpochs === undefined ? {} : { nEpochs }),
    setOpMixRatio: checkNumber('setOpMixRatio', setOpMixRatio, 0, 1),
    init: checkOneOf('init', init, UMAP_STARTS),
  };
}

/** BERTopic's recipe: packed, by cosine. How the map looks has no say in it. */
function reductionSettings(options: Given<ClusteringOptions['umap']>, nComponents: number): UmapSettings {
  const { minDist: _minDist, spread: _spread, init: _init, ...shared } = options;
  return umapSettings({ metric: 'cosine', ...shared, minDist: 0 }, nComponents);
}
