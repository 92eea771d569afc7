import { setTimeout } from 'node:timers/promises';

/** How a request is repeated. */
export interface RetryPolicy {
  /** Attempts after the first. */
  retries: number;
  /** Milliseconds to wait for the head of an answer. */
  timeout: number;
  signal?: AbortSignal | undefined;
}

/** A server asks for no more patience than this (ms). */
const LONGEST_WAIT = 60_000;

/** Milliseconds before the next attempt: what the server asks for (Retry-After), else 0.5 s, 1 s, 2 s … */
export function backOff(attempt: number, retryAfter: string | null | undefined): number {
  const asked = retryAfter?.trim() ? Number(retryAfter) * 1000 : Number.NaN;
  const until = Number.isNaN(asked) && retryAfter ? Date.parse(retryAfter) - Date.now() : asked;
  const wait = Number.isNaN(until) ? 500 * 2 ** attempt : Math.max(until, 0);
  return Math.min(wait, LONGEST_WAIT);
}

/** Whether the same request may succeed later. */
export const passing = (status: number): boolean => status === 429 || status === 408 || status >= 500;

/**
 * Like fetch, but repeats what can pass: 429, 408 and 5xx answers, connections that fail, heads that do not come. The
 * last answer or failure is the caller's. An aborted signal rejects with its reason.
 */
export async function fetchPatiently(url: string, init: RequestInit, policy: RetryPolicy): Promise<Response> {
  const { retries, timeout, signal } = policy;
  for (let attempt = 0; ; attempt++) {
    const outcome = await fetchOnce(url, init, timeout, signal);
    const answered = outcome instanceof Response;
    if (answered && !passing(outcome.status)) return outcome;
    if (attempt >= retries) {
      if (answered) return outcome;
      throw outcome;
    }
    if (answered) await outcome.body?.cancel();
    const wait = backOff(attempt, answered ? outcome.headers.get('retry-after') : undefined);
    await setTimeout(wait, undefined, signal ? { signal } : {}).catch(() => {});
  }
}

/** The answer, or what the connection failed of. */
async function fetchOnce(
  url: string,
  init: RequestInit,
  timeout: number,
  signal: AbortSignal | undefined,
): Promise<Response | Error> {
  signal?.throwIfAborted();
  const head = new AbortController();
  const late = globalThis.setTimeout(
    () => head.abort(new Error(`no answer in ${timeout / 1000} s`)),
    timeout,
  );
  try {
    return await fetch(url, {
      ...init,
      signal: signal ? AbortSignal.any([signal, head.signal]) : head.signal,
    });
  } catch (cause) {
    signal?.throwIfAborted();
    return cause as Error;
  } finally {
    clearTimeout(late);
  }
}

/** What a failed fetch died of, in words: undici hides it in `cause`. */
export function failure(error: unknown): string {
  const { message, cause } = error as Error & { cause?: Error & { code?: string } };
  return cause ? cause.message || cause.code || message : message;
}
