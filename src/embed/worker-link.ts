import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { cancelled, type ErrorCode, MatomariError, throwIfAborted } from '../errors.js';
import root from '../root.cjs';
import { addGate, type Gate, removeGate } from './gate.js';

/** What every worker's data hold beside its own. */
export interface Gated {
  gate: Gate;
}

export type ToWorker = { id: number; request: unknown } | { cancel: number } | { close: true };
export type FromWorker =
  | { id: number; value: unknown }
  | { id: number; done: number }
  | { id: number; error: { code: ErrorCode; message: string } };

interface Pending {
  resolve(value: unknown): void;
  reject(error: unknown): void;
  onProgress?: ((done: number) => void) | undefined;
}

/**
 * A worker thread that answers requests in order. It keeps the process alive only while a request is under way; a
 * worker that dies rejects all requests, present and future, with what it died of.
 */
export class WorkerLink<Facts> {
  /** What the worker tells when it is ready; rejects when it cannot be. */
  readonly ready: Promise<Facts>;
  readonly #worker: Worker;
  readonly #what: string;
  readonly #exit: Promise<void>;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  #dead: MatomariError | undefined;

  /**
   * @param file the worker's file in src/embed, without its ending
   * @param what the worker in words, for messages
   */
  constructor(file: string, data: object, what: string) {
    this.#what = what;
    const gate = addGate();
    const workerData = { ...data, gate } satisfies Gated;
    // Flags of the process such as --input-type would keep the worker from starting.
    this.#worker = new Worker(join(root, 'dist', 'esm', 'embed', `${file}.js`), { workerData, execArgv: [] });
    this.ready = new Promise((resolve, reject) => {
      this.#pending.set(0, { resolve: resolve as Pending['resolve'], reject });
    });
    this.ready.catch(() => {});
    this.#worker.on('message', (message: FromWorker) => this.#receive(message));
    this.#worker.on('error', (cause: NodeJS.ErrnoException) => {
      const memory = cause.code === 'ERR_WORKER_OUT_OF_MEMORY';
      const why = memory ? 'ran out of memory' : `stopped: ${cause.message}`;
      this.#die(new MatomariError(memory ? 'out_of_memory' : 'internal', `the ${what} ${why}`, { cause }));
    });
    this.#exit = new Promise((resolve) => {
      this.#worker.once('exit', (code) => {
        removeGate(gate);
        this.#die(
          new MatomariError(
            'internal',
            `the ${what} ended unexpectedly (exit code ${code}): load the model again`,
          ),
        );
        resolve();
      });
    });
  }

  /**
   * Sends a request and waits for its answer. An aborted signal rejects at once; the worker stops at its next
   * chance and then serves the next request.
   *
   * @param operation for the message of a cancelled request
   */
  call<T>(
    operation: string,
    request: object,
    options: {
      transfer?: ArrayBufferLike[];
      signal?: AbortSignal | undefined;
      onProgress?: ((done: number) => void) | undefined;
    } = {},
  ): Promise<T> {
    const { signal, onProgress } = options;
    throwIfAborted(signal, operation);
    if (this.#dead) throw this.#dead;
    const id = ++this.#lastId;
    return new Promise<T>((resolve, reject) => {
      const abort = () => {
        this.#worker.postMessage({ cancel: id } satisfies ToWorker);
        this.#settle(id)?.reject(cancelled(signal!, operation));
      };
      const done = () => signal?.removeEventListener('abort', abort);
      this.#pending.set(id, {
        resolve: (value) => {
          done();
          resolve(value as T);
        },
        reject: (error) => {
          done();
          reject(error);
        },
        onProgress,
      });
      signal?.addEventListener('abort', abort, { once: true });
      this.#worker.ref();
      this.#worker.postMessage(
        { id, request } satisfies ToWorker,
        options.transfer as ArrayBuffer[] | undefined,
      );
    });
  }

  /** Rejects what is pending with `closed` and ends the worker after the piece of work that it is at. */
  async close(): Promise<void> {
    const closed = new MatomariError('closed', `the ${this.#what} was closed`);
    this.#die(closed);
    this.#worker.postMessage({ close: true } satisfies ToWorker);
    this.#worker.ref();
    await this.#exit;
  }

  #receive(message: FromWorker): void {
    if ('done' in message) {
      try {
        this.#pending.get(message.id)?.onProgress?.(message.done);
      } catch (error) {
        this.#settle(message.id)?.reject(error);
      }
    } else if ('error' in message)
      this.#settle(message.id)?.reject(new MatomariError(message.error.code, message.error.message));
    else this.#settle(message.id)?.resolve(message.value);
  }

  /** Takes a request off the list; with the last one the worker no longer keeps the process alive. */
  #settle(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    // While it is being closed, close() waits for its end, and answers may still come in.
    if (this.#pending.size === 0 && !this.#dead) this.#worker.unref();
    return pending;
  }

  #die(error: MatomariError): void {
    this.#dead ??= error;
    for (const id of [...this.#pending.keys()]) this.#settle(id)!.reject(this.#dead);
  }
}
