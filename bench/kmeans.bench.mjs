import { join } from 'node:path';
import { blobs, CLUSTERED, NOISE, randomRows } from './harness/data.mjs';
import { readMatrix, readNpy } from './harness/npy.mjs';
import { root } from './harness/paths.mjs';

/** Rows, Lloyd iterations between which the clock is read, runs of each per trial, and what the slow contenders do. Without `quick`: full runs only. */
const SHAPES = [
  {
    n: 5894,
    d: 1024,
    k: 20,
    rows: NOISE,
    points: () => blobs(5894, 1024, 40),
    quick: { to: 12, repeat: 5 },
    full: { to: 15, repeat: 15 },
    slow: { rows: 5894, iterations: 2 },
  },
  {
    n: 100_000,
    d: 384,
    k: 100,
    rows: NOISE,
    points: () => blobs(100_000, 384, 200),
    quick: { to: 8, repeat: 1 },
    full: { to: 25, repeat: 1 },
    slow: { rows: 5000, iterations: 2 },
  },
  {
    n: 20_000,
    d: 1024,
    k: 1000,
    rows: 'twice as much noise as signal',
    // Few rows a cluster settle in two iterations under the usual noise, which leaves nothing to time.
    points: () => blobs(20_000, 1024, 1000, 1, 2),
    quick: { to: 3, repeat: 1 },
    full: { to: 10, repeat: 1 },
    slow: { rows: 0, iterations: 1 },
  },
  ...[4, 12, 20, 32].map((k) => ({
    n: 100_000,
    d: 384,
    k,
    rows: NOISE,
    points: () => blobs(100_000, 384, 200),
    full: { to: 12, repeat: 3 },
    slow: { rows: 5000, iterations: 2 },
  })),
  {
    n: 100_000,
    d: 384,
    k: 100,
    rows: CLUSTERED,
    points: () => blobs(100_000, 384, 100, 1, 0.9),
    full: { to: 20, repeat: 1 },
    slow: { rows: 5000, iterations: 2 },
  },
];

const labelsPath = (id) => join(root, 'build', 'bench', `kmeans-labels-${id}.npy`);
const keep = (id) => () => ({ labels: labelsPath(id) });
/** The slow contenders run on the first rows, or not at all, where an iteration over all would take half a minute. */
const slow = (id) => (job) => ({ ...job.slow, labels: labelsPath(id) });
const leavesOut = ({ job }) =>
  job.slow.rows === 0 ? 'too slow here: it takes part in full runs' : undefined;

/** Σ ‖x − mean of its cluster‖² in float64, from the labels alone: the same yardstick for every contender. */
function inertia({ data, rows, cols }, labels) {
  const k = labels.reduce((most, label) => Math.max(most, label), 0) + 1;
  const sums = new Float64Array(k * cols);
  const counts = new Float64Array(k);
  for (let i = 0; i < rows; i++) {
    counts[labels[i]]++;
    for (let j = 0; j < cols; j++) sums[labels[i] * cols + j] += data[i * cols + j];
  }
  let total = 0;
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < cols; j++) {
      const difference = data[i * cols + j] - sums[labels[i] * cols + j] / counts[labels[i]];
      total += difference * difference;
    }
  return total;
}

function share(a, b) {
  let same = 0;
  for (let i = 0; i < a.length; i++) if (a[i] === b[i]) same++;
  return same / a.length;
}

/** @type {import('./harness/experiment.mjs').Experiment} */
export default {
  name: 'kmeans',
  title: "k-means, one of Lloyd's iterations",
  unit: 'ms per iteration',
  better: 'lower',
  method:
    'Unit float32 rows: around random centres with four times as much noise as signal (twice as much at k = 1000), or around k centres with 0.9 times as much, which keep half of their inertia in their clusters, as real embeddings do; every contender starts from the same k distinct random rows, with tolerance 0. The fast contenders fit twice in each trial, to 1 and to more iterations, after a fit that is not counted; an iteration is the difference of the times over the difference of the iterations, so that what a fit costs once is left out (of repeated fits the median counts). For the plain loop, ml-kmeans and skmeans, whose iterations are long, it is the whole time over the iterations. In a quick run these take only the first rows of the second shape, their time scaled by the rows, and none of the third. Inertia is computed in float64 from each contender’s labels; labels are compared where the iterations are the same.',
  contenders: [
    { id: 'matomari', title: 'Matomari', module: 'matomari/kmeans.mjs', job: keep('matomari') },
    { id: 'sklearn', title: 'scikit-learn, lloyd', module: 'peers/kmeans_sklearn.py', job: keep('sklearn') },
    { id: 'faiss', title: 'faiss', module: 'peers/kmeans_faiss.py', job: keep('faiss') },
    {
      id: 'ml',
      title: 'ml-kmeans (npm), one thread',
      module: 'baselines/kmeans-ml.mjs',
      job: slow('ml'),
      skip: leavesOut,
    },
    {
      id: 'skmeans',
      title: 'skmeans (npm), one thread',
      module: 'baselines/kmeans-skmeans.mjs',
      job: slow('skmeans'),
      skip: leavesOut,
    },
    {
      id: 'plain',
      title: 'plain loop, one thread',
      module: 'baselines/kmeans-plain.mjs',
      job: slow('plain'),
      skip: leavesOut,
    },
  ],
  cases: ({ full }) =>
    SHAPES.filter((shape) => full || shape.quick).map(({ n, d, k, rows, ...shape }) => {
      const points = shape.points();
      return {
        label: `n ${n}, d ${d}, k ${k}, ${rows}`,
        trials: k === 1000 ? 3 : 5,
        job: {
          points,
          start: randomRows(points, k),
          n,
          d,
          k,
          from: 1,
          ...(full ? shape.full : shape.quick),
          slow: full ? { rows: n, iterations: shape.slow.iterations } : shape.slow,
        },
      };
    }),
  finish({ job }, results, ceilings) {
    const points = readMatrix(job.points);
    const ours = results[0].skipped ? undefined : readNpy(labelsPath('matomari')).data;
    for (const { id, skipped, median, facts } of results) {
      if (skipped) continue;
      facts.rate = (2 * job.n * job.d * job.k) / (median / 1000) / 1e9;
      if (ceilings.gflops && !['ml', 'skmeans', 'plain'].includes(id))
        facts.ofPeak = facts.rate / ceilings.gflops;
      const labels = readNpy(labelsPath(id)).data;
      if (labels.length !== job.n) {
        facts.scaledFrom = `timed on ${labels.length} rows`;
        continue;
      }
      facts.inertia = inertia(points, labels);
      if (id !== 'matomari' && ours && facts.iterations === results[0].facts.iterations)
        facts.sameLabels = share(labels, ours);
    }
  },
};
