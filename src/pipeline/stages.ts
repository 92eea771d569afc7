import type { OperationOptions } from '../job.js';

/** Wall-clock seconds of every stage, in order of their first start; stages that run side by side overlap. */
export class Stopwatch {
  readonly seconds: Record<string, number> = {};
  readonly #start: number;

  /** @param start when the first stage began, if that was earlier: 0 is the start of the process */
  constructor(start = performance.now()) {
    this.#start = start;
  }

  async time<T>(stage: string, work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    this.seconds[stage] ??= 0;
    try {
      return await work();
    } finally {
      this.seconds[stage] = round(this.seconds[stage] + (performance.now() - start) / 1000);
    }
  }

  /** The stages so far and the total since the watch was made. */
  total(): Record<string, number> {
    return { total: round((performance.now() - this.#start) / 1000), ...this.seconds };
  }
}

const round = (seconds: number) => Math.round(seconds * 1e4) / 1e4;

/** The same options with every progress report under the name of one stage. */
export function inStage<T extends OperationOptions>(stage: string, options: T): T {
  const { onProgress } = options;
  if (!onProgress) return options;
  return { ...options, onProgress: ({ done, total }) => onProgress({ stage, done, total }) };
}

/**
 * Runs two pieces of work side by side. When one fails the other is aborted and waited for, so that nothing runs on
 * behind a rejected promise; the error is the first one.
 */
export async function together<A, B>(
  signal: AbortSignal | undefined,
  first: (signal: AbortSignal) => Promise<A>,
  second: (signal: AbortSignal) => Promise<B>,
): Promise<[A, B]> {
  const stop = new AbortController();
  const either = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
  let failure: { error: unknown } | undefined;
  const guard = async <T>(work: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> => {
    try {
      return await work(either);
    } catch (error) {
      failure ??= { error };
      stop.abort(error);
      return undefined;
    }
  };
  const [a, b] = await Promise.all([guard(first), guard(second)]);
  if (failure) throw failure.error;
  return [a as A, b as B];
}
