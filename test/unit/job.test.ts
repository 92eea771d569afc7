import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { assign } from '#dist/assign.js';
import { native } from '#dist/binding.js';
import { distances } from '#dist/distances.js';
import { MatomariError } from '#dist/errors.js';
import { hdbscan } from '#dist/hdbscan.js';
import type { OperationOptions, Progress } from '#dist/job.js';
import { kmeans } from '#dist/kmeans.js';
import type { Matrix } from '#dist/matrix.js';
import { nearest } from '#dist/nearest.js';
import { pca } from '#dist/pca.js';
import { weightedMean } from '#dist/weighted-mean.js';
import { fill, gaussian, sparse, spread, uniform } from '../cases/data.js';
import { at, LEVELS } from '../cases/levels.js';
import { runNode } from './job-child.js';

/** The like in source code, for a thread or process of its own. */
const NOISE = `
  const noise = (n) => {
    const out = new Float32Array(n);
    for (let i = 0, x = 1; i < n; i++) out[i] = (x = (x * 48271) % 2147483647) / 2147483647;
    return out;
  };
`;

function noise(rows: number, cols: number): Matrix {
  const u = uniform(rows + cols);
  return fill(rows, cols, () => u() - 0.5);
}

/** Resolves when no job of this thread is left; how long that took. */
async function idle(): Promise<number> {
  const start = performance.now();
  while (native().info().jobs > 0) await sleep(1);
  return performance.now() - start;
}

/** Every operation with seconds of work. */
function longJobs(): Record<string, (options: OperationOptions) => Promise<unknown>> {
  const points = noise(12_000, 1024);
  const many = noise(60_000, 64);
  const weights = sparse(12_000, 400, 0.3);
  return {
    'kmeans, seeding': (o) => kmeans(points, { nClusters: 1000, ...o }),
    'kmeans, iterating': (o) => kmeans(points, { nClusters: 1000, init: 'random', tol: 0, ...o }),
    'kmeans, cosine': (o) =>
      kmeans(points, { nClusters: 1000, init: 'random', metric: 'cosine', tol: 0, ...o }),
    assign: (o) => assign(many, spread(many, 30_000), o),
    nearest: (o) => nearest(many, many, { k: 15, ...o }),
    distances: (o) => distances(many, spread(many, 2000), { metric: 'euclidean', ...o }),
    'pca, dense': (o) => pca(points, { nComponents: 200, ...o }),
    'pca, Krylov': (o) => pca(points, { nComponents: 20, ...o }),
    weightedMean: (o) => weightedMean(weights, points, o),
  };
}

describe('the event loop', () => {
  it('stays free while a job uses every processor', async () => {
    const points = noise(20_000, 256);
    let longest = 0;
    let last = performance.now();
    const timer = setInterval(() => {
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
    }, 2);
    const start = performance.now();
    const job = kmeans(points, { nClusters: 200, init: 'random', tol: 0, maxIter: 12 });
    let slowest = 0;
    while (native().info().jobs > 0) {
      const before = performance.now();
      await stat('.');
      slowest = Math.max(slowest, performance.now() - before);
    }
    await job;
    clearInterval(timer);
    console.log(
      `event loop: longest gap ${longest.toFixed(1)} ms, slowest stat ${slowest.toFixed(1)} ms, job ${(performance.now() - start).toFixed(0)} ms`,
    );
    expect(longest).toBeLessThan(300);
    expect(slowest).toBeLessThan(300);
  });

  it('keeps the process alive until its jobs have settled', async () => {
    const { code, stdout } = await runNode(`
      const points = { data: Float32Array.from({ length: 4000 }, (_, i) => Math.sin(i)), rows: 1000, cols: 4 };
      kmeans(points, { nClusters: 5 }).then((r) => console.log(r.labels.length));
    `);
    expect([code, stdout.trim()]).toEqual([0, '1000']);
  });
});

