import { native } from './binding.js';
import { checkInteger, checkOneOf, environment } from './check.js';
import { MatomariError } from './errors.js';

/** Where an operation runs. `auto` takes the fastest device that this machine has. */
export type Device = 'auto' | 'cpu' | 'cuda';
export const DEVICES = ['auto', 'cpu', 'cuda'] as const;

/** Instruction set of the CPU kernels, lowest first. `neon` is the one of 64-bit Arm. */
export type Simd = 'scalar' | 'avx2' | 'avx512' | 'neon';
const SIMD_LEVELS = ['scalar', 'avx2', 'avx512', 'neon'] as const;

/** The device that an operation will run on; `no_device` when the one asked for is not to be had. */
export function resolveDevice(device: unknown = 'auto'): 'cpu' {
  if (checkOneOf('device', device, DEVICES) === 'cuda')
    throw new MatomariError(
      'no_device',
      "device 'cuda' is not available: this build of matomari has no CUDA plugin; use device 'auto' or 'cpu'",
    );
  return 'cpu';
}

/** The number of threads of an operation: the option, else MATOMARI_THREADS, else every processor. */
export function resolveThreads(threads?: unknown): number {
  if (threads !== undefined) return checkInteger('threads', threads, 1, 1024);
  const variable = environment('MATOMARI_THREADS');
  if (variable !== undefined) return checkInteger('MATOMARI_THREADS', Number(variable) || variable, 1, 1024);
  return native().info().threads;
}

/**
 * The SIMD level that the kernels will use: MATOMARI_SIMD, or the best of the machine. A level that the machine
 * lacks falls to the next lower one it has.
 */
export function resolveSimd(): Simd {
  const has = native().info().simdLevels as Simd[];
  const wanted = environment('MATOMARI_SIMD');
  if (wanted === undefined) return has[has.length - 1]!;
  const level = checkOneOf('MATOMARI_SIMD', wanted, SIMD_LEVELS);
  if (has.includes(level)) return level;
  const lower = SIMD_LEVELS.slice(0, SIMD_LEVELS.indexOf(level)).filter(
    (l) => l !== 'neon' && has.includes(l),
  );
  return level === 'neon' ? 'scalar' : (lower[lower.length - 1] ?? 'scalar');
}
