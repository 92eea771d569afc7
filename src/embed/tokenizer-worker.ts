import { workerData } from 'node:worker_threads';
import { createEncoder, type TokenizerSpec } from './encode.js';
import { type FlatTexts, flatten } from './flat-texts.js';
import { keep } from './keep.js';
import { serve } from './worker-serve.js';

/** Workers' data of this file. */
export interface TokenizerWorkerData extends TokenizerSpec {
  /** Cut long texts at their beginning (`truncation_side` of tokenizer_config.json). */
  truncateLeft: boolean;
  /** Threads that may share the texts of a request. */
  threads: number;
}

/** Texts to tokenise. */
export interface TokenizeRequest {
  /** With the prompt before each. */
  texts: FlatTexts;
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
  /** Whether a request is shared out among threads; else a second worker is worth having. */
  threaded: boolean;
}

serve<TokenizeRequest, TokenizerFacts>(async () => {
  const { encode, prefix, suffix, lastId, threaded } = await createEncoder(data, data.threads);

  async function tokenize({ texts, prompt, maxTokens, sliding }: TokenizeRequest): Promise<Tokenized> {
    const promptIds = prompt === '' ? 0 : (await encode(flatten([prompt]))).ids.length;
    const { truncateLeft } = data;
    const options = { prefix, suffix, maxTokens, sliding, truncateLeft, promptIds };
    const promptTokens = prompt === '' ? 0 : prefix.length + promptIds;
    return { ...keep(await encode(texts), options), promptTokens };
  }

  return {
    facts: { specialTokens: prefix.length + suffix.length, lastId, threaded },
    answer: async (request) => {
      const value = await tokenize(request);
      return { value, transfer: [value.counts.buffer] };
    },
  };
});