describe('AbortSignal', () => {
  const jobs = longJobs();
  for (const [name, start] of Object.entries(jobs))
    for (const level of [LEVELS[0]!, LEVELS[LEVELS.length - 1]!])
      it(`stops ${name} (${level})`, async () => {
        const abort = new AbortController();
        const reason = new Error('enough');
        const job = at(level, () => start({ signal: abort.signal }));
        const settled = job.then(
          () => 'done',
          (error: unknown) => error,
        );
        await Promise.race([settled, sleep(60)]);
        const before = performance.now();
        abort.abort(reason);
        const error = await settled;
        const rejected = performance.now() - before;
        const gone = await idle();
        if (error === 'done') return; // a machine so fast that nothing was left to stop
        console.log(
          `${name} (${level}): rejected after ${rejected.toFixed(1)} ms, gone ${gone.toFixed(1)} ms later`,
        );
        expect(error).toBeInstanceOf(MatomariError);
        expect(error).toMatchObject({ code: 'cancelled', cause: reason });
        expect((error as Error).message).toMatch(
          /^(kmeans|assign|nearest|distances|pca|weightedMean) was cancelled$/,
        );
        expect(rejected + gone).toBeLessThan(500);
      });

  it('that has already fired starts nothing', async () => {
    const signal = AbortSignal.abort('no');
    for (const start of Object.values(jobs)) {
      const job = start({ signal });
      expect(native().info().jobs).toBe(0);
      await expect(job).rejects.toMatchObject({ code: 'cancelled', cause: 'no' });
    }
  });

  it('of a finished operation holds no listener and changes nothing', async () => {
    const abort = new AbortController();
    let listeners = 0;
    const { signal } = abort;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners--;
      remove(...args);
    };
    const { labels } = await kmeans(gaussian(100, 3), { nClusters: 3, signal });
    expect(listeners).toBe(0);
    abort.abort();
    expect(labels).toHaveLength(100);
  });

  it('stops fifty jobs at once, without a warning', async () => {
    const warnings: Error[] = [];
    const listen = (warning: Error) => warnings.push(warning);
    process.on('warning', listen);
    const abort = new AbortController();
    const points = noise(3000, 256);
    const started = Array.from({ length: 50 }, (_, seed) =>
      kmeans(points, { nClusters: 300, seed, signal: abort.signal, threads: 4 }).then(
        () => 'done',
        (e: MatomariError) => e.code,
      ),
    );
    await sleep(20);
    abort.abort();
    const codes = new Set(await Promise.all(started));
    await idle();
    process.off('warning', listen);
    expect([...codes]).toEqual(['cancelled']);
    expect(warnings).toEqual([]);
  });
});

describe('onProgress', () => {
  const points = noise(40_000, 16);
  const OPERATIONS: Record<string, (o: OperationOptions) => Promise<unknown>> = {
    kmeans: (o) => kmeans(points, { nClusters: 40, nInit: 3, maxIter: 15, tol: 0, ...o }),
    assign: (o) => assign(points, spread(points, 50), o),
    nearest: (o) => nearest(spread(points, 4000), points, { k: 5, ...o }),
    distances: (o) => distances(points, spread(points, 300), o),
    pca: (o) => pca(noise(6000, 128), { nComponents: 2, ...o }),
    weightedMean: (o) => weightedMean(sparse(points.rows, 60, 0.2), points, o),
  };
  for (const [name, run] of Object.entries(OPERATIONS))
    it(`${name}: rises within a stage, seldom calls, and ends with the end`, async () => {
      const seen: (Progress & { at: number })[] = [];
      await run({ threads: 4, onProgress: (p) => seen.push({ ...p, at: performance.now() }) });
      const last = seen[seen.length - 1];
      if (name === 'kmeans') expect(last!.stage).toBe('kmeans');
      else expect(last).toMatchObject({ done: last!.total });
      const calls = seen.length;
      await sleep(30);
      expect(seen, 'calls after the end').toHaveLength(calls);
      for (const [i, p] of seen.entries()) {
        const { stage, done, total } = p;
        expect(Number.isInteger(done) && done > 0 && done <= total, `${stage} ${done} of ${total}`).toBe(
          true,
        );
        const before = seen[i - 1];
        if (before?.stage === stage) expect(done).toBeGreaterThan(before.done);
      }
      const time = last!.at - seen[0]!.at;
      const stages = new Set(seen.map(({ stage }) => stage)).size;
      expect(calls).toBeLessThanOrEqual(stages * (3 + time / 9));
    });

  it('tells of every stage, however short', async () => {
    const stages = new Set<string>();
    await hdbscan(noise(40, 3), { onProgress: ({ stage }) => stages.add(stage) });
    expect([...stages]).toEqual(['core distances', 'spanning tree', 'single linkage', 'condensed tree']);
  });

  it('that throws stops the operation, which rejects with what was thrown', async () => {
    const error = new RangeError('stop here');
    let calls = 0;
    const job = kmeans(noise(20_000, 256), {
      nClusters: 500,
      onProgress: () => {
        calls++;
        throw error;
      },
    });
    await expect(job).rejects.toBe(error);
    expect(calls).toBe(1);
    expect(await idle()).toBeLessThan(500);
  });

  it('may abort the operation that calls it', async () => {
    const abort = new AbortController();
    const job = kmeans(noise(20_000, 256), {
      nClusters: 500,
      signal: abort.signal,
      onProgress: () => abort.abort('from within'),
    });
    await expect(job).rejects.toMatchObject({ code: 'cancelled', cause: 'from within' });
  });
});

