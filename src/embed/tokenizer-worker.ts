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
}

/** Token ids of many texts in one array: text i has ids[offsets[i]] … ids[offsets[i + 1] − 1]. */
export interface Tokenized {
  ids: Int32Array;
  offsets: Uint32Array;
  /** Tokens of every text before truncation, special tokens and prompt included. */
  counts: Int32Array;
  /** Tokens of the prompt with the special tokens before it; 0 without a prompt. */
  promptTokens: number;
}

const data = workerData as TokenizerWorkerData;

serve<TokenizeRequest, { specialTokens: number }>(async () => {
  const { encode, prefix, suffix } = await createEncoder(data);
  const special = prefix.length + suffix.length;

  function tokenize({ texts, prompt, maxTokens }: TokenizeRequest): Tokenized {
    const counts = new Int32Array(texts.length);
    const offsets = new Uint32Array(texts.length + 1);
    let ids = new Int32Array(texts.length * 32);
    let end = 0;
    texts.forEach((text, i) => {
      const all = encode(prompt + text);
      const room = maxTokens - special;
      const cut = all.length > room;
      const kept = !cut ? all : data.truncateLeft ? all.slice(all.length - room) : all.slice(0, room);
      if (end + kept.length + special > ids.length) {
        const larger = new Int32Array(2 * (end + kept.length + special));
        larger.set(ids);
        ids = larger;
      }
      ids.set(prefix, end);
      ids.set(kept, end + prefix.length);
      ids.set(suffix, end + prefix.length + kept.length);
      end += kept.length + special;
      counts[i] = all.length + special;
      offsets[i + 1] = end;
    });
    const promptTokens = prompt === '' ? 0 : prefix.length + encode(prompt).length;
    return { ids: ids.slice(0, end), offsets, counts, promptTokens };
  }

  return {
    facts: { specialTokens: special },
    answer: async (request) => {
      const value = tokenize(request);
      return { value, transfer: [value.ids.buffer, value.offsets.buffer, value.counts.buffer] };
    },
  };
});
