import { blobs, CLUSTERED, NOISE, randomRows, sentences } from './harness/data.mjs';

/** @type {import('./harness/experiment.mjs').Experiment} */
export default {
  name: 'kmeans-fit',
  title: 'k-means, whole fits',
  unit: 's',
  better: 'lower',
  method:
    'Unit float32 rows: around 2k random centres with four times as much noise, which keep 93 to 98 % of their inertia; around k centres with a little less noise than signal (0.9 times, 0.85 in 128 dimensions), which keep half of it, as real embeddings do, and also take twenty iterations and more; and 20,000 sentence embeddings, over and over with a little noise. The same k distinct random rows to start from, tolerance 0, 25 iterations at most: everything that a call does, from rows to labels. In each trial one short fit that is not counted. Mini-batch k-means of both sides starts by itself (k-means++ on three batches of 1,024) and stops by its own rule. Inertia as each contender reports it.',
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
  // Rows of three kinds: nearly all noise, which leaves nothing to skip; as clustered as real embeddings are, with as many centres as
  // clusters; and real sentence embeddings, where they are at hand.
  cases: ({ full }) =>
    [
      { n: 100_000, d: 384, k: 100, rows: NOISE, points: blobs(100_000, 384, 200), trials: 5 },
      ...(full
        ? [
            {
              n: 100_000,
              d: 384,
              k: 100,
              rows: CLUSTERED,
              points: blobs(100_000, 384, 100, 1, 0.9),
              trials: 5,
            },
            {
              n: 100_000,
              d: 384,
              k: 100,
              rows: 'sentence embeddings',
              points: sentences(100_000),
              trials: 5,
            },
            { n: 100_000, d: 1024, k: 1000, rows: NOISE, points: blobs(100_000, 1024, 2000), trials: 3 },
            { n: 1_000_000, d: 128, k: 256, rows: NOISE, points: blobs(1_000_000, 128, 512), trials: 3 },
            {
              n: 1_000_000,
              d: 128,
              k: 256,
              rows: CLUSTERED,
              points: blobs(1_000_000, 128, 256, 1, 0.85),
              trials: 3,
            },
          ]
        : []),
    ]
      .filter(({ points }) => points !== undefined)
      .map(({ n, d, k, rows, points, trials }) => ({
        label: `n ${n}, d ${d}, k ${k}, ${rows}`,
        trials,
        job: { points, start: randomRows(points, k), k, maxIter: 25 },
      })),
};
