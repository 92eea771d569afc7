import { headlines } from './harness/data.mjs';

/** @type {import('./harness/experiment.mjs').Experiment} */
export default {
  name: 'embed',
  title: 'Embedding with the built-in model',
  unit: 'texts a second',
  better: 'higher',
  method:
    'Documents of four bundled headlines each, drawn at random; the embedder is loaded, and has been through all of them once, before the clock starts. There is no peer for this model: the figure is a rate.',
  contenders: [{ id: 'matomari', title: 'Matomari', module: 'matomari/embed.mjs' }],
  cases: ({ full }) => {
    const count = full ? 50_000 : 10_000;
    return [{ label: `${count} texts`, trials: 5, job: { texts: headlines(count, 4) } }];
  },
  finish(_, [ours]) {
    if (!ours.skipped) ours.facts.note = `${ours.facts.tokens} tokens, device ${ours.facts.device}`;
  },
};
