import { blobs, sparse } from './harness/data.mjs';

/** @type {import('./harness/experiment.mjs').Experiment} */
export default {
  name: 'weighted-mean',
  title: 'Weighted means: one vector per term from the documents’ vectors',
  unit: 'ms',
  better: 'lower',
  method:
    'A CSR matrix of documents × terms, float32, and a matrix of documents × d; the result is the weighted mean of the vectors for every term. SciPy has one thread for it, and adds in float32 where Matomari adds in float64. What binds it at the large shape: see docs/decisions/weighted-mean.md. In each trial one call that is not counted, then the median of the runs.',
  contenders: [
    { id: 'matomari', title: 'Matomari', module: 'matomari/weighted-mean.mjs' },
    { id: 'scipy', title: 'SciPy, W.T @ X / column sums', module: 'peers/weighted_mean_scipy.py' },
  ],
  cases: ({ full }) =>
    [
      { rows: 5894, terms: 447, perRow: 7, d: 1024, repeat: 15 },
      ...(full
        ? [
            { rows: 100_000, terms: 5000, perRow: 15, d: 384, repeat: 3 },
            { rows: 1_000_000, terms: 50_000, perRow: 15, d: 128, repeat: 3 },
          ]
        : []),
    ].map(({ rows, terms, perRow, d, repeat }) => ({
      label: `${rows} documents, ${terms} terms, ${rows * perRow} entries, d ${d}`,
      trials: 5,
      job: {
        weights: sparse(rows, terms, perRow),
        vectors: blobs(rows, d, rows === 5894 ? 40 : 200),
        repeat,
      },
    })),
  finish(_, [ours, theirs]) {
    if (ours.skipped || theirs.skipped) return;
    const apart = Math.abs(ours.facts.norm - theirs.facts.norm) / theirs.facts.norm;
    ours.facts.note = `norms of the results agree to ${apart.toExponential(0)}`;
  },
};
