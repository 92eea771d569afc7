import { setImmediate } from 'node:timers/promises';
import { throwIfAborted } from '../errors.js';

const SLICE_MS = 15;

/** Cuts long work on the event loop into slices: `if (slices.over) await slices.next();` inside the loop. */
export class Slices {
  #start = performance.now();
  readonly #what: string;
  readonly #signal: AbortSignal | undefined;

  /** @param what the public name of the work, for the message of a cancelled one */
  constructor(what: string, signal: AbortSignal | undefined) {
    throwIfAborted(signal, what);
    this.#what = what;
    this.#signal = signal;
  }

  /** Whether this slice has used up its time. */
  get over(): boolean {
    return performance.now() - this.#start > SLICE_MS;
  }

  /** Lets the event loop turn once, then throws `cancelled` if the signal has fired. */
  async next(): Promise<void> {
    await setImmediate();
    throwIfAborted(this.#signal, this.#what);
    this.#start = performance.now();
  }
}
