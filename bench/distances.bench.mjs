import { blobs } from './harness/data.mjs';

/** @type {import('./harness/experiment.mjs').Experiment} */
export default {
  name: 'distances',
  title: 'Distances of every row to every row',
  unit: 'ms',
  better: 'lower',
  method:
    'float32 in, a whole float32 matrix out; in each trial one call that is not counted, then the median of three.',
  contenders: [
    { id: 'matomari', title: 'Matomari', module: 'matomari/distances.mjs' },
    { id: 'sklearn', title: 'scikit-learn', module: 'peers/distances_sklearn.py' },
  ],
  cases: ({ full }) =>
    ['euclidean', 'cosine'].flatMap((metric) =>
      [[5894, 447, 1024], ...(full ? [[20_000, 1000, 384]] : [])].map(([rows, others, d]) => ({
        label: `${metric}, ${rows} × ${others}, d ${d}`,
        trials: 5,
        job: { a: blobs(rows, d, 40), b: blobs(others, d, 40, 7), metric, repeat: 3, rows, others, d },
      })),
    ),
  finish({ job }, results, ceilings) {
    for (const { skipped, median, facts } of results) {
      if (skipped) continue;
      facts.rate = (2 * job.rows * job.others * job.d) / (median / 1000) / 1e9;
      if (ceilings.gflops) facts.ofPeak = facts.rate / ceilings.gflops;
    }
    const [ours, theirs] = results;
    if (ours.skipped) return;
    const notes = [];
    if (ceilings.gflops64)
      notes.push(`${Math.round((100 * ours.facts.rate) / ceilings.gflops64)} % of the float64 FMA peak`);
    if (!theirs.skipped) {
      const apart = Math.abs(ours.facts.sum - theirs.facts.sum) / theirs.facts.sum;
      notes.push(`sums of all distances agree to ${apart.toExponential(0)}`);
    }
    ours.facts.note = notes.join(', ');
  },
};
