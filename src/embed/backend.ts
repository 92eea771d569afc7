import type { Tokenized } from './tokenizer-worker.js';

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
