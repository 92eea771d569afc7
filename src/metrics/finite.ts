import { setImmediate } from 'node:timers/promises';
import { MatomariError, throwIfAborted } from '../errors.js';
import type { Matrix } from '../matrix.js';

/** Elements looked at between two turns of the event loop: about a millisecond. */
const STRIDE = 2 ** 20;

/**
 * Refuses NaN and infinity with their row and column in the caller's matrix: the operations underneath see row blocks
 * and samples of it, and would count from there.
 */
export async function checkFinite(
  name: string,
  { data, cols }: Matrix,
  operation: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (let start = 0; start < data.length; start += STRIDE) {
    throwIfAborted(signal, operation);
    const end = Math.min(start + STRIDE, data.length);
    for (let i = start; i < end; i++)
      if (!Number.isFinite(data[i]))
        throw new MatomariError(
          'bad_input',
          `${name} holds ${data[i]} at row ${Math.floor(i / cols)}, column ${i % cols}: every value must be a finite number`,
        );
    if (end < data.length) await setImmediate();
  }
}
