import { blobs, randomRows } from './harness/data.mjs';

/** @type {import('./harness/experiment.mjs').Experiment} */
export default {
  name: 'kmeans-plus-plus',
  title: 'k-means++, greedy',
  unit: 'ms',
  better: 'lower',
  method:
    'Seeds for k clusters, 2 + ⌊ln k⌋ candidates a step. Ours is timed as a fit of one iteration from k-means++ less one from given rows; scikit-learn’s as its kmeans_plusplus. The inertia is that after one iteration from the seeds, each side with seeds of its own.',
  contenders: [
    { id: 'matomari', title: 'Matomari', module: 'matomari/kmeans-plus-plus.mjs' },
    {
      id: 'sklearn',
      title: 'scikit-learn, kmeans_plusplus',
      module: 'peers/kmeans_plus_plus_sklearn.py',
    },
  ],
  cases: ({ full }) =>
    [{ n: 100_000, d: 384, k: 100 }, ...(full ? [{ n: 1_000_000, d: 128, k: 256 }] : [])].map(
      ({ n, d, k }) => {
        const points = blobs(n, d, 2 * k);
        return {
          label: `n ${n}, d ${d}, k ${k}`,
          trials: 3,
          job: { points, start: randomRows(points, k), k },
        };
      },
    ),
};
