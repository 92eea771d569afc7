import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { trustworthiness } from '../dist/esm/metrics.js';
import { blobs } from './harness/data.mjs';
import { readMatrix } from './harness/npy.mjs';
import { root } from './harness/paths.mjs';

const mapPath = (id) => join(root, 'build', 'bench', `umap-${id}.npy`);
const keep = (id, seed) => () => ({ embedding: mapPath(id), seed });
const JUDGED = 5000;

/** The first rows of a matrix. */
const head = ({ data, rows, cols }) => {
  const kept = Math.min(rows, JUDGED);
  return { data: data.slice(0, kept * cols), rows: kept, cols };
};

/** @type {import('./harness/experiment.mjs').Experiment} */
export default {
  name: 'umap',
  title: 'UMAP to two dimensions, 15 neighbours',
  unit: 's',
  better: 'lower',
  method:
    'Euclidean, float32, defaults; neighbours, start and layout together, compiling not counted. umap-learn with a seed runs on one thread, and gives another map each time without; ours has a seed on any number of threads and takes exact neighbours. umap-js starts at random and takes fewer rounds, 300 at 5,894 points where the others take 500: its defaults. Quality: trustworthiness at k = 15 of the first 5,000 points.',
  contenders: [
    {
      id: 'matomari',
      title: 'Matomari, with a seed',
      module: 'matomari/umap.mjs',
      job: keep('matomari', 42),
    },
    {
      id: 'umap-seeded',
      title: 'umap-learn, with a seed',
      module: 'peers/umap_learn.py',
      job: keep('umap-seeded', 42),
    },
    {
      id: 'umap',
      title: 'umap-learn, without',
      module: 'peers/umap_learn.py',
      job: keep('umap', null),
      skip: ({ job }) => (job.quick ? 'it takes part in full runs' : undefined),
    },
    {
      id: 'umap-js',
      title: 'umap-js (npm), with a seed, one thread',
      module: 'baselines/umap-js.mjs',
      job: keep('umap-js', 42),
      skip: ({ job }) =>
        job.n > job.mostForJs ? 'too slow here: it takes part in full runs, at the smaller shape' : undefined,
    },
  ],
  cases: ({ full }) =>
    [{ n: 5894, d: 1024, trials: 3 }, ...(full ? [{ n: 100_000, d: 384, trials: 3 }] : [])].map(
      ({ n, d, trials }) => ({
        label: `n ${n}, d ${d}`,
        trials,
        job: {
          points: blobs(n, d, n === 5894 ? 40 : 200),
          n,
          d,
          repeat: 1,
          quick: !full,
          mostForJs: full ? 5894 : 0,
        },
      }),
    ),
  async finish({ job }, results) {
    const points = head(readMatrix(job.points));
    for (const { id, skipped, facts } of results) {
      if (skipped || !existsSync(mapPath(id))) continue;
      const trust = await trustworthiness(points, head(readMatrix(mapPath(id))), { nNeighbors: 15 });
      facts.note = `trustworthiness ${trust.toFixed(4)}`;
    }
  },
};
