import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { type AssignOptions, assign } from '#dist/assign.js';
import { native } from '#dist/binding.js';
import { type KMeansOptions, kmeans } from '#dist/kmeans.js';
import type { Matrix } from '#dist/matrix.js';
import { type NearestOptions, nearest } from '#dist/nearest.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const SCREENS = ['f32', 'bf16', 'int8'] as const;
const levels = native().info().simdLevels;

afterEach(() => {
  delete process.env.MATOMARI_SIMD;
  delete process.env.MATOMARI_SCREEN;
});

/** A generator of numbers from 0 to 1, the same in every run. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}

type Value = (column: number, random: () => number) => number;
const near = (random: () => number) => random() + random() + random() - 1.5;

/** Data on which a rounded score goes wrong easily. */
const KINDS: Record<string, Value> = {
  plain: (_, random) => near(random),
  'common part': (column, random) => 8 * Math.cos(column) + near(random),
  'offset 1e4': (_, random) => 1e4 + near(random),
  'outlier dimension': (column, random) => (column === 3 ? 500 : 1) * near(random),
  'few values': (_, random) => Math.floor(random() * 2),
  huge: (_, random) => near(random) * 1e17,
  'beyond float32 squares': (_, random) => near(random) * 1e30,
  denormal: (_, random) => near(random) * 1e-39,
  'many exponents': (_, random) => near(random) * 2 ** Math.floor(random() * 40 - 20),
};

function matrixOf(value: Value, rows: number, cols: number, seed: number): Matrix {
  const random = numbers(seed);
  const data = new Float32Array(rows * cols);
  for (let i = 0; i < data.length; i++) data[i] = value(i % cols, random);
  // Some rows twice, some all but twice.
  for (let i = 0; i + 9 < rows; i += 10) data.copyWithin((i + 9) * cols, i * cols, (i + 1) * cols);
  for (let i = 1; i + 9 < rows; i += 10)
    for (let l = 0; l < cols; l++)
      data[(i + 8) * cols + l] = data[i * cols + l]! * (1 + 1e-6 * (random() - 0.5));
  return { data, rows, cols };
}

/** Bits, so that not even the sign of a zero may differ. */
const bits = (array: Float32Array) =>
  Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString('base64');

async function fitted(points: Matrix, options: KMeansOptions) {
  const { labels, centroids, inertia, nIter, converged, sizes } = await kmeans(points, options);
  return {
    labels: [...labels],
    centroids: bits(centroids.data),
    inertia,
    nIter,
    converged,
    sizes: [...sizes],
  };
}

async function find(points: Matrix, centroids: Matrix, options: AssignOptions) {
  const { labels, distances } = await assign(points, centroids, options);
  return { labels: [...labels], distances: bits(distances) };
}

async function neighbours(queries: Matrix, points: Matrix, options: NearestOptions) {
  const { indices, distances } = await nearest(queries, points, options);
  return { indices: [...indices], distances: bits(distances) };
}

