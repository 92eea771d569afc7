import { join } from 'node:path';
import { blobs, sentences } from './harness/data.mjs';
import { readNpy } from './harness/npy.mjs';
import { resolvePeer, root } from './harness/paths.mjs';

const indicesPath = (id) => join(root, 'build', 'bench', `nearest-indices-${id}.npy`);
const withoutUsearch = () => {
  try {
    resolvePeer('usearch');
  } catch {
    return 'usearch is not set up: npm run bench:peers';
  }
};
const keep = (id) => () => ({ indices: indicesPath(id) });

/** @type {import('./harness/experiment.mjs').Experiment} */
export default {
  name: 'nearest',
  title: 'The 15 nearest rows of every row, exactly',
  unit: 'ms',
  better: 'lower',
  method:
    'Euclidean, float32; in each trial one call that is not counted, then the median of the runs. The peers’ neighbours are compared with ours entry by entry: where they differ, two rows lie equally far to within float32, and ours are decided in float64.',
  contenders: [
    { id: 'matomari', title: 'Matomari', module: 'matomari/nearest.mjs', job: keep('matomari') },
    { id: 'faiss', title: 'faiss, IndexFlatL2', module: 'peers/nearest_faiss.py', job: keep('faiss') },
    { id: 'sklearn', title: 'scikit-learn, brute', module: 'peers/nearest_sklearn.py', job: keep('sklearn') },
    {
      id: 'usearch',
      title: 'usearch (npm), exact',
      module: 'baselines/nearest-usearch.mjs',
      job: keep('usearch'),
      skip: ({ job }) =>
        withoutUsearch() ??
        (job.long ? 'too slow here: it takes part in full runs, at the smallest shape' : undefined),
    },
  ],
  cases: ({ full }) =>
    [
      { queries: 5894, n: 5894, d: 1024, repeat: full ? 3 : 1, trials: 5, long: !full },
      ...(full
        ? [
            { queries: 10_000, n: 100_000, d: 384, repeat: 1, trials: 3, long: true },
            { queries: 100_000, n: 100_000, d: 384, repeat: 1, trials: 3, long: true },
            ...(sentences(100_000)
              ? [{ queries: 100_000, n: 100_000, d: 384, repeat: 1, trials: 3, long: true, real: true }]
              : []),
          ]
        : []),
    ].map(({ trials, real, ...shape }) => {
      const { queries, n, d } = shape;
      return {
        label: `${queries} queries, n ${n}, d ${d}${real ? ', sentence embeddings' : ''}`,
        trials,
        job: { points: real ? sentences(n) : blobs(n, d, n === 5894 ? 40 : 200), k: 15, ...shape },
      };
    }),
  finish({ job }, results, ceilings) {
    const ours = results[0].skipped ? undefined : readNpy(indicesPath('matomari')).data;
    for (const { id, skipped, median, facts } of results) {
      if (skipped) continue;
      facts.rate = (2 * job.queries * job.n * job.d) / (median / 1000) / 1e9;
      if (ceilings.gflops) facts.ofPeak = facts.rate / ceilings.gflops;
      if (id === 'matomari' || !ours) continue;
      const theirs = readNpy(indicesPath(id)).data;
      const same = ours.reduce((count, index, i) => count + (index === theirs[i] ? 1 : 0), 0);
      facts.note = `${((100 * same) / ours.length).toFixed(3)} % of the neighbours as ours`;
    }
  },
};
