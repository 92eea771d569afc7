// node bench/quality.mjs [packages] [headlines] [glosses] [--seeds 10] [--starts 10] [--min-cluster-size 10]: how well
// clusters agree with known classes, Matomari beside umap-learn, hdbscan and scikit-learn on the same vectors in the same
// run. A seed is a map of each kind, and k-means starts so many times on each: a single start is worth nothing (one map by
// e5 gives 0.38 to 0.48). Needs `npm run build` and `npm run bench:peers`; the packages need apt and a network.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadEmbedder } from '../dist/esm/embed/index.js';
import { adjustedRandScore, hdbscan, kmeans, umap } from '../dist/esm/index.js';
import { meansOf } from '../dist/esm/pipeline/means.js';
import { withoutNoise } from '../dist/esm/pipeline/predict.js';
import { glosses, headlines, packages } from './harness/labelled.mjs';
import { writeNpy } from './harness/npy.mjs';
import { peerPython, root } from './harness/paths.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: 'string', default: '10' },
    starts: { type: 'string', default: '10' },
    'min-cluster-size': { type: 'string', default: '10' },
  },
});
const seeds = Array.from({ length: Number(values.seeds) }, (_, i) => i + 1);
const starts = Number(values.starts);
const minClusterSize = Number(values['min-cluster-size']);
const MODELS = ['builtin', join(root, '..', 'shared', 'models', 'multilingual-e5-small')];
const CONTENDERS = [
  'k-means of the embeddings',
  'k-means of the map',
  'k-means of a UMAP in 5-D',
  'HDBSCAN of the map',
  'HDBSCAN of a UMAP in 5-D',
];

/** What every contender finds, in their order: its labels at each start. HDBSCAN has one. */
async function ours(points, nClusters, seed) {
  const { embedding: map } = await umap(points, { seed });
  const { embedding: packed } = await umap(points, { nComponents: 5, minDist: 0, metric: 'cosine', seed });
  const byMeans = (x) =>
    Promise.all(
      Array.from({ length: starts }, (_, start) => kmeans(x, { nClusters, seed: seed * starts + start })),
    );
  const byDensity = async (x) => [await hdbscan(x, { minClusterSize })];
  const found = [
    await byMeans(points),
    await byMeans(map),
    await byMeans(packed),
    await byDensity(map),
    await byDensity(packed),
  ];
  return found.map((fits) => fits.map(({ labels }) => labels));
}

const full = (points, maps) =>
  Promise.all(maps.map((fits) => Promise.all(fits.map((labels) => reassigned(points, labels)))));

async function reassigned(points, labels) {
  const nClusters = Math.max(...labels) + 1;
  if (nClusters === 0) return labels;
  const { centroids } = await meansOf(points, labels, nClusters, {});
  return withoutNoise(labels, points, centroids, {});
}

function peers(path, clusters) {
  if (!existsSync(peerPython)) return undefined;
  const job = JSON.stringify({ points: path, clusters, minClusterSize, seeds, starts });
  const script = join(root, 'bench', 'peers', 'quality_umap_hdbscan.py');
  const { status, stdout, stderr } = spawnSync(peerPython, [script, job], {
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
  });
  if (status !== 0) throw new Error(stderr);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

const mean = (xs) => xs.reduce((sum, x) => sum + x, 0) / xs.length;
const spread = (xs) => Math.sqrt(mean(xs.map((x) => (x - mean(xs)) ** 2)));
const noise = (maps) =>
  mean(maps.flat().map((labels) => mean(Array.from(labels, (label) => (label < 0 ? 1 : 0)))));

/** The index of each map, over its starts; shown with the spread of the maps. */
async function score(classes, maps) {
  const ofMap = async (fits) =>
    mean(await Promise.all(fits.map((labels) => adjustedRandScore(classes, labels))));
  const scores = await Promise.all(maps.map(ofMap));
  return `${mean(scores).toFixed(3)} ± ${spread(scores).toFixed(3)}`;
}

mkdirSync(join(root, 'build', 'bench'), { recursive: true });
for (const load of [packages, headlines, glosses]) {
  if (positionals.length > 0 && !positionals.includes(load.name)) continue;
  const corpus = await load();
  if (typeof corpus === 'string') {
    console.log(`\n${load.name} left out: ${corpus}`);
    continue;
  }
  const { title, texts, classes } = corpus;
  const nClusters = new Set(classes).size;
  for (const model of MODELS) {
    if (model !== 'builtin' && !existsSync(model)) {
      console.log(`\n${model} is not here: left out`);
      continue;
    }
    const embedder = await loadEmbedder(model);
    const points = await embedder.embed(texts);
    await embedder.close();
    const path = join(root, 'build', 'bench', `quality-${load.name}.npy`);
    writeNpy(path, points.data, [points.rows, points.cols]);
    const own = [];
    for (const seed of seeds) own.push(await ours(points, nClusters, seed));
    const other = peers(path, nClusters);
    const name = model.split('/').at(-1);
    console.log(
      `\n${title}: ${texts.length} texts, ${nClusters} classes, ${name}, ${seeds.length} seeds, ${starts} starts`,
    );
    console.log('| ARI, noise as one class | Matomari | Python | noise | noise, Python | noise reassigned |');
    console.log('|---|---|---|---|---|---|');
    for (const [c, contender] of CONTENDERS.entries()) {
      const maps = own.map((found) => found[c]);
      const theirs = other?.map((found) => found[c]);
      const cells = [
        await score(classes, maps),
        theirs ? await score(classes, theirs) : '–',
        noise(maps).toFixed(2),
        theirs ? noise(theirs).toFixed(2) : '–',
        contender.startsWith('HDBSCAN') ? await score(classes, await full(points, maps)) : '–',
      ];
      console.log(`| ${contender} | ${cells.join(' | ')} |`);
    }
  }
}
