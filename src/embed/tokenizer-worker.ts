import { workerData } from 'node:worker_threads';
import { createEncoder, type TokenizerSpec } from './encode.js';
import { type FlatTexts, flatten } from './flat-texts.js';
import { type KeepOptions, type Kept, keep } from './keep.js';
import { serve } from './worker-serve.js';

/** Workers' data of this file. */
export interface TokenizerWorkerData extends TokenizerSpec, Pick<KeepOptions, 'truncateLeft'> {
  /** Threads that may share the texts of a request. */
  threads: number;
}

/** Texts to tokenise. */
export interface TokenizeRequest extends Pick<KeepOptions, 'maxTokens' | 'sliding'> {
  /** With the prompt before each. */
  texts: FlatTexts;
  prompt: string;
}

/** The answer. */
export interface Tokenized extends Kept {
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
