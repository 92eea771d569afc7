import { markAsUntransferable } from 'node:worker_threads';
import type { JobOptions, NativeErrorCode, NativeJob } from '../binding.js';
import { show } from './check.js';
import {
  checkDevice,
  type Device,
  type RanOn,
  type Resolved,
  resolveDevice,
  resolveSimd,
  resolveThreads,
  type Simd,
  type Work,
} from './device.js';
import { cancelled, MatomariError, throwIfAborted } from './errors.js';

/** How far an operation has come: `done` of `total` units of the stage named. */
export interface Progress {
  stage: string;
  done: number;
  total: number;
}

/** Options that every operation takes beside its own. */
export interface OperationOptions {
  /**
   * Where to run (default `auto`: a GPU where the work pays for the way there and its memory suffices). Never changes a
   * result. An operation without GPU kernels runs on the CPU whatever GPU is asked for, and its result says so; `no_device`
   * where that GPU is not there.
   */
  device?: Device | undefined;
  /** Threads that may work on it at once (default: MATOMARI_THREADS, else every processor). Never changes a result. */
  threads?: number | undefined;
  /** Aborting it stops the native work within 50 ms and rejects with `cancelled`. */
  signal?: AbortSignal | undefined;
  /**
   * Called on the event loop while the operation runs, at most every 10 ms, for each stage that there was since, however
   * short; within a stage `done` only rises. What it throws stops the operation and rejects it.
   */
  onProgress?: ((progress: Progress) => void) | undefined;
}
export const OPERATION_OPTIONS = ['device', 'threads', 'signal', 'onProgress'] as const;

/** Facts that every operation reports. */
export interface OperationFacts {
  /** The device it ran on. */
  device: RanOn;
  /** The instruction set its kernels used. */
  simd: Simd;
}

type Borrowed = { readonly buffer: ArrayBufferLike; readonly byteLength: number };

/**
 * Readies an array for a native job. Node-API cannot pin a backing store, so memory that could vanish under a running
 * job is refused (resizable, detached) or barred from being transferred from now on. A SharedArrayBuffer needs neither.
 */
function borrow(array: Borrowed): void {
  const buffer = array.buffer as ArrayBufferLike & {
    resizable?: boolean;
    growable?: boolean;
    detached?: boolean;
  };
  if (buffer.resizable || buffer.growable)
    throw new MatomariError(
      'bad_input',
      'a resizable ArrayBuffer cannot be used by a native job: copy the data into a fixed one (array.slice())',
    );
  if (buffer instanceof ArrayBuffer) markAsUntransferable(buffer);
}

interface Watch {
  jobs: Set<() => void>;
  fire: () => void;
}
const watches = new WeakMap<AbortSignal, Watch>();

/**
 * Calls `stop` when the signal fires; returns what takes that back. One listener serves all jobs of a signal: Node takes
 * the eleventh for a leak and warns.
 */
function onAbort(signal: AbortSignal, stop: () => void): () => void {
  const jobs = watches.get(signal)?.jobs ?? new Set<() => void>();
  const fire = () => {
    for (const each of jobs) each();
  };
  const watch = watches.get(signal) ?? { jobs, fire };
  jobs.add(stop);
  if (jobs.size === 1) {
    watches.set(signal, watch);
    signal.addEventListener('abort', watch.fire);
  }
  return () => {
    jobs.delete(stop);
    if (jobs.size > 0) return;
    watches.delete(signal);
    signal.removeEventListener('abort', watch.fire);
  };
}

/**
 * Runs one native operation: resolves device, threads and SIMD level, guards the borrowed arrays, wires the
 * AbortSignal and the progress callback, and turns a native error into a MatomariError.
 *
 * @param operation its public name, for messages
 * @param options the caller's options, of which only those of OperationOptions are read
 * @param borrowed every typed array that the job reads or writes
 * @param start starts the native job
 * @param work what it asks of a machine, where it has GPU kernels
 */
export async function runJob<T>(
  operation: string,
  options: OperationOptions,
  borrowed: readonly Borrowed[],
  start: (job: JobOptions) => NativeJob<T>,
  work?: Work,
): Promise<T & OperationFacts> {
  checkDevice('device', options.device ?? 'auto');
  const threads = resolveThreads(options.threads);
  const resolved = resolveDevice(options.device, work, threads);
  const simd = resolveSimd();
  const { signal, onProgress } = options;
  if (signal !== undefined && typeof signal?.addEventListener !== 'function')
    throw new MatomariError('bad_option', `signal must be an AbortSignal, not ${show(signal)}`);
  if (onProgress !== undefined && typeof onProgress !== 'function')
    throw new MatomariError('bad_option', `onProgress must be a function, not ${show(onProgress)}`);
  throwIfAborted(signal, operation);
  for (const array of borrowed) borrow(array);
  let abort: (() => void) | undefined;
  let forget: (() => void) | undefined;
  let thrown: { error: unknown } | undefined;
  const furthest = new Map<string, number>();
  const report = (stage: string, done: number, total: number) => {
    if (thrown || done <= (furthest.get(stage) ?? -1)) return;
    furthest.set(stage, done);
    try {
      onProgress?.({ stage, done, total });
    } catch (error) {
      thrown = { error };
      abort?.();
    }
  };
  const runOn = async ({ name: device, gpu }: Resolved): Promise<T & OperationFacts> => {
    const job = start({
      threads,
      simd,
      ...(gpu === undefined ? {} : { gpu }),
      ...(onProgress ? { onProgress: report } : {}),
    });
    abort = () => job.cancel();
    if (signal) forget = onAbort(signal, abort);
    try {
      return { ...(await job.promise), device, simd };
    } finally {
      forget?.();
    }
  };
  try {
    const found = await runOn(resolved).catch((error: { code?: NativeErrorCode }) => {
      // A GPU that was not asked for, and is full.
      const another = error.code === 'out_of_memory' && resolved.gpu !== undefined;
      if (!another || (options.device ?? 'auto') !== 'auto' || thrown || signal?.aborted) throw error;
      return runOn({ name: 'cpu' });
    });
    if (thrown) throw thrown;
    return found;
  } catch (error) {
    if (thrown) throw thrown.error;
    if (signal?.aborted) throw cancelled(signal, operation);
    const { code, message } = error as { code?: NativeErrorCode; message: string };
    throw new MatomariError(code ?? 'internal', `${operation}: ${message}`, { cause: error });
  }
}
