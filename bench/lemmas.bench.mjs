import { headlines } from './harness/data.mjs';

/** @type {import('./harness/experiment.mjs').Experiment} */
export default {
  name: 'lemmas',
  title: 'Japanese lemmas',
  unit: 'documents a second',
  better: 'higher',
  method:
    'Documents of four bundled headlines each, drawn at random. The tokenizer is made, and has been through all documents once, before the clock starts; both contenders use the same dictionary (IPADIC of kuromoji).',
  contenders: [
    { id: 'matomari', title: 'Matomari, createTokenizer', module: 'matomari/lemmas.mjs' },
    { id: 'kuromojin', title: 'kuromojin in a loop, one thread', module: 'baselines/lemmas-kuromojin.mjs' },
  ],
  cases: ({ full }) => {
    const count = full ? 20_000 : 2000;
    return [{ label: `${count} documents`, trials: 5, job: { texts: headlines(count, 4) } }];
  },
  finish(_, results) {
    for (const { skipped, facts } of results) if (!skipped) facts.note = `${facts.lemmas} lemmas`;
  },
};
