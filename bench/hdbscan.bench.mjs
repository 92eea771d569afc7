import { join } from 'node:path';
import { adjustedRandScore } from '../dist/esm/index.js';
import { plane } from './harness/data.mjs';
import { readNpy } from './harness/npy.mjs';
import { root } from './harness/paths.mjs';

const labelsPath = (id) => join(root, 'build', 'bench', `hdbscan-labels-${id}.npy`);
const keep = (id) => () => ({ labels: labelsPath(id) });

/** @type {import('./harness/experiment.mjs').Experiment} */
export default {
  name: 'hdbscan',
  title: 'HDBSCAN of points in the plane',
  unit: 'ms',
  better: 'lower',
  method:
    'Blobs with 8 % noise, float32, min_cluster_size 15, minSamples as each defines it (scikit-learn counts the point itself, so it gets 16); in each trial one fit that is not counted, then the median of the runs. The labels of all are compared with those of the package’s exact tree by the adjusted Rand index: mutual reachability ties leave each some freedom. scikit-learn’s time grows with the square of the points: at 100,000 it takes part in full runs only, and is not warmed up there; that of hdbscan-ts grows with the cube: it takes part in full runs, at 1,000.',
  contenders: [
    { id: 'matomari', title: 'Matomari', module: 'matomari/hdbscan.mjs', job: keep('matomari') },
    {
      id: 'package',
      title: 'hdbscan package (approximate tree, its default)',
      module: 'peers/hdbscan_package.py',
      job: () => ({ labels: labelsPath('package'), approximate: true }),
    },
    {
      id: 'package-exact',
      title: 'hdbscan package, exact tree',
      module: 'peers/hdbscan_package.py',
      job: () => ({ labels: labelsPath('package-exact'), approximate: false }),
    },
    {
      id: 'sklearn',
      title: 'scikit-learn',
      module: 'peers/hdbscan_sklearn.py',
      job: keep('sklearn'),
      skip: ({ job }) =>
        job.n > job.mostForSklearn ? 'its time grows with the square of the points' : undefined,
    },
    {
      id: 'hdbscan-ts',
      title: 'hdbscan-ts (npm), one thread',
      module: 'baselines/hdbscan-ts.mjs',
      job: keep('hdbscan-ts'),
      skip: ({ job }) =>
        job.n > job.mostForCubic ? 'its time grows with the cube of the points' : undefined,
    },
  ],
  cases: ({ full }) =>
    [
      { n: 1000, repeat: 21 },
      { n: 5894, repeat: 5 },
      { n: 100_000, repeat: full ? 2 : 1 },
      ...(full ? [{ n: 1_000_000, repeat: 1 }] : []),
    ].map(({ n, repeat }) => ({
      label: `n ${n.toLocaleString('en')}, d 2`,
      trials: n === 5894 ? 5 : 3,
      job: {
        points: plane(n, Math.max(20, Math.round(n / 300))),
        n,
        minClusterSize: 15,
        repeat,
        mostForSklearn: full ? 100_000 : 20_000,
        mostForCubic: full ? 1000 : 0,
      },
    })),
  async finish(_, results) {
    const exact = results.find(({ id }) => id === 'package-exact');
    if (exact.skipped) return;
    const theirs = readNpy(labelsPath('package-exact')).data;
    for (const { id, skipped, facts } of results) {
      if (skipped) continue;
      const agreement = (await adjustedRandScore(theirs, readNpy(labelsPath(id)).data)).toFixed(4);
      facts.note = `${facts.clusters} clusters${id === exact.id ? '' : `, adjusted Rand index to the exact package ${agreement}`}`;
    }
  },
};
