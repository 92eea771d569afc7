import { parentPort } from 'node:worker_threads';
import { MatomariError } from '../errors.js';
import type { FromWorker, ToWorker } from './worker-link.js';

/** What a request's handler may ask and tell while it works. */
export interface Context {
  /** Whether the caller has given up; asked between pieces of work. */
  cancelled(): boolean;
  /** Tells the caller how far this request has come. */
  progress(done: number): void;
}

/** A worker's side of a WorkerLink, once it is ready. */
export interface Service<Request, Facts> {
  /** Told to the caller when the worker is ready. */
  facts: Facts;
  /** Answers one request; requests come one after another. */
  answer(request: Request, context: Context): Promise<{ value: unknown; transfer: ArrayBufferLike[] }>;
  /** Frees what the worker holds. */
  stop?(): Promise<void>;
}

/**
 * Runs a worker: prepares, reports that it is ready, and answers requests in the order in which they come, until
 * told to close.
 */
export function serve<Request, Facts>(prepare: () => Promise<Service<Request, Facts>>): void {
  const port = parentPort!;
  const cancelled = new Set<number>();
  const post = (message: FromWorker, transfer: ArrayBufferLike[] = []) =>
    port.postMessage(message, transfer as ArrayBuffer[]);
  const fail = (id: number, error: unknown) => {
    const { code, message } = error as { code?: string; message: string };
    post({
      id,
      error: { code: error instanceof MatomariError ? (code as MatomariError['code']) : 'internal', message },
    });
  };
  let closing = false;
  const ready = prepare();
  let queue: Promise<unknown> = ready.then(
    ({ facts }) => post({ id: 0, value: facts }),
    (error) => fail(0, error),
  );

  async function work(id: number, request: Request): Promise<void> {
    const skip = () => closing || cancelled.has(id);
    try {
      const service = await ready;
      if (skip()) return;
      const progress = (done: number) => post({ id, done });
      const { value, transfer } = await service.answer(request, { cancelled: skip, progress });
      if (!skip()) post({ id, value }, transfer);
    } catch (error) {
      fail(id, error);
    } finally {
      cancelled.delete(id);
    }
  }

  port.on('message', (message: ToWorker) => {
    if ('cancel' in message) cancelled.add(message.cancel);
    else if ('close' in message) {
      closing = true;
      queue = queue.then(async () => {
        await ready.then((service) => service.stop?.()).catch(() => {});
        port.close();
      });
    } else queue = queue.then(() => work(message.id, message.request as Request));
  });
}
