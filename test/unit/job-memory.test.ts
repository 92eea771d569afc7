import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { assign } from '#dist/assign.js';
import { distances } from '#dist/distances.js';
import { MatomariError } from '#dist/errors.js';
import { kmeans } from '#dist/kmeans.js';
import type { Matrix } from '#dist/matrix.js';
import { nearest } from '#dist/nearest.js';
import { pca } from '#dist/pca.js';
import { weightedMean } from '#dist/weighted-mean.js';
import { gaussian, sparse, spread, uniform } from '../cases/data.js';
import { runNode } from './job-child.js';

function over(buffer: ArrayBufferLike, m: Matrix): Matrix {
  const data = new Float32Array(buffer as ArrayBuffer, 0, m.data.length);
  data.set(m.data);
  return { ...m, data };
}

const shared = (m: Matrix): Matrix => over(new SharedArrayBuffer(m.data.byteLength), m);

/** A view in the middle of a larger buffer, at an address that no vector load likes. */
function offset(m: Matrix): Matrix {
  const whole = new Float32Array(m.data.length + 8).fill(Number.NaN);
  whole.set(m.data, 3);
  return { ...m, data: whole.subarray(3, 3 + m.data.length) };
}

const points = gaussian(400, 21, 5);
const weights = sparse(400, 17, 0.3);
const weight = Float32Array.from({ length: 400 }, (_, i) => 1 + (i % 3));

/** Every operation on arrays that were put elsewhere by `move`. */
const OPERATIONS: Record<string, (move: (m: Matrix) => Matrix) => Promise<object>> = {
  distances: (move) => distances(move(points), move(spread(points, 9))),
  nearest: (move) => nearest(move(points), move(points), { k: 4 }),
  assign: (move) => assign(move(points), move(spread(points, 9))),
  kmeans: (move) =>
    kmeans(move(points), {
      nClusters: 6,
      init: move(spread(points, 6)),
      sampleWeight: move({ data: weight, rows: 400, cols: 1 }).data,
    }),
  'kmeans, cosine': (move) => kmeans(move(points), { nClusters: 6, metric: 'cosine' }),
  pca: (move) => pca(move(points), { nComponents: 3 }),
  weightedMean: (move) =>
    weightedMean({ ...weights, data: move({ data: weights.data, rows: 1, cols: 1 }).data }, move(points)),
};

describe('where the arrays lie', () => {
  for (const [name, run] of Object.entries(OPERATIONS)) {
    it(`${name}: a SharedArrayBuffer gives the same`, async () => {
      expect(await run(shared)).toEqual(await run((m) => m));
    });
    it(`${name}: a view into a larger buffer gives the same`, async () => {
      expect(await run(offset)).toEqual(await run((m) => m));
    });
    it(`${name}: a resizable or growable buffer is refused in words`, async () => {
      const options = (m: Matrix) => ({ maxByteLength: 2 * m.data.byteLength });
      const Resizable = ArrayBuffer as unknown as new (n: number, o: object) => ArrayBuffer;
      const Growable = SharedArrayBuffer as unknown as new (n: number, o: object) => SharedArrayBuffer;
      for (const move of [
        (m: Matrix) => over(new Resizable(m.data.byteLength, options(m)), m),
        (m: Matrix) => over(new Growable(m.data.byteLength, options(m)), m),
      ])
        await expect(run(move)).rejects.toThrow(
          new MatomariError(
            'bad_input',
            'a resizable ArrayBuffer cannot be used by a native job: copy the data into a fixed one (array.slice())',
          ),
        );
    });
    it(`${name}: a detached array is refused`, async () => {
      const detached = (m: Matrix): Matrix => {
        const data = m.data.slice();
        structuredClone(data.buffer, { transfer: [data.buffer] });
        return { ...m, data };
      };
      await expect(run(detached)).rejects.toMatchObject({ code: 'bad_input' });
    });
  }
});

