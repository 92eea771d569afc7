// The operations through the addon, on the first GPU and on the CPU: prints for each what it ran on and whether the bits are
// the same. test/cuda/emulated.test.ts runs it with an emulated plugin, in an environment of its own.
import { assign, distances, kmeans, nearest, weightedMean } from '../../dist/esm/index.js';

let state = 1;
const random = () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32;
};
const matrix = (rows, cols) => ({
  data: Float32Array.from({ length: rows * cols }, () => 3 + random()),
  rows,
  cols,
});

const points = matrix(300, 20);
const few = matrix(9, 20);
const weights = {
  indptr: Int32Array.from({ length: 301 }, (_, i) => 2 * i),
  indices: Int32Array.from({ length: 600 }, (_, e) => (e % 2 ? 7 + (e % 13) : 0)),
  data: Float32Array.from({ length: 600 }, (_, e) => 1 + (e % 5)),
  rows: 300,
  cols: 20,
};
const operations = {
  assign: (on) => assign(points, few, { metric: 'cosine', ...on }),
  distances: (on) => distances(points, few, on),
  kmeans: (on) => kmeans(points, { nClusters: 9, seed: 3, nInit: 2, maxIter: 5, ...on }),
  nearest: (on) => nearest(points, points, { k: 5, ...on }),
  weightedMean: (on) => weightedMean(weights, points, on),
};

const same = (a, b) =>
  Object.keys(a).every((name) => {
    if (['device', 'simd', 'screen', 'recheckedShare'].includes(name)) return true;
    if (ArrayBuffer.isView(a[name])) return Buffer.from(a[name].buffer).equals(Buffer.from(b[name].buffer));
    return typeof a[name] === 'object' ? same(a[name], b[name]) : Object.is(a[name], b[name]);
  });

for (const [name, run] of Object.entries(operations)) {
  const [cpu, cuda] = [await run({ device: 'cpu' }), await run({ device: 'cuda' })];
  console.log(name, cpu.device, cuda.device, cuda.screen ?? '', same(cpu, cuda) ? 'same' : 'DIFFERENT');
}

// Work that pays, on a device that lacks the memory for it: asked for it is refused, else the CPU takes it.
process.env.MATOMARI_CUDA_MEMORY = '1';
const many = matrix(1400, 700);
const wide = { metric: 'dot', threads: 1 };
await distances(many, many, { ...wide, device: 'cuda' }).catch((error) =>
  console.log(error.code, error.message),
);
console.log('auto', (await distances(many, many, wide)).device);
delete process.env.MATOMARI_CUDA_MEMORY;

const stop = new AbortController();
// Many fits, so that the work outlasts the way of the news to here and back.
await kmeans(points, {
  nClusters: 40,
  nInit: 200,
  device: 'cuda',
  tol: 0,
  signal: stop.signal,
  onProgress: () => stop.abort(),
}).catch((error) => console.log(error.code));
