import { native } from '../dist/esm/binding.js';
import { blobs, randomRows } from './harness/data.mjs';

const lacks = (simd, screen) => () => {
  const { simdLevels } = native().info();
  if (!simdLevels.includes(simd)) return `this machine has no ${simd}`;
  if (screen !== 'f32' && !simdLevels.includes('avx512')) return `this machine has no ${screen} screen`;
};
const ours = (simd, screen) => ({
  id: `${simd}-${screen}`,
  title: `Matomari, ${simd}, ${screen}`,
  module: 'matomari/assign.mjs',
  job: () => ({ simd, screen }),
  skip: lacks(simd, screen),
});

/** The ceiling of the products that a screen is made of. */
const CEILINGS = { f32: ['gflops', 'float32'], bf16: ['gopsBf16', 'bf16'], int8: ['gopsInt8', 'int8'] };

/** @type {import('./harness/experiment.mjs').Experiment} */
export default {
  name: 'assign',
  title: 'The nearest centroid of every row',
  unit: 'ms',
  better: 'lower',
  method:
    'Euclidean; unit float32 rows around random centres with twice as much noise, centroids that are rows; packing, rechecks and the distances of the winners included. In each trial one call that is not counted, then the median of the runs. Every way gives the same labels.',
  contenders: [
    { id: 'matomari', title: 'Matomari', module: 'matomari/assign.mjs' },
    ours('avx512', 'int8'),
    ours('avx512', 'bf16'),
    ours('avx512', 'f32'),
    ours('avx2', 'f32'),
    ours('neon', 'f32'),
  ],
  cases: ({ full }) =>
    [
      { n: 20_000, d: 384, k: 1000, repeat: 3 },
      ...(full
        ? [
            { n: 100_000, d: 384, k: 1000, repeat: 3 },
            { n: 100_000, d: 128, k: 1000, repeat: 3 },
            { n: 29_999, d: 383, k: 1001, repeat: 3 },
          ]
        : []),
    ].map(({ n, d, k, repeat }) => {
      const points = blobs(n, d, k, 1, 2);
      return {
        label: `n ${n}, d ${d}, k ${k}`,
        trials: 5,
        job: { points, start: randomRows(points, k), n, d, k, repeat },
      };
    }),
  finish({ job }, results, ceilings) {
    for (const { id, skipped, median, facts } of results) {
      if (skipped) continue;
      facts.rate = (2 * job.n * job.d * job.k) / (median / 1000) / 1e9;
      if (ceilings.gflops) facts.ofPeak = facts.rate / ceilings.gflops;
      const [ceiling, products] = CEILINGS[facts.screen];
      const notes = [];
      if (ceilings[ceiling] && facts.screen !== 'f32')
        notes.push(`${Math.round((100 * facts.rate) / ceilings[ceiling])} % of the ${products} ceiling`);
      if (id !== 'matomari' && facts.labels !== results[0].facts.labels) notes.push('LABELS DIFFER');
      facts.note = notes.join(', ');
    }
  },
};
