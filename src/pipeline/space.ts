import { MatomariError } from '../errors.js';
import type { OperationOptions } from '../job.js';
import { type Matrix, pickRows, putRows, row, zeros } from '../matrix.js';
import { pca } from '../pca.js';
import { permutation } from '../random.js';
import { type Umap, umap, umapTransform } from '../umap.js';
import type { ResolvedClustering, UmapSettings } from './clustering-options.js';
import { inStage } from './stages.js';

export interface Drawn {
  /** [documents × 2] */
  map: Matrix;
  /** Where UMAP's layout started; undefined for a map by PCA. */
  mapInit?: Umap['initUsed'];
}

/** The map of a run. */
export async function drawMap(
  embeddings: Matrix,
  { umap: settings, mapSample, seed }: ResolvedClustering,
  operation: OperationOptions,
): Promise<Drawn> {
  const stage = inStage('map', operation);
  if (settings === undefined) return { map: await plane(embeddings, stage) };
  if (mapSample !== undefined) return drawSample(embeddings, mapSample, { ...settings, ...stage }, seed);
  const { embedding, initUsed } = await umap(embeddings, { ...settings, ...stage });
  return { map: embedding, mapInit: initUsed };
}

/** The map of some rows drawn at random, with all others placed in it. */
async function drawSample(
  embeddings: Matrix,
  size: number,
  { nComponents, setOpMixRatio, init, ...settings }: UmapSettings & OperationOptions,
  seed: number,
): Promise<Drawn> {
  const order = permutation(embeddings.rows, seed);
  const drawn = order.subarray(0, size).sort();
  const others = order.subarray(size).sort();
  const points = pickRows(embeddings, drawn);
  const { embedding, initUsed } = await umap(points, { nComponents, setOpMixRatio, init, ...settings });
  const placed = await umapTransform(pickRows(embeddings, others), { points, embedding }, settings);
  const map = zeros(embeddings.rows, nComponents);
  putRows(map, drawn, embedding);
  putRows(map, others, placed.embedding);
  return { map, mapInit: initUsed };
}

/** The UMAP that is clustered, where that is neither the embeddings nor the map. */
export async function reduce(
  embeddings: Matrix,
  settings: UmapSettings,
  operation: OperationOptions,
): Promise<Matrix> {
  if (settings.nComponents > embeddings.cols)
    throw new MatomariError(
      'bad_input',
      `reduceDims is ${settings.nComponents}, but the embeddings have ${embeddings.cols} dimensions: lower it, or set it to 0 to cluster the embeddings themselves`,
    );
  return (await umap(embeddings, { ...settings, ...inStage('reduce', operation) })).embedding;
}

/** The first two principal components; a direction that the data does not have is zero. */
async function plane(points: Matrix, operation: OperationOptions): Promise<Matrix> {
  const nComponents = Math.min(2, points.rows, points.cols);
  const { embedding } = await pca(points, { nComponents, ...operation });
  if (nComponents === 2) return embedding;
  const map = zeros(points.rows, 2);
  for (let i = 0; i < map.rows; i++) row(map, i).set(row(embedding, i));
  return map;
}