describe('many at once', () => {
  it('fifty jobs give what they give alone', async () => {
    const points = noise(1500, 24);
    const alone = await kmeans(points, { nClusters: 20, seed: 9, threads: 1 });
    const together = await Promise.all(
      Array.from({ length: 50 }, (_, i) => kmeans(points, { nClusters: 20, seed: 9, threads: 1 + (i % 5) })),
    );
    for (const result of together) {
      expect(result.inertia).toBe(alone.inertia);
      expect(result.labels).toEqual(alone.labels);
      expect(result.centroids.data).toEqual(alone.centroids.data);
    }
  });

  it('many more threads than processors', async () => {
    const points = noise(5000, 12);
    const one = await kmeans(points, { nClusters: 30, threads: 1, maxIter: 5 });
    const many = await kmeans(points, { nClusters: 30, threads: 300, maxIter: 5 });
    expect(many.centroids.data).toEqual(one.centroids.data);
    expect(many.inertia).toBe(one.inertia);
  });
});

describe('worker threads', () => {
  const body = (work: string) => `
    const { parentPort, workerData } = require('node:worker_threads');
    (async () => {
      const { kmeans } = await import(workerData.url);
      ${work}
    })();
  `;
  const url = new URL('../../dist/esm/kmeans.js', import.meta.url).href;

  it('six at once share one SharedArrayBuffer', async () => {
    const points = noise(4000, 48);
    const shared = new Float32Array(new SharedArrayBuffer(points.data.byteLength));
    shared.set(points.data);
    const alone = await kmeans(points, { nClusters: 25, seed: 3 });
    const source = body(`
      const points = { data: workerData.shared, rows: 4000, cols: 48 };
      const { labels, inertia } = await kmeans(points, { nClusters: 25, seed: 3 });
      parentPort.postMessage({ labels, inertia });
    `);
    const workers = Array.from(
      { length: 6 },
      () => new Worker(source, { eval: true, workerData: { url, shared } }),
    );
    const here = kmeans({ data: shared, rows: 4000, cols: 48 }, { nClusters: 25, seed: 3 });
    const results = await Promise.all(workers.map(async (w) => (await once(w, 'message'))[0]));
    for (const result of [...results, await here]) {
      expect(result.inertia).toBe(alone.inertia);
      expect(result.labels).toEqual(alone.labels);
    }
    await Promise.all(workers.map((w) => w.terminate()));
  });

  it('may be the only ones that have the addon, and end while its threads live on', () => {
    const child = `
      const { Worker } = require('node:worker_threads');
      const source = ${JSON.stringify(
        body(`
          const points = { data: Float32Array.from({ length: 4000 }, (_, i) => i % 97), rows: 2000, cols: 2 };
          for (let i = 0; i < 3; i++) await kmeans(points, { nClusters: 3, threads: 8 });
        `),
      )};
      (async () => {
        for (let i = 0; i < 60; i++)
          await new Promise((done) => new Worker(source, { eval: true, workerData: { url: '${url}' } }).on('exit', done));
        console.log('done');
      })();
    `;
    const { status, signal, stdout } = spawnSync(process.execPath, ['-e', child], { encoding: 'utf8' });
    expect({ status, signal, stdout }).toEqual({ status: 0, signal: null, stdout: 'done\n' });
  });

  it('may be terminated in the middle of a job', async () => {
    const source = body(`
      const rows = 6000;
      ${NOISE} const points = { data: noise(rows * 256), rows, cols: 256 };
      kmeans(points, { nClusters: 400, tol: 0, onProgress: () => parentPort.postMessage('running') });
      parentPort.postMessage('started');
    `);
    for (let round = 0; round < 20; round += 4)
      await Promise.all(
        [0, 1, 2, 3].map(async (i) => {
          const worker = new Worker(source, { eval: true, workerData: { url } });
          await once(worker, 'message');
          await sleep(((round + i) * 7) % 60);
          const before = performance.now();
          await worker.terminate();
          expect(performance.now() - before).toBeLessThan(3000);
        }),
      );
    // The pool has outlived them.
    expect((await kmeans(gaussian(50, 2), { nClusters: 2 })).labels).toHaveLength(50);
  });
});

describe('the end of the process', () => {
  const long = `
    const rows = 20000;
    ${NOISE} const points = { data: noise(rows * 256), rows, cols: 256 };
    kmeans(points, { nClusters: 500, tol: 0 });
    kmeans(points, { nClusters: 400, init: 'random', tol: 0, onProgress: () => {} });
  `;
  it('process.exit() in the middle of jobs leaves with its code, at once', async () => {
    const { code, signal, stderr, seconds } = await runNode(
      `${long} setTimeout(() => process.exit(7), 150);`,
    );
    expect([code, signal, stderr]).toEqual([7, null, '']);
    expect(seconds).toBeLessThan(20);
  });

  it('so does an error that nobody catches', async () => {
    const { code, signal, stderr } = await runNode(
      `${long} setTimeout(() => { throw new Error('boom'); }, 150);`,
    );
    expect([code, signal]).toEqual([1, null]);
    expect(stderr).toContain('boom');
  });

  it('so does process.exit() from a progress callback', async () => {
    const { code, signal, stderr } = await runNode(
      `${long} kmeans(points, { nClusters: 300, onProgress: () => process.exit(5) });`,
    );
    expect([code, signal, stderr]).toEqual([5, null, '']);
  });
});
