import { workerData } from 'node:worker_threads';
import { createEncoder, type TokenizerSpec } from './encode.js';
import { serve } from './worker-serve.js';

/** Workers' data of this file. */
export interface TokenizerWorkerData extends TokenizerSpec {
  /** Cut long texts at their beginning (`truncation_side` of tokenizer_config.json). */
  truncateLeft: boolean;
}

/** Texts to tokenise. */
export interface TokenizeRequest {
  texts: string[];
  /** Put before every text. */
  prompt: string;
  /** Ids to keep of a text, special tokens included. */
  maxTokens: number;
  /** Give all of a longer text, in pieces of at most so many ids, instead of cutting it. */
  sliding: boolean;
}

/**
 * Token ids of many texts in one array: text i has ids[offsets[i]] … ids[offsets[i + 1] − 1]. `ids` and `offsets` are in
 * shared memory, for the sessions.
 */
export interface Tokenized {
  ids: Int32Array;
  offsets: Uint32Array;
  /** Tokens of every text before truncation, special tokens and prompt included. */
  counts: Int32Array;
  /** With `sliding`: the ids are those of pieces, of which text i has pieces[i] … pieces[i + 1] − 1. */
  pieces?: Uint32Array;
  /** Tokens of the prompt with the special tokens before it; 0 without a prompt. */
  promptTokens: number;
}

const data = workerData as TokenizerWorkerData;

/** What a tokenizer's worker tells when it is ready. */
export interface TokenizerFacts {
  /** Special tokens of every text. */
  specialTokens: number;
  /** The highest id of the vocabulary. */
  lastId: number;
}

serve<TokenizeRequest, TokenizerFacts>(async () => {
  const { encode, prefix, suffix, lastId } = await createEncoder(data);
  const special = prefix.length + suffix.length;

  /** What is kept of a text's ids: its beginning or end, or several pieces, each with the prompt before it. */
  function keep(all: number[], promptIds: number, room: number, sliding: boolean): number[][] {
    if (all.length <= room) return [all];
    if (!sliding || promptIds >= room)
      return [data.truncateLeft ? all.slice(all.length - room) : all.slice(0, room)];
    const prompt = all.slice(0, promptIds);
    const rest = all.length - promptIds;
    const count = Math.ceil(rest / (room - promptIds));
    // Pieces as equal as can be: a last one of three tokens would say little.
    return Array.from({ length: count }, (_, i) => {
      const border = (k: number) => promptIds + Math.floor((k * rest) / count);
      return [...prompt, ...all.slice(border(i), border(i + 1))];
    });
  }

  function tokenize({ texts, prompt, maxTokens, sliding }: TokenizeRequest): Tokenized {
    const counts = new Int32Array(texts.length);
    const pieces = new Uint32Array(texts.length + 1);
    const offsets: number[] = [0];
    let ids = new Int32Array(texts.length * 32);
    let end = 0;
    const promptIds = prompt === '' ? 0 : encode(prompt).length;
    texts.forEach((text, i) => {
      const all = encode(prompt + text);
      for (const kept of keep(all, promptIds, maxTokens - special, sliding)) {
        if (end + kept.length + special > ids.length) {
          const larger = new Int32Array(2 * (end + kept.length + special));
          larger.set(ids);
          ids = larger;
        }
        ids.set(prefix, end);
        ids.set(kept, end + prefix.length);
        ids.set(suffix, end + prefix.length + kept.length);
        end += kept.length + special;
        offsets.push(end);
      }
      counts[i] = all.length + special;
      pieces[i + 1] = offsets.length - 1;
    });
    const promptTokens = prompt === '' ? 0 : prefix.length + promptIds;
    const tokenized = {
      ids: shared(Int32Array, ids.subarray(0, end)),
      offsets: shared(Uint32Array, offsets),
    };
    return { ...tokenized, counts, promptTokens, ...(sliding ? { pieces } : {}) };
  }

  return {
    facts: { specialTokens: special, lastId },
    answer: async (request) => {
      const value = tokenize(request);
      return { value, transfer: [value.counts.buffer] };
    },
  };
});

/** A copy in shared memory. */
function shared<T extends Int32Array | Uint32Array>(
  kind: new (buffer: SharedArrayBuffer) => T,
  values: ArrayLike<number>,
): T {
  const copy = new kind(new SharedArrayBuffer(4 * values.length));
  copy.set(values);
  return copy;
}
