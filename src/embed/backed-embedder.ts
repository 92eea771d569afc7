import { checkOptions } from '../check.js';
import { MatomariError, throwIfAborted } from '../errors.js';
import { type Matrix, zeros } from '../matrix.js';
import type { Backend, EmbeddedWindow } from './backend.js';
import type { SkippedDevice } from './devices.js';
import type { Embedder, EmbedFacts, EmbedOptions, EmbedToFileOptions } from './embedder.js';
import { appended, sum } from './known.js';
import { type PromptOptions, promptText } from './prompt.js';
import { checkTexts, orAborted, teller, windows } from './texts.js';
import { embedToFile } from './to-file.js';

/** What an embedder is made of; loadEmbedder fills it. */
export interface EmbedderParts extends Pick<Embedder, 'model' | 'dimensions' | 'maxTokens' | 'device'> {
  revision: string | undefined;
  skippedDevices: readonly SkippedDevice[];
  prompts: Record<string, string>;
  /** The prompt's text when a call names none. */
  promptText: string;
  /** Everything that decides a vector besides text and prompt, for embedToFile's journal. */
  settings: Record<string, unknown>;
  backend: Backend;
}

const PROMPT_OPTIONS = ['prompt', 'promptText', 'signal'];

/** Checks, cuts into windows, keeps several of them on their way, and puts the results together. */
export class BackedEmbedder implements Embedder {
  readonly model: string;
  readonly revision: string | undefined;
  readonly dimensions: number;
  readonly maxTokens: number;
  readonly device: Embedder['device'];
  readonly skippedDevices: readonly SkippedDevice[];
  readonly #parts: EmbedderParts;
  #closed: Promise<void> | undefined;

  constructor(parts: EmbedderParts) {
    this.#parts = parts;
    this.model = parts.model;
    this.revision = parts.revision;
    this.dimensions = parts.dimensions;
    this.maxTokens = parts.maxTokens;
    this.device = parts.device;
    this.skippedDevices = parts.skippedDevices;
  }

  async embed(
    texts: readonly string[],
    options: EmbedOptions = {},
  ): Promise<Matrix & EmbedFacts & { truncatedIndices: Int32Array }> {
    const prompt = this.#begin('embed', options, [...PROMPT_OPTIONS, 'onProgress']);
    checkTexts(texts);
    const { signal, onProgress } = options;
    const matrix = zeros(texts.length, this.dimensions);
    let cut: number[] | null = [];
    let tokens: number | null = 0;
    let row = 0;
    const tell = teller(onProgress, texts.length);
    for await (const window of this.#embedded('embed', windows(texts), prompt, signal, tell)) {
      matrix.data.set(window.vectors, row * this.dimensions);
      const before = row;
      cut = appended(cut, window.truncated?.map((index) => before + index) ?? null);
      tokens = sum(tokens, window.tokens);
      row += window.texts.length;
      tell(row);
    }
    const { device } = this;
    const truncatedIndices = Int32Array.from(cut ?? []);
    return { ...matrix, device, truncated: cut?.length ?? null, tokens, truncatedIndices };
  }

  async countTokens(
    texts: readonly string[],
    options: PromptOptions & { signal?: AbortSignal | undefined } = {},
  ): Promise<Int32Array> {
    const prompt = this.#begin('countTokens', options, PROMPT_OPTIONS);
    checkTexts(texts);
    const counts = new Int32Array(texts.length);
    let row = 0;
    for await (const window of windows(texts)) {
      counts.set(
        (await this.#parts.backend.tokenize('countTokens', window, prompt, options.signal)).counts,
        row,
      );
      row += window.length;
    }
    return counts;
  }

  async tokenize(
    texts: readonly string[],
    options: PromptOptions & { signal?: AbortSignal | undefined } = {},
  ): Promise<{ inputIds: number[][]; attentionMask: number[][] }> {
    const prompt = this.#begin('tokenize', options, PROMPT_OPTIONS);
    checkTexts(texts);
    const inputIds: number[][] = [];
    for await (const window of windows(texts)) {
      const { ids, offsets } = await this.#parts.backend.tokenize('tokenize', window, prompt, options.signal);
      for (let i = 0; i < window.length; i++)
        inputIds.push(Array.from(ids.subarray(offsets[i]!, offsets[i + 1]!)));
    }
    return { inputIds, attentionMask: inputIds.map((ids) => ids.map(() => 1)) };
  }

  async embedToFile(
    texts: Iterable<string> | AsyncIterable<string>,
    path: string,
    options: EmbedToFileOptions = {},
  ): Promise<EmbedFacts & { rows: number; cols: number; truncatedIndices: Int32Array }> {
    const prompt = this.#begin('embedToFile', options, [...PROMPT_OPTIONS, 'onProgress', 'resume']);
    const embed = (stream: AsyncGenerator<string[], void, void>, tell: (done: number) => void) =>
      this.#embedded('embedToFile', stream, prompt, options.signal, tell);
    const settings = { ...this.#parts.settings, prompt };
    const found = await embedToFile(texts, path, options, { dimensions: this.dimensions, settings, embed });
    return { ...found, device: this.device };
  }

  close(): Promise<void> {
    this.#closed ??= this.#parts.backend.close();
    return this.#closed;
  }

  /** Checks what all operations share and gives the text of the prompt. */
  #begin(
    operation: string,
    options: PromptOptions & { signal?: AbortSignal | undefined },
    known: string[],
  ): string {
    if (this.#closed)
      throw new MatomariError('closed', `${operation}: this embedder was closed: load the model again`);
    checkOptions(operation, options, known);
    throwIfAborted(options.signal, operation);
    return promptText(options, this.#parts.prompts) ?? this.#parts.promptText;
  }

  /** Embeds windows in order; the next ones are tokenised meanwhile. `tell` gets the texts done so far. */
  async *#embedded(
    operation: string,
    stream: AsyncGenerator<string[], void, void>,
    prompt: string,
    signal: AbortSignal | undefined,
    tell: (done: number) => void,
  ): AsyncGenerator<EmbeddedWindow, void, void> {
    const { backend } = this.#parts;
    const under: Promise<EmbeddedWindow>[] = [];
    let ended = false;
    let begun = 0;
    // Also fires when the caller stops taking windows, so that nothing goes on in the workers for nobody.
    const stop = new AbortController();
    const abort = () => stop.abort(signal!.reason);
    signal?.addEventListener('abort', abort, { once: true });
    try {
      for (;;) {
        while (!ended && under.length < backend.concurrency) {
          const next = await orAborted(stream.next(), signal, operation);
          if (next.done) ended = true;
          else {
            const before = begun;
            begun += next.value.length;
            const texts = next.value;
            const window = backend
              .embed(operation, texts, prompt, stop.signal, (done) => tell(before + done))
              .then((found) => ({ texts, ...found }));
            // Awaited below, in order; until then a rejection is not an unhandled one.
            window.catch(() => {});
            under.push(window);
          }
        }
        const first = under.shift();
        if (!first) return;
        const window = await first;
        // All windows may be done when the caller gives up; what comes of them is not wanted any more.
        throwIfAborted(signal, operation);
        yield window;
      }
    } finally {
      signal?.removeEventListener('abort', abort);
      stop.abort();
      if (!ended) stream.return().catch(() => {});
    }
  }
}
