import { expect } from 'vitest';
import { native } from '#dist/binding.js';
import type { Simd } from '#dist/device.js';

export const THREADS = [1, 2, 3, 7];

/** The SIMD levels of this machine, lowest first. */
export const LEVELS = native().info().simdLevels as Simd[];

/** Runs at one level. The level is read when the operation is called, before it first waits. */
export async function at<T>(level: Simd, run: () => Promise<T>): Promise<T> {
  const before = process.env.MATOMARI_SIMD;
  process.env.MATOMARI_SIMD = level;
  try {
    return await run();
  } finally {
    if (before === undefined) delete process.env.MATOMARI_SIMD;
    else process.env.MATOMARI_SIMD = before;
  }
}

/**
 * Runs an operation at every level and with 1, 2, 3 and 7 threads, and on the first GPU where there is one, demands equal
 * bits of everything it returns, and returns what they all returned. What tells of the way there, not of the result, is left
 * out: `simd`, which must be the level asked for, `device`, `screen`, and `recheckedShare`, which depend on the level and the
 * device but not on the threads.
 */
export async function everywhere<T extends { simd: Simd; device: string }>(
  run: (threads: number, device: 'cpu' | 'cuda') => Promise<T>,
): Promise<T> {
  let first: T | undefined;
  for (const level of LEVELS) {
    let share: unknown;
    for (const threads of THREADS) {
      const result = await at(level, () => run(threads, 'cpu'));
      const where = `${level}, ${threads} threads`;
      expect(result.simd, where).toBe(level);
      expect(result.device, where).toBe('cpu');
      const rechecked = (result as { recheckedShare?: number }).recheckedShare;
      if (threads === THREADS[0]) share = rechecked;
      else expect(rechecked, `recheckedShare at ${where}`).toBe(share);
      first ??= result;
      expectSameBits(result, first, `${where} against ${LEVELS[0]}, ${THREADS[0]} thread`);
    }
  }
  // What has no GPU kernels runs on the CPU once more.
  if (native().cuda().devices.length > 0) expectSameBits(await run(2, 'cuda'), first!, 'cuda against cpu');
  return first!;
}

const LEFT_OUT = ['simd', 'device', 'screen', 'recheckedShare'];

export function expectSameBits(a: object, b: object, where: string): void {
  expect(Object.keys(a), where).toEqual(Object.keys(b));
  for (const [name, value] of Object.entries(a)) {
    if (LEFT_OUT.includes(name)) continue;
    const other = (b as Record<string, unknown>)[name];
    if (ArrayBuffer.isView(value)) {
      const [u, v] = [bytes(value), bytes(other as ArrayBufferView)];
      if (!u.equals(v)) {
        const at = Array.from(value as Float32Array).findIndex(
          (x, i) => !Object.is(x, (other as Float32Array)[i]),
        );
        expect.fail(
          `${name}[${at}] is ${(value as Float32Array)[at]} and not ${(other as Float32Array)[at]}: ${where}`,
        );
      }
    } else if (typeof value === 'object' && value !== null)
      expectSameBits(value, other as object, `${name}: ${where}`);
    else expect(Object.is(value, other), `${name} is ${value} and not ${other}: ${where}`).toBe(true);
  }
}

/** A float32 distance against the oracle's. Beyond the largest float32 it is infinite. */
export function expectDistance(
  actual: number,
  wanted: { value: number; tolerance: number },
  where: string,
): void {
  const value = Math.fround(wanted.value);
  if (actual !== value && !(Math.abs(actual - value) <= wanted.tolerance))
    expect.fail(`distance of ${where} is ${actual} and not ${value} within ${wanted.tolerance}`);
}

const bytes = (view: ArrayBufferView): Buffer => Buffer.from(view.buffer, view.byteOffset, view.byteLength);
