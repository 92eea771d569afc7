import { expect, test } from 'vitest';
import { native } from '#dist/binding.js';
import { assign, distances, kmeans, type Metric, nearest, weightedMean } from '#dist/index.js';
import { expectSameBits } from './levels.js';

// The device axis: what has GPU kernels gives the CPU's bits on the first GPU. Without one these skip, and the same
// kernels are checked on an emulated device (test/cuda).
const { devices, reason } = native().cuda();

const metrics: Metric[] = ['euclidean', 'sqeuclidean', 'cosine', 'dot'];

/** Rows with a large common part, and every seventh equal to the one before. */
function points(rows: number, cols: number) {
  const data = new Float32Array(rows * cols);
  let state = 1;
  for (let i = 0; i < rows; i++)
    for (let l = 0; l < cols; l++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      data[i * cols + l] = i % 7 === 6 ? data[(i - 1) * cols + l]! : 3 + (l % 5) + state / 2 ** 31;
    }
  return { data, rows, cols };
}

/** Runs on both devices, which must return the same bits. */
async function both<T extends { device: string }>(
  run: (device: 'cpu' | 'cuda') => Promise<T>,
): Promise<void> {
  const [wanted, found] = [await run('cpu'), await run('cuda')];
  expect([wanted.device, found.device]).toEqual(['cpu', 'cuda']);
  expectSameBits(found, wanted, 'cuda against cpu');
}

test.for(metrics)('assign by %s on a GPU', async (metric, ctx) => {
  if (devices.length === 0) ctx.skip(reason);
  const all = points(5000, 130);
  await both((device) => assign(all, points(700, 130), { metric, device }));
});

test.for(metrics)('nearest by %s on a GPU', async (metric, ctx) => {
  if (devices.length === 0) ctx.skip(reason);
  const all = points(5000, 130);
  await both((device) => nearest(points(700, 130), all, { k: 12, metric, device }));
  await both((device) => nearest(all, all, { k: 5, metric, device }));
});

test.for(metrics)('distances by %s on a GPU', async (metric, ctx) => {
  if (devices.length === 0) ctx.skip(reason);
  await both((device) => distances(points(700, 33), points(300, 33), { metric, device }));
});

test.for(['euclidean', 'cosine'] as const)('kmeans by %s on a GPU', async (metric, ctx) => {
  if (devices.length === 0) ctx.skip(reason);
  const all = points(5000, 130);
  const sampleWeight = Float32Array.from({ length: 5000 }, (_, i) => (i % 9 === 4 ? 0 : 1 + (i % 5)));
  for (const init of ['k-means++', 'random', points(60, 130)] as const)
    for (const weighted of [{}, { sampleWeight }])
      await both((device) => kmeans(all, { nClusters: 60, init, metric, device, maxIter: 8, ...weighted }));
});

test('weightedMean on a GPU', async (ctx) => {
  if (devices.length === 0) ctx.skip(reason);
  const rows = 2000;
  const indptr = Int32Array.from({ length: rows + 1 }, (_, i) => 3 * i);
  const indices = Int32Array.from({ length: 3 * rows }, (_, e) => [0, 1 + (e % 40), 50 + (e % 30)][e % 3]!);
  const data = Float32Array.from({ length: 3 * rows }, (_, e) => 1 + (e % 11) / 7);
  await both((device) =>
    weightedMean({ indptr, indices, data, rows, cols: 90 }, points(rows, 130), { device }),
  );
});

test('auto stays on the CPU for little work, and where there is no GPU', async () => {
  const small = points(10, 3);
  expect((await assign(small, points(3, 3))).device).toBe('cpu');
  expect((await assign(small, points(3, 3), { device: 'cpu' })).device).toBe('cpu');
});