describe('every screen gives the same bits', () => {
  for (const [name, value] of Object.entries(KINDS))
    for (const metric of ['euclidean', 'cosine', 'dot'] as const)
      test(`nearest, ${metric}, ${name}`, async () => {
        for (const [cols, count, k] of [
          [1, 40, 3],
          [7, 300, 300],
          [40, 500, 10],
        ] as const) {
          const points = matrixOf(value, count, cols, 31);
          const queries = matrixOf(value, 130, cols, 32);
          points.data.fill(0, 0, cols); // no direction, at right angles to everything
          queries.data.fill(0, 0, cols);
          queries.data.set(points.data.subarray(3 * cols, 9 * cols), 3 * cols);
          let expected: unknown;
          for (const level of levels) {
            process.env.MATOMARI_SIMD = level;
            for (const screen of SCREENS)
              for (const threads of [1, 2, 3]) {
                const found = await neighbours(queries, points, { k, metric, screen, threads });
                expected ??= found;
                expect(found, `${level}, ${screen}, ${threads} threads, ${count}×${cols}`).toEqual(expected);
              }
          }
        }
      });

  test('nearest, many points and a self-join, by the screen that auto takes', async () => {
    const points = matrixOf(KINDS['common part']!, 5000, 48, 41);
    const expected = await neighbours(points, points, { k: 15, screen: 'f32' });
    for (const screen of ['auto', 'bf16', 'int8'] as const)
      expect(await neighbours(points, points, { k: 15, screen }), screen).toEqual(expected);
  });

  // A join meets every pair once, in blocks of 480 points: none, one, an odd and an even number of whole ones, and a rest.
  for (const [name, value] of Object.entries(KINDS))
    for (const metric of ['euclidean', 'cosine', 'dot'] as const)
      test(`nearest, a self-join and the same against a copy: ${name}, ${metric}`, async () => {
        for (const [rows, cols, k] of [
          [70, 33, 3],
          [480, 5, 4],
          [1490, 40, 15],
          [1920, 32, 7],
        ] as const) {
          const points = matrixOf(value, rows, cols, 43);
          const copy = { ...points, data: points.data.slice() };
          const expected = await neighbours(points, copy, { k, metric, screen: 'f32' });
          for (const screen of ['bf16', 'int8'] as const)
            for (const threads of [1, 2, 3, 7])
              expect(
                await neighbours(points, points, { k, metric, screen, threads }),
                `${rows} ${screen} ${threads}`,
              ).toEqual(expected);
        }
      });

  test('a self-join with zero rows by cosine', async () => {
    const points = matrixOf(KINDS.plain!, 1100, 40, 44);
    for (const row of [0, 500, 501, 1099]) points.data.fill(0, row * 40, (row + 1) * 40);
    const expected = await neighbours(points, points, { k: 5, metric: 'cosine', screen: 'f32' });
    for (const screen of ['bf16', 'int8'] as const)
      expect(await neighbours(points, points, { k: 5, metric: 'cosine', screen })).toEqual(expected);
  });

  test('what a self-join leaves to float64 does not depend on the threads', async () => {
    const points = matrixOf(KINDS.plain!, 1500, 64, 45);
    const shares = await Promise.all(
      [1, 2, 3, 7].map(
        async (threads) => (await nearest(points, points, { k: 700, threads })).recheckedShare,
      ),
    );
    expect(new Set(shares).size).toBe(1);
  });

  for (const [name, value] of Object.entries(KINDS))
    for (const metric of ['euclidean', 'cosine'] as const)
      test(`kmeans, ${metric}, ${name}`, async () => {
        const points = matrixOf(value, 700, 37, 5);
        const options = { nClusters: 19, maxIter: 12, tol: 0, seed: 3, metric };
        let expected: unknown;
        for (const level of levels) {
          process.env.MATOMARI_SIMD = level;
          for (const screen of SCREENS)
            for (const threads of [1, 2, 3]) {
              const found = await fitted(points, { ...options, screen, threads });
              expected ??= found;
              expect(found, `${level}, ${screen}, ${threads} threads`).toEqual(expected);
            }
        }
      });

  for (const [name, value] of Object.entries(KINDS))
    for (const metric of ['euclidean', 'cosine', 'dot'] as const)
      test(`assign, ${metric}, ${name}`, async () => {
        for (const [cols, clusters] of [
          [1, 3],
          [5, 1],
          [33, 17],
          [64, 100],
          [40, 420],
        ] as const) {
          const points = matrixOf(value, 500, cols, 11);
          const centroids = matrixOf(value, clusters, cols, 12);
          // Ties: the lower index must win.
          if (clusters > 3) centroids.data.copyWithin(2 * cols, 0, cols);
          // Nothing but an underflow allowance stands between these products of zeros.
          if (metric === 'dot') for (const m of [points, centroids]) m.data.fill(0, 0, cols);
          // A zero vector has no direction.
          if (metric === 'cosine')
            for (const m of [points, centroids]) for (let i = 0; i < m.rows; i++) m.data[i * cols] ||= 1;
          let expected: unknown;
          for (const level of levels) {
            process.env.MATOMARI_SIMD = level;
            for (const screen of SCREENS)
              for (const threads of [1, 2, 3]) {
                const found = await find(points, centroids, { metric, screen, threads });
                expected ??= found;
                expect(found, `${level}, ${screen}, ${threads} threads, ${clusters}×${cols}`).toEqual(
                  expected,
                );
              }
          }
        }
      });

  test('a large fit, with the screens that auto takes and leaves', async () => {
    const points = matrixOf(KINDS['common part']!, 4000, 128, 21);
    const expected = await fitted(points, { nClusters: 80, maxIter: 6, tol: 0, seed: 1, screen: 'f32' });
    for (const screen of ['auto', 'bf16', 'int8'] as const)
      expect(await fitted(points, { nClusters: 80, maxIter: 6, tol: 0, seed: 1, screen }), screen).toEqual(
        expected,
      );
  });
});

