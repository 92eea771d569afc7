import { native } from './binding.js';
import { checkInteger, checkOneOf, environment } from './check.js';
import { MatomariError } from './errors.js';

/** A processor that an operation ran on: `cuda` is the first NVIDIA GPU, `cuda:1` the second. */
export type RanOn = 'cpu' | 'cuda' | `cuda:${number}`;
/** Where to run. `auto` takes a GPU where there is one and the operation is long enough to pay for the way there. */
export type Device = 'auto' | RanOn;
const DEVICES = ['auto', 'cpu', 'cuda'] as const;

const SIMD_LEVELS = ['scalar', 'avx2', 'avx512', 'neon'] as const;
/** Instruction set of the CPU kernels, lowest first. `neon` is the one of 64-bit Arm. */
export type Simd = (typeof SIMD_LEVELS)[number];

/**
 * Arithmetic that finds candidates before they are certified: it changes speed, never a result. `auto` chooses by shape and
 * machine; one that the machine lacks falls to `f32`. On a GPU it is always `f16`, which cannot be asked for.
 */
export type Screen = 'f32' | 'bf16' | 'int8' | 'f16';
export type ScreenOption = 'auto' | Exclude<Screen, 'f16'>;
const SCREENS = ['auto', 'f32', 'bf16', 'int8'] as const;

/** What an operation that has GPU kernels asks of a machine. */
export interface Work {
  multiplyAdds: number;
  /** Whether they are of float64, not of a screen. */
  float64?: boolean;
  /** Numbers of four bytes that go to the GPU and come back. */
  numbers: number;
  /** What one thread of the CPU takes where it has a shorter way than these multiply-adds. */
  cpuSeconds?: number;
}

/**
 * Whether `auto` takes a GPU: where the way there and the work there are shorter than the work on this many threads.
 *
 * A thread does some 10¹¹ multiply-adds a second in a screen (docs/decisions/certified-screens.md: 0.55 to 2.15 of them) and
 * a tenth of that in float64. A GPU is taken to do 10¹⁴ and 5 · 10¹², a fourth of an H100's data sheet, and the way to be
 * 10 GB/s and a hundredth of a second: figures that have not been measured yet.
 */
export function worthAGpu(work: Work, threads: number): boolean {
  const { multiplyAdds, float64 = false, numbers, cpuSeconds } = work;
  const cpu = (cpuSeconds ?? multiplyAdds / (float64 ? 1e10 : 1e11)) / threads;
  const gpu = 0.01 + (4 * numbers) / 1e10 + multiplyAdds / (float64 ? 5e12 : 1e14);
  return gpu < cpu;
}

/** Checks the name of a device, without asking whether there is one. */
export function checkDevice(name: string, device: unknown): Device {
  if (typeof device === 'string' && /^cuda:\d{1,3}$/.test(device)) return device as Device;
  return checkOneOf(name, device, DEVICES);
}

/** A device to run on: its name, and its number among the GPUs, or undefined for the CPU. */
export interface Resolved {
  name: RanOn;
  gpu?: number;
}

/**
 * The device that an operation will run on; `no_device` when the one asked for is not to be had. `work` is undefined where
 * it has no GPU kernels: then it runs on the CPU, whatever GPU there may be.
 */
export function resolveDevice(device: unknown = 'auto', work?: Work, threads = 1): Resolved {
  const wanted = checkDevice('device', device);
  if (wanted === 'cpu') return { name: 'cpu' };
  if (wanted === 'auto') {
    if (work === undefined || !worthAGpu(work, threads) || native().cuda().devices.length === 0)
      return { name: 'cpu' };
    return { name: 'cuda', gpu: 0 };
  }
  const { devices, reason } = native().cuda();
  const gpu = Number(wanted.slice('cuda:'.length));
  if (devices.length <= gpu)
    throw new MatomariError(
      'no_device',
      `device '${wanted}' is not available: ${reason ?? `this machine has ${devices.length} CUDA device${devices.length === 1 ? '' : 's'}`}; use device 'auto' or 'cpu'`,
    );
  return work === undefined ? { name: 'cpu' } : { name: gpu === 0 ? 'cuda' : `cuda:${gpu}`, gpu };
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

/** The screen asked for: the option, else MATOMARI_SCREEN, else `auto`. */
export function resolveScreen(screen?: unknown): ScreenOption {
  if (screen !== undefined) return checkOneOf('screen', screen, SCREENS);
  return checkOneOf('MATOMARI_SCREEN', environment('MATOMARI_SCREEN') ?? 'auto', SCREENS);
}
