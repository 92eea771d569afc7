import { show } from '../check.js';
import { cancelled, MatomariError } from '../errors.js';
import type { Progress } from '../job.js';

/** Texts, and characters, after which a window is closed. */
const WINDOW_TEXTS = 2048;
const WINDOW_CHARACTERS = 2 ** 20;

/** Throws `bad_input` unless every entry of an array is a string. */
export function checkTexts(texts: unknown): asserts texts is readonly string[] {
  if (!Array.isArray(texts))
    throw new MatomariError('bad_input', `texts must be an array of strings, not ${show(texts)}`);
  for (let i = 0; i < texts.length; i++) if (typeof texts[i] !== 'string') throw notAString(texts[i], i);
}

const notAString = (value: unknown, index: number): MatomariError =>
  new MatomariError(
    'bad_input',
    `text ${index} is ${show(value)}, not a string: leave it out or give it a text`,
  );

/**
 * Cuts a stream of texts into windows, which are tokenised and embedded one by one. Where a window ends depends on
 * nothing but its own texts, so an interrupted run that goes on at the start of a window forms the same windows.
 */
export async function* windows(
  texts: Iterable<string> | AsyncIterable<string>,
): AsyncGenerator<string[], void, void> {
  let window: string[] = [];
  let characters = 0;
  let index = 0;
  const add = (text: unknown): boolean => {
    if (typeof text !== 'string') throw notAString(text, index);
    index++;
    window.push(text);
    characters += text.length;
    return window.length >= WINDOW_TEXTS || characters >= WINDOW_CHARACTERS;
  };
  const take = (): string[] => {
    const full = window;
    window = [];
    characters = 0;
    return full;
  };
  // A plain loop over a plain iterable: awaiting every text of an array would cost more than embedding it.
  if (Symbol.iterator in texts) {
    for (const text of texts) if (add(text)) yield take();
  } else {
    for await (const text of texts) if (add(text)) yield take();
  }
  if (window.length > 0) yield take();
}

/** Waits for a promise, or rejects with `cancelled` as soon as the signal fires. */
export async function orAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
  operation: string,
): Promise<T> {
  if (!signal) return promise;
  let abort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(cancelled(signal, operation));
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** A reporter of progress that never goes back: windows report while earlier ones are still being put away. */
export function teller(
  onProgress: ((progress: Progress) => void) | undefined,
  total: number,
): (done: number) => void {
  let told = -1;
  return (done) => {
    if (done <= told) return;
    told = done;
    onProgress?.({ stage: 'embed', done, total });
  };
}