describe('the choice of a screen', () => {
  const points = matrixOf(KINDS.plain!, 300, 64, 1);

  test('the result names the one that ran, and a level without it falls to f32', async () => {
    for (const level of levels) {
      process.env.MATOMARI_SIMD = level;
      for (const screen of SCREENS) {
        const { screen: ran } = await kmeans(points, { nClusters: 20, maxIter: 2, screen });
        expect(level === 'avx512' ? [screen, 'f32'] : ['f32']).toContain(ran);
        expect((await assign(points, points, { screen })).screen).toBe(ran);
      }
    }
  });

  test('MATOMARI_SCREEN forces it, the option comes first, an empty variable is unset', async () => {
    process.env.MATOMARI_SCREEN = 'f32';
    expect((await assign(points, points)).screen).toBe('f32');
    const forced = (await assign(points, points, { screen: 'int8' })).screen;
    process.env.MATOMARI_SCREEN = 'int8';
    expect((await assign(points, points)).screen).toBe(forced);
    process.env.MATOMARI_SCREEN = '';
    expect(SCREENS).toContain((await assign(points, points)).screen);
  });

  test('auto leaves a screen that decides nothing', async () => {
    // Every centroid all but the same: no rounded score can tell them apart.
    const random = numbers(4);
    const centroids: Matrix = { data: new Float32Array(1000 * 64), rows: 1000, cols: 64 };
    for (let i = 0; i < centroids.data.length; i++) centroids.data[i] = 1 + 1e-5 * random();
    const { screen, recheckedShare, labels } = await assign(points, centroids);
    expect(screen).toBe('f32');
    expect(recheckedShare).toBeGreaterThan(0);
    expect(labels).toEqual((await assign(points, centroids, { screen: 'int8' })).labels);
  });

  test('nearest takes bf16 where one column blunts int8', async () => {
    const random = numbers(9);
    const wide: Matrix = { data: new Float32Array(2000 * 64), rows: 2000, cols: 64 };
    for (let i = 0; i < wide.data.length; i++) wide.data[i] = near(random) * (i % 64 === 0 ? 60 : 1);
    const has = (await nearest(wide, wide, { k: 5, screen: 'bf16' })).screen;
    expect((await nearest(wide, wide, { k: 5 })).screen).toBe(has);
    expect((await nearest(points, points, { k: 5 })).screen).toBe('f32');
  });

  test('a name that does not exist is refused', async () => {
    await expect(assign(points, points, { screen: 'bf61' as 'bf16' })).rejects.toMatchObject({
      code: 'bad_option',
      message: expect.stringContaining('did you mean "bf16"'),
    });
    process.env.MATOMARI_SCREEN = 'fp8';
    await expect(kmeans(points, { nClusters: 2 })).rejects.toMatchObject({
      code: 'bad_option',
      message: expect.stringContaining('MATOMARI_SCREEN'),
    });
  });
});

test('no score lies outside the bound of its screen', (ctx) => {
  const library = join(root, 'build', 'libmatomari_core.a');
  if (!existsSync(library))
    return ctx.skip('build/libmatomari_core.a is not there: the addon was not built here');
  if (spawnSync('g++', ['--version']).status !== 0) return ctx.skip('g++ is not installed');
  const dir = mkdtempSync(join(tmpdir(), 'matomari-'));
  try {
    const program = join(dir, 'screen_bound');
    const source = join(root, 'test', 'property', 'screen_bound.cc');
    execFileSync('g++', [
      '-std=c++20',
      '-O2',
      '-I',
      join(root, 'native'),
      source,
      library,
      '-lpthread',
      '-o',
      program,
    ]);
    const { status, stdout } = spawnSync(program, { encoding: 'utf8' });
    expect(status, stdout).toBe(0);
    if (/^0 screens/m.test(stdout)) return ctx.skip('this machine has neither AVX-512 BF16 nor VNNI');
    expect(stdout).toMatch(/2 screens|1 screens/);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
