import { blobs, randomRows } from './harness/data.mjs';

/** @type {import('./harness/experiment.mjs').Experiment} */
export default {
  name: 'kmeans-fit',
  title: 'k-means, whole fits',
  unit: 's',
  better: 'lower',
  method:
    'Unit float32 rows around random centres with four times as much noise, the same k distinct random rows to start from, tolerance 0, 25 iterations at most: everything that a call does, from rows to labels. In each trial one short fit that is not counted. Mini-batch k-means of both sides starts by itself (k-means++ on three batches of 1,024) and stops by its own rule. Inertia as each contender reports it.',
  contenders: [
    { id: 'matomari', title: 'Matomari, kmeans', module: 'matomari/kmeans-fit.mjs' },
    { id: 'sklearn', title: 'scikit-learn, KMeans, lloyd', module: 'peers/kmeans_fit_sklearn.py' },
    { id: 'faiss', title: 'faiss, Kmeans', module: 'peers/kmeans_fit_faiss.py' },
    {
      id: 'batch',
      title: 'Matomari, miniBatchKmeans',
      module: 'matomari/kmeans-fit.mjs',
      job: () => ({ miniBatch: true }),
    },
    {
      id: 'sklearn-batch',
      title: 'scikit-learn, MiniBatchKMeans',
      module: 'peers/kmeans_fit_sklearn.py',
      job: () => ({ miniBatch: true }),
    },
  ],
  cases: ({ full }) =>
    [
      { n: 100_000, d: 384, k: 100, trials: full ? 5 : 3 },
      ...(full
        ? [
            { n: 100_000, d: 1024, k: 1000, trials: 3 },
            { n: 1_000_000, d: 128, k: 256, trials: 3 },
          ]
        : []),
    ].map(({ n, d, k, trials }) => {
      const points = blobs(n, d, 2 * k);
      return {
        label: `n ${n}, d ${d}, k ${k}`,
        trials,
        job: { points, start: randomRows(points, k), k, maxIter: 25 },
      };
    }),
};
