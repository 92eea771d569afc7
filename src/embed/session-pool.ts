import type { EmbedRequest, SessionFacts, SessionWorkerData } from './session-worker.js';
import type { Tokenized } from './tokenizer-worker.js';
import { WorkerLink } from './worker-link.js';

/** Sessions of one model in worker threads of their own, which share the batches of every window. */
export class SessionPool {
  readonly facts: SessionFacts;
  readonly #links: WorkerLink<SessionFacts>[];

  private constructor(links: WorkerLink<SessionFacts>[], facts: SessionFacts) {
    this.#links = links;
    this.facts = facts;
  }

  /**
   * Opens up to `count` sessions on the CPU, or one on another device: a GPU is busy with one.
   *
   * @param opened gets every worker at once, so that the caller can end them whatever becomes of this
   */
  static async open(
    data: SessionWorkerData,
    count: number,
    opened: (link: WorkerLink<unknown>) => void,
  ): Promise<SessionPool> {
    const add = (devices: SessionWorkerData['devices']) => {
      const link = new WorkerLink<SessionFacts>('session-worker', { ...data, devices }, 'embedding worker');
      opened(link);
      return link;
    };
    const links = [add(data.devices)];
    const more = (): void => {
      while (links.length < count) links.push(add(['cpu']));
    };
    // Whether a GPU takes the model only a trial tells.
    if (data.devices[0] === 'cpu') more();
    const facts = await links[0]!.ready;
    if (facts.device === 'cpu') more();
    await Promise.all(links.map((link) => link.ready));
    return new SessionPool(links, facts);
  }

  /** The vectors of a window of texts, [texts × dimensions]. */
  async embed(
    operation: string,
    { ids, offsets, promptTokens }: Tokenized,
    signal: AbortSignal,
    onProgress: (done: number) => void,
  ): Promise<Float32Array> {
    const texts = offsets.length - 1;
    const vectors = new Float32Array(new SharedArrayBuffer(4 * texts * this.facts.dimensions));
    const taken = new Int32Array(new SharedArrayBuffer(4));
    const request: EmbedRequest = { ids, offsets, promptTokens, vectors, taken };
    const done = this.#links.map(() => 0);
    const calls = this.#links.map((link, i) =>
      link.call<void>(operation, request, {
        signal,
        onProgress: (own) => {
          done[i] = own;
          onProgress(done.reduce((a, b) => a + b));
        },
      }),
    );
    await Promise.all(calls);
    return vectors;
  }

  async close(): Promise<void> {
    await Promise.all(this.#links.map((link) => link.close()));
  }
}
