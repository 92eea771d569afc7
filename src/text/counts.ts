import { allocate } from '../matrix.js';
import type { Interner } from './interner.js';
import type { TokenBuffer } from './token-buffer.js';

/** Term counts of some documents: document d has the pairs (ids[p], counts[p]) for p in [ends[d − 1], ends[d]). */
export interface Counts {
  ids: Int32Array;
  counts: Int32Array;
  ends: Int32Array;
}

/** An Int32Array that grows. */
class Column {
  array: Int32Array;
  constructor(length: number) {
    this.array = new Int32Array(length);
  }
  reserve(length: number): void {
    if (length <= this.array.length) return;
    const larger = allocate(Int32Array, Math.max(length, this.array.length * 2));
    larger.set(this.array);
    this.array = larger;
  }
}

/**
 * Counts the n-grams of documents one after another. Terms are numbered by `terms`; a closed counter takes only the
 * terms that are there already.
 */
export class Counter {
  readonly #terms: Interner;
  readonly #closed: boolean;
  readonly #ngrams: readonly [number, number];
  /** In how many documents each term occurs. */
  readonly #frequency = new Column(1 << 10);
  /** The last document that had the term (from 1), and where in #ids it stands. */
  readonly #seen = new Column(1 << 10);
  readonly #place = new Column(1 << 10);
  readonly #ids = new Column(1 << 12);
  readonly #counts = new Column(1 << 12);
  readonly #ends = new Column(1 << 8);
  /** Documents since the start, and since the last take(). */
  #documents = 0;
  #rows = 0;
  #length = 0;

  constructor(terms: Interner, closed: boolean, ngrams: readonly [number, number]) {
    this.#terms = terms;
    this.#closed = closed;
    this.#ngrams = ngrams;
    this.#reserveTerms(terms.size);
  }

  get documentFrequency(): Int32Array {
    return this.#frequency.array.subarray(0, this.#terms.size);
  }

  add(tokens: TokenBuffer): void {
    this.#documents++;
    const [least, most] = this.#ngrams;
    if (most > 1) tokens.join();
    for (let n = least; n <= Math.min(most, tokens.count); n++) {
      this.#ids.reserve(this.#length + tokens.count);
      this.#counts.reserve(this.#length + tokens.count);
      this.#addNgrams(tokens, n);
    }
    this.#ends.reserve(this.#rows + 1);
    this.#ends.array[this.#rows++] = this.#length;
  }

  /** The documents counted since the last call. */
  take(): Counts {
    const ids = this.#ids.array.slice(0, this.#length);
    const counts = this.#counts.array.slice(0, this.#length);
    const ends = this.#ends.array.slice(0, this.#rows);
    this.#length = 0;
    this.#rows = 0;
    return { ids, counts, ends };
  }

  #addNgrams(tokens: TokenBuffer, n: number): void {
    const terms = this.#terms;
    const { units, starts, ends } = tokens;
    const ids = this.#ids.array;
    const counts = this.#counts.array;
    for (let t = 0; t + n <= tokens.count; t++) {
      const start = starts[t]!;
      const end = ends[t + n - 1]!;
      const id = this.#closed ? terms.find(units, start, end) : terms.intern(units, start, end);
      if (id < 0) continue;
      if (id >= this.#seen.array.length) this.#reserveTerms(id + 1);
      if (this.#seen.array[id] === this.#documents) {
        counts[this.#place.array[id]!]!++;
        continue;
      }
      this.#seen.array[id] = this.#documents;
      this.#place.array[id] = this.#length;
      this.#frequency.array[id]!++;
      ids[this.#length] = id;
      counts[this.#length++] = 1;
    }
  }

  #reserveTerms(terms: number): void {
    this.#frequency.reserve(terms);
    this.#seen.reserve(terms);
    this.#place.reserve(terms);
  }
}
