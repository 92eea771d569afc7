/** @type {import('./harness/experiment.mjs').Experiment} */
export default {
  name: 'demo',
  title: 'The demo, whole',
  unit: 's',
  better: 'lower',
  method:
    'Wall time of `node scripts/demo.mjs`, what `npm run demo` does once everything is built: process start, tokenising, embedding, clustering, naming and the report included.',
  contenders: [{ id: 'matomari', title: 'Matomari', module: 'matomari/demo.mjs' }],
  cases: () => [{ label: 'bundled Japanese headlines, 20 clusters', trials: 5, job: {} }],
};
