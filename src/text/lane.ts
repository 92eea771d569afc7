import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { MatomariError } from '../errors.js';
import root from '../root.cjs';
import type { CutterSettings } from './cutter.js';
import type { Answer, Failure, Request } from './worker.js';

/** The words of some pieces: piece i has known[words[p]] for p in [ends[i − 1], ends[i]). */
export interface CutPieces {
  known: readonly string[];
  words: Int32Array;
  ends: Int32Array;
}

interface Waiting {
  resolve(result: CutPieces): void;
  reject(error: MatomariError): void;
}

/** One worker thread that cuts text. It keeps the process alive only while it has something to do. */
export class Lane {
  readonly thread: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #known: string[] = [];
  #requests = 0;
  #over: MatomariError | undefined;

  constructor(settings: CutterSettings) {
    this.thread = new Worker(join(root, 'dist/esm/text/worker.js'), {
      workerData: settings,
      // Flags of the process, such as --input-type, can keep a worker from starting.
      execArgv: [],
      name: 'matomari tokenizer',
    });
    this.thread.unref();
    this.thread.on('message', (message: Answer | Failure) => this.#settle(message));
    this.thread.on('error', (cause: Error & { code?: string }) => {
      const code = cause.code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'out_of_memory' : 'internal';
      this.#end(new MatomariError(code, `the tokenizer's worker thread failed: ${cause.message}`, { cause }));
    });
    this.thread.on('exit', (code) =>
      this.#end(
        new MatomariError('internal', `the tokenizer's worker thread ended early, with exit code ${code}`),
      ),
    );
  }

  /** Whether it can take requests. */
  get alive(): boolean {
    return this.#over === undefined;
  }

  /** Cuts pieces, each in its language. Without pieces: loads what the languages need. */
  cut(pieces: string[], languages: string[]): Promise<CutPieces> {
    return new Promise((resolve, reject) => {
      if (this.#over) return reject(this.#over);
      const id = this.#requests++;
      if (this.#waiting.size === 0) this.thread.ref();
      this.#waiting.set(id, { resolve, reject });
      this.thread.postMessage({ id, pieces, languages } satisfies Request);
    });
  }

  /** Ends the thread; whatever is still being cut rejects with `error`. */
  async close(error: MatomariError): Promise<void> {
    this.#end(error);
    await this.thread.terminate();
  }

  #settle(message: Answer | Failure): void {
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (this.#waiting.size === 0) this.thread.unref();
    if ('failed' in message) {
      waiting?.reject(
        new MatomariError('internal', `the tokenizer's worker thread failed: ${message.failed}`),
      );
      return;
    }
    if (message.fresh) this.#known = [];
    for (const word of message.added) this.#known.push(word);
    waiting?.resolve({ known: this.#known, words: message.words, ends: message.ends });
  }

  #end(error: MatomariError): void {
    this.#over ??= error;
    for (const { reject } of this.#waiting.values()) reject(this.#over);
    this.#waiting.clear();
  }
}
