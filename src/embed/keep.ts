import type { Ids } from './unigram.js';

/** What becomes of a text's ids before the model gets them. */
export interface KeepOptions {
  /** Special tokens before and after the text. */
  prefix: readonly number[];
  suffix: readonly number[];
  /** Ids to keep of a text, special tokens included. */
  maxTokens: number;
  /** Give all of a longer text, in pieces of at most so many ids, instead of cutting it. */
  sliding: boolean;
  /** Cut long texts at their beginning (`truncation_side` of tokenizer_config.json). */
  truncateLeft: boolean;
  /** Ids of the prompt, at the beginning of every text. */
  promptIds: number;
}

/**
 * Token ids of many texts in one array: text i has ids[offsets[i]] … ids[offsets[i + 1] − 1]. `ids` and `offsets` are in
 * shared memory, for the sessions.
 */
export interface Kept {
  ids: Int32Array;
  offsets: Uint32Array;
  /** Tokens of every text before truncation, special tokens and prompt included. */
  counts: Int32Array;
  /** With `sliding`: the ids are those of pieces, of which text i has pieces[i] … pieces[i + 1] − 1. */
  pieces?: Uint32Array;
}

/**
 * What is kept of the ids of every text, special tokens around it: all, its beginning or end, or several pieces, each
 * with the prompt before it.
 */
export function keep({ ids, ends }: Ids, options: KeepOptions): Kept {
  const { prefix, suffix, maxTokens, sliding, truncateLeft, promptIds } = options;
  const special = prefix.length + suffix.length;
  const room = maxTokens - special;
  const texts = ends.length;
  const counts = new Int32Array(texts);
  const pieces = new Uint32Array(texts + 1);
  const slides = sliding && promptIds < room;
  let total = 0;
  for (let i = 0, begin = 0; i < texts; begin = ends[i++]!) {
    const count = ends[i]! - begin;
    const parts = count > room && slides ? Math.ceil((count - promptIds) / (room - promptIds)) : 1;
    total += parts * special + (parts > 1 ? count + (parts - 1) * promptIds : Math.min(count, room));
    counts[i] = count + special;
    pieces[i + 1] = pieces[i]! + parts;
  }
  const kept = new Int32Array(new SharedArrayBuffer(4 * total));
  const offsets = new Uint32Array(new SharedArrayBuffer(4 * (pieces[texts]! + 1)));
  let end = 0;
  const put = (some: ArrayLike<number>) => {
    kept.set(some, end);
    end += some.length;
  };
  // The usual case for models without special tokens: nothing moves.
  const asIs = special === 0 && total === ids.length && pieces[texts] === texts;
  if (asIs) {
    kept.set(ids);
    offsets.set(ends, 1);
  }
  for (let i = 0, begin = 0; i < texts && !asIs; begin = ends[i++]!) {
    const all = ids.subarray(begin, ends[i]!);
    const parts = pieces[i + 1]! - pieces[i]!;
    const rest = all.length - promptIds;
    // Pieces as equal as can be: a last one of three tokens would say little.
    const border = (part: number) => promptIds + Math.floor((part * rest) / parts);
    for (let part = 0; part < parts; part++) {
      put(prefix);
      if (parts > 1) {
        put(all.subarray(0, promptIds));
        put(all.subarray(border(part), border(part + 1)));
      } else if (truncateLeft && all.length > room) put(all.subarray(all.length - room));
      else put(all.subarray(0, room));
      put(suffix);
      offsets[pieces[i]! + part + 1] = end;
    }
  }
  return { ids: kept, offsets, counts, ...(sliding ? { pieces } : {}) };
}
