import type { CutPieces } from './lane.js';
import { splitJapanese, splitPieces } from './pieces.js';

/** Characters handed to a worker at once: 8 ms of work, so that it stops soon when the call is cancelled. */
const BATCH = 2_000;

/** Pieces of consecutive texts. */
export interface Batch {
  index: number;
  pieces: string[];
  /** Of each piece: its language, and the text it is from. */
  languages: string[];
  texts: number[];
  /** How many texts end in this batch. */
  finished: number;
}

/**
 * Cuts texts into pieces and those into batches, as they are asked for.
 *
 * @param which the texts to take
 */
export function* batches(
  texts: readonly string[],
  languages: readonly string[],
  which: readonly number[],
): Generator<Batch, void, undefined> {
  const empty = (index: number): Batch => ({ index, pieces: [], languages: [], texts: [], finished: 0 });
  let batch = empty(0);
  let size = 0;
  for (const i of which) {
    const language = languages[i]!;
    const text = texts[i]!;
    for (const piece of language === 'ja' ? splitJapanese(text) : splitPieces(text.normalize('NFKC'))) {
      batch.pieces.push(piece);
      batch.languages.push(language);
      batch.texts.push(i);
      size += piece.length;
      if (size < BATCH) continue;
      yield batch;
      batch = empty(batch.index + 1);
      size = 0;
    }
    batch.finished++;
  }
  yield batch;
}

/** Puts the words of batches that come back in any order behind one another, text by text. */
export class Collector {
  readonly #words: string[][];
  readonly #early = new Map<number, [Batch, CutPieces]>();
  #next = 0;

  /** @param words one array per text, to be filled */
  constructor(words: string[][]) {
    this.#words = words;
  }

  /** Takes a batch with its words. Returns how many texts are finished by it. */
  put(batch: Batch, cut: CutPieces): number {
    this.#early.set(batch.index, [batch, cut]);
    let finished = 0;
    for (let ready = this.#early.get(this.#next); ready; ready = this.#early.get(this.#next)) {
      this.#early.delete(this.#next++);
      this.#append(...ready);
      finished += ready[0].finished;
    }
    return finished;
  }

  #append({ pieces, texts }: Batch, { known, words, ends }: CutPieces): void {
    let p = 0;
    for (let i = 0; i < pieces.length; i++) {
      const text = this.#words[texts[i]!]!;
      for (; p < ends[i]!; p++) text.push(known[words[p]!]!);
    }
  }
}
