import { native } from './binding.js';
import { checkInteger, checkNumber, checkOneOf, checkOptions } from './check.js';
import { MatomariError } from './errors.js';
import { OPERATION_OPTIONS, type OperationFacts, type OperationOptions, runJob } from './job.js';
import { checkFilledMatrix, checkMatrix, checkSameCols, type Matrix, zeros } from './matrix.js';

export const UMAP_METRICS = ['euclidean', 'sqeuclidean', 'cosine'] as const;
/** How the distance between points is measured. By `sqeuclidean` the squares of the distances are smoothed. */
export type UmapMetric = (typeof UMAP_METRICS)[number];
export const UMAP_STARTS = ['spectral', 'pca', 'random'] as const;
/** Where a layout can start, but for a matrix. */
export type UmapStart = (typeof UMAP_STARTS)[number];

/** Options of the map that placing new points in it needs too: give `umapTransform` those that made the map. */
export interface UmapMapOptions extends OperationOptions {
  /**
   * Neighbours that make a point's neighbourhood, the point itself included (default 15, from 2 up). Few show fine
   * structure, many the broad one. As many as there are points, or more, become one fewer than there are (for two points
   * two).
   */
  nNeighbors?: number | undefined;
  /** How close points may lie in the map (default 0.1; from 0 to `spread`). 0 packs clusters for clustering. */
  minDist?: number | undefined;
  /** The scale of the map (default 1). */
  spread?: number | undefined;
  /** Default `euclidean`. */
  metric?: UmapMetric | undefined;
  /** Rounds of the layout (default 500 up to 10,000 points, else 200). 0 returns the start of the layout. */
  nEpochs?: number | undefined;
  /** The first step of the layout, as a share of the force (default 1); it falls to 0. */
  learningRate?: number | undefined;
  /** Random points that repel, for each neighbour that attracts (default 5). */
  negativeSampleRate?: number | undefined;
  /** Weight of repulsion (default 1). */
  repulsionStrength?: number | undefined;
  /** The nearest others that surely belong to a point's neighbourhood (default 1; from 0 up, fractions interpolate). */
  localConnectivity?: number | undefined;
  /** A whole number from 0 to 2^53 − 1 (default 0). */
  seed?: number | undefined;
}

export interface UmapOptions extends UmapMapOptions {
  /** Dimensions of the map (default 2). */
  nComponents?: number | undefined;
  /** From 1, the fuzzy union of neighbourhoods (default), to 0, their intersection. */
  setOpMixRatio?: number | undefined;
  /** Where the layout starts (default `spectral`): see `Umap.initUsed`. A matrix is brought to 0 … 10 on each axis. */
  init?: UmapStart | Matrix | undefined;
}

export interface Umap extends OperationFacts {
  /** [rows × nComponents]. */
  embedding: Matrix;
  /**
   * Where the layout started. `spectral` falls back to `pca` where the neighbour graph falls apart, since the pieces
   * have no place relative to each other in its spectrum; either falls back to `random` where the points have fewer
   * rows or columns than the map has dimensions. `given`: the matrix.
   */
  initUsed: UmapStart | 'given';
  /** The curve 1 / (1 + a·d^(2b)) that stood for minDist and spread: how near points at distance d are. */
  a: number;
  b: number;
}

const MAP_OPTIONS = [
  'nNeighbors',
  'minDist',
  'spread',
  'metric',
  'nEpochs',
  'learningRate',
  'negativeSampleRate',
  'repulsionStrength',
  'localConnectivity',
  'seed',
] as const;

export const UMAP_OPTIONS = [...MAP_OPTIONS, 'nComponents', 'setOpMixRatio', 'init'] as const;

/** A map of more rows than this takes fewer rounds. */
const SMALL = 10_000;
const TRANSFORM_EPOCHS = 100;

/**
 * UMAP (McInnes, Healy, Melville 2018): a map of the points in few dimensions that keeps neighbours together, with
 * umap-learn's options, defaults and definitions. Neighbours are exact.
 *
 * One seed gives the same map, bit for bit, whatever the machine, the SIMD level or the number of threads, and costs no
 * speed: in each round every point gathers the forces on itself and moves only itself, and random numbers are
 * counter-based. Coordinates differ from umap-learn's, as one of its seeds differs from another.
 *
 * One point gives zeros. Equal points may lie together or apart, as a neighbourhood has room for them. A zero vector
 * under `cosine` is at distance 1 from everything.
 *
 * @param points [rows × cols]
 * @throws MatomariError `bad_input` (NaN, empty matrix, an init of another shape), `bad_option` (minDist over spread),
 *   `cancelled`, `out_of_memory`
 * Cost: the neighbours, rows² · cols multiply-adds, and nEpochs · rows · nNeighbors · negativeSampleRate forces at most;
 *   scratch: about rows · nNeighbors · 60 bytes.
 */
