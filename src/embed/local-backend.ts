import type { Backend, WindowVectors } from './backend.js';
import { flatten } from './flat-texts.js';
import { normalizeRow } from './pooling.js';
import type { SessionPool } from './session-pool.js';
import type { Tokenized, TokenizeRequest } from './tokenizer-worker.js';
import type { WorkerLink } from './worker-link.js';

/** What a local model is made of; loadEmbedder fills it. */
export interface LocalParts {
  tokenizers: WorkerLink<unknown>[];
  sessions: SessionPool;
  maxTokens: number;
  /** Embed windows of long texts, in place of their beginning. */
  sliding: boolean;
  /** Whether vectors have length 1. */
  normalized: boolean;
}

/** A model on this machine: texts → tokenizer workers → sessions. */
export class LocalBackend implements Backend {
  readonly concurrency: number;
  readonly #parts: LocalParts;
  #next = 0;

  constructor(parts: LocalParts) {
    this.#parts = parts;
    // One window is embedded, one waits, and every tokenizer has one.
    this.concurrency = parts.tokenizers.length + 2;
  }

  tokenize(
    operation: string,
    texts: string[],
    prompt: string,
    signal: AbortSignal | undefined,
    sliding = false,
  ): Promise<Tokenized> {
    const { tokenizers, maxTokens } = this.#parts;
    const tokenizer = tokenizers[this.#next++ % tokenizers.length]!;
    const flat = flatten(texts, prompt);
    const request: TokenizeRequest = { texts: flat, prompt, maxTokens, sliding };
    return tokenizer.call<Tokenized>(operation, request, { signal, transfer: [flat.units.buffer] });
  }

  async embed(
    operation: string,
    texts: string[],
    prompt: string,
    signal: AbortSignal,
    onProgress: (done: number) => void,
  ): Promise<WindowVectors> {
    const { sessions, maxTokens, sliding, normalized } = this.#parts;
    const tokenized = await this.tokenize(operation, texts, prompt, signal, sliding);
    const { ids, counts, offsets, pieces } = tokenized;
    const truncated = Array.from(counts.keys()).filter((i) => counts[i]! > maxTokens);
    const most = texts.length;
    const found = await sessions.embed(operation, tokenized, signal, (done) =>
      onProgress(Math.min(done, most)),
    );
    const vectors = pieces === undefined ? found : average(found, pieces, offsets, normalized);
    return { vectors, tokens: ids.length, truncated };
  }

  async close(): Promise<void> {
    const { tokenizers, sessions } = this.#parts;
    await Promise.all([...tokenizers.map((tokenizer) => tokenizer.close()), sessions.close()]);
  }
}

/**
 * The vector of every text from those of its pieces: their mean, weighted by their tokens.
 *
 * @param found [pieces × dimensions]
 * @param pieces text i has pieces[i] … pieces[i + 1] − 1
 * @param offsets of the pieces' tokens
 */
function average(
  found: Float32Array,
  pieces: Uint32Array,
  offsets: Uint32Array,
  normalized: boolean,
): Float32Array {
  const texts = pieces.length - 1;
  const dimensions = found.length / Math.max(offsets.length - 1, 1);
  const vectors = new Float32Array(texts * dimensions);
  for (let text = 0; text < texts; text++) {
    const row = vectors.subarray(text * dimensions, (text + 1) * dimensions);
    const [first, end] = [pieces[text]!, pieces[text + 1]!];
    if (end - first === 1) row.set(found.subarray(first * dimensions, end * dimensions));
    else {
      const sum = new Float64Array(dimensions);
      for (let piece = first; piece < end; piece++) {
        const weight = (offsets[piece + 1]! - offsets[piece]!) / (offsets[end]! - offsets[first]!);
        for (let d = 0; d < dimensions; d++) sum[d]! += weight * found[piece * dimensions + d]!;
      }
      row.set(sum);
      if (normalized) normalizeRow(row);
    }
  }
  return vectors;
}
