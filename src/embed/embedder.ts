import type { Progress } from '../job.js';
import type { Matrix } from '../matrix.js';
import type { EmbedDevice, SkippedDevice } from './devices.js';
import type { PromptOptions } from './prompt.js';

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