export async function umap(points: Matrix, options: UmapOptions = {}): Promise<Umap> {
  checkOptions('umap', options, [...UMAP_OPTIONS, ...OPERATION_OPTIONS]);
  const map = checkMap(options);
  const nComponents = checkInteger('nComponents', options.nComponents ?? 2, 1, 4096);
  const setOpMixRatio = checkNumber('setOpMixRatio', options.setOpMixRatio ?? 1, 0, 1);
  checkFilledMatrix('points', points);
  const { rows, cols } = points;
  const init = checkInit(options.init ?? 'spectral', rows, nComponents);
  const nEpochs = options.nEpochs ?? (rows <= SMALL ? 500 : 200);
  const embedding = zeros(rows, nComponents);
  const borrowed = [points.data, embedding.data];
  if (typeof init !== 'string') borrowed.push(init);
  const facts = await runJob('umap', options, borrowed, (job) =>
    native().umap(
      {
        ...map,
        points: points.data,
        rows,
        cols,
        nComponents,
        nEpochs,
        setOpMixRatio,
        init,
        embedding: embedding.data,
      },
      job,
    ),
  );
  return { embedding, ...facts };
}

/**
 * Places new points in a finished map, whose own points stay where they are: each starts among its neighbours of the
 * fitted points and is moved by them, as umap-learn's `transform` does it. A point's place depends on no other new
 * point. Unlike there, points of the fit get no special treatment: they land near their place, not on it.
 *
 * @param points [rows × cols]; no rows give an empty map
 * @param fitted the points of the fit [fittedRows × cols] and their map [fittedRows × nComponents]
 * @param options those of the fit; nEpochs stands for the fit's, of which a third is done (default 100 rounds)
 * @throws MatomariError as `umap`
 */
export async function umapTransform(
  points: Matrix,
  fitted: { points: Matrix; embedding: Matrix },
  options: UmapMapOptions = {},
): Promise<OperationFacts & { embedding: Matrix }> {
  checkOptions('umapTransform', options, [...MAP_OPTIONS, ...OPERATION_OPTIONS]);
  const map = checkMap(options);
  checkFilledMatrix('fitted.points', fitted?.points);
  checkFilledMatrix('fitted.embedding', fitted.embedding);
  checkMatrix('points', points);
  checkSameCols('points', points, 'fitted.points', fitted.points);
  if (fitted.embedding.rows !== fitted.points.rows)
    throw new MatomariError(
      'bad_input',
      `fitted.points has ${fitted.points.rows} rows and fitted.embedding ${fitted.embedding.rows}: give both of one fit`,
    );
  const { rows, cols } = points;
  const nComponents = fitted.embedding.cols;
  const nEpochs = options.nEpochs === undefined ? TRANSFORM_EPOCHS : Math.floor(options.nEpochs / 3);
  const embedding = zeros(rows, nComponents);
  const borrowed = [points.data, fitted.points.data, fitted.embedding.data, embedding.data];
  const facts = await runJob('umapTransform', options, borrowed, (job) =>
    native().umapTransform(
      {
        ...map,
        fitted: fitted.points.data,
        fittedRows: fitted.points.rows,
        fittedEmbedding: fitted.embedding.data,
        points: points.data,
        rows,
        cols,
        nComponents,
        nEpochs,
        embedding: embedding.data,
      },
      job,
    ),
  );
  return { embedding, ...facts };
}

/** The options that a map and new points in it share, with their defaults, every value checked. */
export function checkMap(options: UmapMapOptions) {
  const spread = checkNumber('spread', options.spread ?? 1, 1e-3, 1e3);
  const minDist = checkNumber('minDist', options.minDist ?? 0.1, 0);
  if (minDist > spread)
    throw new MatomariError(
      'bad_option',
      `minDist is ${minDist}, but may not exceed spread, ${spread}: lower it or raise spread`,
    );
  if (options.nEpochs !== undefined) checkInteger('nEpochs', options.nEpochs, 0, 1e6);
  return {
    nNeighbors: checkInteger('nNeighbors', options.nNeighbors ?? 15, 2, 1e6),
    minDist,
    spread,
    metric: checkOneOf('metric', options.metric ?? 'euclidean', UMAP_METRICS),
    learningRate: checkNumber('learningRate', options.learningRate ?? 1, 0, 1e3),
    negativeSampleRate: checkInteger('negativeSampleRate', options.negativeSampleRate ?? 5, 0, 1e3),
    repulsionStrength: checkNumber('repulsionStrength', options.repulsionStrength ?? 1, 0, 1e3),
    localConnectivity: checkNumber('localConnectivity', options.localConnectivity ?? 1, 0, 1e6),
    seed: checkInteger('seed', options.seed ?? 0, 0),
  };
}

function checkInit(init: unknown, rows: number, nComponents: number): UmapStart | Float32Array {
  if (typeof init === 'string') return checkOneOf('init', init, UMAP_STARTS);
  checkFilledMatrix('init', init);
  if (init.rows !== rows || init.cols !== nComponents)
    throw new MatomariError(
      'bad_input',
      `init is ${init.rows} × ${init.cols}, but ${rows} points in ${nComponents} dimensions need ${rows} × ${nComponents}`,
    );
  return init.data;
}
