import { checkOptions, show } from '../check.js';
import { MatomariError, throwIfAborted } from '../errors.js';
import type { Progress } from '../job.js';
import { type Matrix, zeros } from '../matrix.js';
import type { EmbedDevice, SkippedDevice } from './devices.js';
import { appended, sum } from './known.js';
import { checkTexts, orAborted, teller, windows } from './texts.js';
import { embedToFile } from './to-file.js';
import type { Tokenized } from './tokenizer-worker.js';

/**
 * Which prompt is put before the texts; without either, the one given to loadEmbedder, else the model's default.
 */
export interface PromptOptions {
  /** Name of a prompt of the model (config_sentence_transformers.json), e.g. `query`. */
  prompt?: string | undefined;
  /** The prompt itself; '' is none. */
  promptText?: string | undefined;
}

export interface EmbedOptions extends PromptOptions {
  /** Aborting it rejects with `cancelled` at once; the worker stops after the batch that it is at. */
  signal?: AbortSignal | undefined;
  /** Called with { stage: 'embed', done, total } texts while it runs. */
  onProgress?: ((progress: Progress) => void) | undefined;
}

export interface EmbedToFileOptions extends EmbedOptions {
  /** Go on where an interrupted run to the same path stopped. */
  resume?: boolean | undefined;
}

/** What became of the texts. */
export interface EmbedFacts {
  /** Where the model ran. */
  device: Embedder['device'];
  /**
   * Texts that were longer than `maxTokens`: cut, or in `sliding` mode embedded in windows. Null where a server does not
   * tell.
   */
  truncated: number | null;
  /**
   * Tokens that the model saw: with prompt and special tokens, after truncation. Null where a server does not tell.
   */
  tokens: number | null;
}

/** A loaded embedding model. */
export interface Embedder {
  /** Name of the model: 'builtin', that of its directory, its hub id or the address of its server. */
  readonly model: string;
  /** The commit of a model of the hub. */
  readonly revision?: string | undefined;
  /** Length of a vector. */
  readonly dimensions: number;
  /** Tokens that a text may have, special tokens included; what is beyond is cut off, or has windows of its own. */
  readonly maxTokens: number;
  /** Where the model runs. */
  readonly device: EmbedDevice | 'remote';
  /** The devices that were tried or considered before it, and why the model does not run there. */
  readonly skippedDevices?: readonly SkippedDevice[];

  /**
   * The vectors of texts, one row a text, in order: [texts × dimensions].
   *
   * A text without any token (the empty text, where the model adds no special tokens) is the zero vector; an empty
   * list gives 0 rows. Vectors of the built-in model are the same bit for bit whatever stands beside a text; those
   * of other models move by float rounding (dynamically quantised ones by about 1e-3) with the batch. Throws
   * `bad_input` for what is not a string, `bad_option` for an unknown prompt, `cancelled`, `closed`.
   */
  embed(
    texts: readonly string[],
    options?: EmbedOptions,
  ): Promise<Matrix & EmbedFacts & { truncatedIndices: Int32Array }>;

  /** Tokens of every text, prompt and special tokens included, before truncation. */
  countTokens(
    texts: readonly string[],
    options?: PromptOptions & { signal?: AbortSignal | undefined },
  ): Promise<Int32Array>;

  /**
   * Token ids as the model gets them: prompt and special tokens included, after truncation, unpadded (so every mask
   * is all ones).
   */
  tokenize(
    texts: readonly string[],
    options?: PromptOptions & { signal?: AbortSignal | undefined },
  ): Promise<{ inputIds: number[][]; attentionMask: number[][] }>;

  /**
   * Embeds a stream of texts into a .npy file (float32, one row a text) in memory that does not grow with it.
   *
   * Until it is done only PATH.partial and PATH.journal exist. After an abort or a kill, `resume: true` with the
   * same texts and settings on the same machine goes on and ends with the same bytes as an unbroken run; it skips
   * the texts already embedded, and refuses with `bad_input` where they differ. Without `resume` it starts over.
   * Progress has total 0 when the number of texts is not known. Throws `bad_file` when the file cannot be written.
   */
  embedToFile(
    texts: Iterable<string> | AsyncIterable<string>,
    path: string,
    options?: EmbedToFileOptions,
  ): Promise<EmbedFacts & { rows: number; cols: number; truncatedIndices: Int32Array }>;

  /** Ends the worker threads; everything under way rejects with `closed`. */
  close(): Promise<void>;
}

/** One window of texts, embedded. */
export interface EmbeddedWindow {
  /** The texts themselves. */
  texts: string[];
  /** [texts × dimensions]. */
  vectors: Float32Array;
  /** Null where it is not known. */
  tokens: number | null;
  /** Cut texts, by their index in the window; null where it is not known. */
  truncated: number[] | null;
}

/** What a backend makes of one window of texts. */
export type WindowVectors = Omit<EmbeddedWindow, 'texts'>;

/** Where vectors come from: a model on this machine, or a server. */
export interface Backend {
  /** Windows that are on their way at once. */
  readonly concurrency: number;
  embed(
    operation: string,
    texts: string[],
    prompt: string,
    signal: AbortSignal,
    onProgress: (done: number) => void,
  ): Promise<WindowVectors>;
  /** Ids after truncation, and counts before it. */
  tokenize(
    operation: string,
    texts: string[],
    prompt: string,
    signal: AbortSignal | undefined,
  ): Promise<Pick<Tokenized, 'ids' | 'offsets' | 'counts'>>;
  close(): Promise<void>;
}

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

/** The prompt that options ask for, or undefined when they ask for none. */
export function promptText(options: PromptOptions, prompts: Record<string, string>): string | undefined {
  const { prompt, promptText } = options;
  if (prompt !== undefined && promptText !== undefined)
    throw new MatomariError(
      'bad_option',
      'prompt (a name) and promptText (the text itself) exclude each other: give one',
    );
  if (promptText !== undefined) {
    if (typeof promptText === 'string') return promptText;
    throw new MatomariError('bad_option', `promptText must be a string, not ${show(promptText)}`);
  }
  if (prompt === undefined) return undefined;
  if (typeof prompt === 'string' && Object.hasOwn(prompts, prompt)) return prompts[prompt]!;
  const names = Object.keys(prompts);
  const cure =
    names.length > 0 ? `it has ${names.join(', ')}` : 'it has none; give the text itself as promptText';
  throw new MatomariError('bad_option', `the model has no prompt named ${show(prompt)}: ${cure}`);
}