describe('during a job', () => {
  it('a buffer cannot be transferred away, and the result is right', async () => {
    const wanted = await kmeans(points, { nClusters: 8, seed: 4 });
    const data = points.data.slice();
    const job = kmeans({ data, rows: 400, cols: 21 }, { nClusters: 8, seed: 4 });
    // Node 20 copies where it was told to transfer; later versions throw.
    try {
      structuredClone(data.buffer, { transfer: [data.buffer] });
    } catch (error) {
      expect((error as Error).name).toBe('DataCloneError');
    }
    expect(data.length).toBe(400 * 21);
    const result = await job;
    expect(result.labels).toEqual(wanted.labels);
    expect(result.centroids.data).toEqual(wanted.centroids.data);
  });

  it('numbers that the caller writes lead to wrong results, never out of bounds', async () => {
    const u = uniform(3);
    const wild = [Number.NaN, Number.POSITIVE_INFINITY, -3e38, 3e38, 0, 1e-45];
    const big = gaussian(3000, 40, 2);
    const big2 = gaussian(3000, 40, 3);
    const csr = sparse(3000, 50, 0.3, 7);
    const pinned = csr.data.length;
    let scribbling = true;
    const scribble = (async () => {
      while (scribbling) {
        for (let i = 0; i < 3000; i++) {
          big.data[Math.floor(u() * big.data.length)] = wild[Math.floor(u() * wild.length)]!;
          big2.data[Math.floor(u() * big2.data.length)] = 100 * u();
          csr.indices[Math.floor(u() * pinned)] = Math.floor(4e9 * u()) - 2e9;
          (csr.indptr as Int32Array)[Math.floor(u() * 3001)] = Math.floor(4e9 * u()) - 2e9;
        }
        await sleep(0);
      }
    })();
    const settled: Promise<unknown>[] = [];
    const settle = (job: Promise<unknown>) => settled.push(job.catch((e: MatomariError) => e.code));
    for (let round = 0; round < 12; round++) {
      // Clean when each job starts, so that it passes the first check and meets the rest later.
      big.data.set(gaussian(3000, 40, round).data);
      const fresh = sparse(3000, 50, 0.3, 7);
      csr.indices.set(fresh.indices);
      (csr.indptr as Int32Array).set(fresh.indptr as Int32Array);
      settle(kmeans(big, { nClusters: 30, seed: round, maxIter: 8 }));
      settle(kmeans(big, { nClusters: 30, seed: round, maxIter: 8, metric: 'cosine' }));
      settle(
        kmeans(big, { nClusters: 30, init: 'random', maxIter: 8, sampleWeight: big2.data.subarray(0, 3000) }),
      );
      settle(assign(big, spread(big2, 200)));
      settle(assign(big2, big));
      settle(nearest(spread(big, 500), big, { k: 10 }));
      settle(nearest(spread(big2, 500), big, { k: 10, metric: 'cosine' }));
      settle(pca(big, { nComponents: 3 }));
      settle(pca({ data: big.data, rows: 400, cols: 300 }, { nComponents: 3 }));
      settle(distances(big, spread(big2, 100)));
      settle(weightedMean(csr, big2));
      await Promise.all(settled);
    }
    scribbling = false;
    await scribble;
    for (const code of await Promise.all(settled))
      if (typeof code === 'string') expect(['bad_input', 'internal']).toContain(code);
  });

  it('arrays that only the job still knows are not collected', async () => {
    const { code, stdout, stderr } = await runNode(
      `
      const make = (seed) => {
        const data = new Float32Array(20000 * 64);
        for (let i = 0, x = seed; i < data.length; i++) data[i] = (x = (x * 48271) % 2147483647) / 2147483647;
        return { data, rows: 20000, cols: 64 };
      };
      const hash = (a) => a.reduce((h, v) => (Math.imul(h, 31) + v) | 0, 7);
      const run = async () => {
        const { labels, inertia } = await kmeans(make(7), { nClusters: 60, maxIter: 6 });
        const found = await nearest({ ...make(3), data: make(3).data.slice(0, 64e3), rows: 1000 }, make(7), { k: 2 }).then((r) => hash(r.indices));
        return [hash(labels), inertia, found].join();
      };
      const alone = await run();
      const timer = setInterval(() => {
        globalThis.gc();
        for (let i = 0; i < 20; i++) new Float32Array(1e6).fill(NaN);
      }, 1);
      const pressed = await Promise.all([run(), run()]);
      clearInterval(timer);
      globalThis.gc();
      console.log(pressed.every((r) => r === alone), native().info().jobs);
      `,
      ['--expose-gc'],
    );
    expect([code, stderr, stdout.trim()]).toEqual([0, '', 'true 0']);
  });
});

describe('memory', () => {
  it('is given back: a thousand jobs leave nothing behind', async () => {
    const { code, stdout, stderr } = await runNode(
      `
      const data = new Float32Array(200 * 16).map((_, i) => (i * 7919) % 101);
      const run = () => kmeans({ data: data.slice(), rows: 200, cols: 16 }, { nClusters: 5, maxIter: 3 });
      const measure = async (jobs) => {
        for (let i = 0; i < jobs; i++) await run();
        globalThis.gc();
        await new Promise((r) => setTimeout(r, 50));
        globalThis.gc();
        return process.memoryUsage.rss() / 2 ** 20;
      };
      await measure(300);
      const before = await measure(300);
      const after = await measure(1500);
      console.log(JSON.stringify({ before, after, jobs: native().info().jobs }));
      `,
      ['--expose-gc'],
    );
    expect([code, stderr]).toEqual([0, '']);
    const { before, after, jobs } = JSON.parse(stdout) as Record<'before' | 'after' | 'jobs', number>;
    expect(jobs).toBe(0);
    expect(after - before).toBeLessThan(16);
  });

  it('that cannot be had is said', async () => {
    // 2^21 × 2^21 distances.
    const many = { data: new Float32Array(2 ** 21), rows: 2 ** 21, cols: 1 };
    await expect(distances(many, many)).rejects.toMatchObject({
      code: 'out_of_memory',
      message: expect.stringMatching(
        /^an array of 4398046511104 elements \(16384\.0 GiB\) could not be allocated/,
      ),
    });
  });
});
