import { allocate } from '../matrix.js';

/** A copy of the array in one of twice the length. */
function doubled<T extends Uint16Array | Int32Array | Uint32Array>(
  type: { new (n: number): T; BYTES_PER_ELEMENT: number },
  array: T,
): T {
  const larger = allocate(type, array.length * 2);
  larger.set(array);
  return larger;
}

/**
 * Numbers distinct strings 0, 1, 2 … in the order in which they are first seen. It reads UTF-16 units out of a buffer
 * and keeps them in one array, so that counting makes no string and no object per word.
 */
export class Interner {
  /** How many strings it holds. */
  size = 0;
  #pool = new Uint16Array(1 << 14);
  /** String `id` is #pool[#ends[id], #ends[id + 1]). */
  #ends = new Uint32Array(1 << 10);
  #hashes = new Int32Array(1 << 10);
  /** Open addressing: id + 1, or 0 where the slot is free. At most half full. */
  #slots = new Int32Array(1 << 11);

  static of(strings: Iterable<string>): Interner {
    const interner = new Interner();
    for (const string of strings) {
      const units = new Uint16Array(string.length);
      for (let i = 0; i < string.length; i++) units[i] = string.charCodeAt(i);
      interner.intern(units, 0, units.length);
    }
    return interner;
  }

  /** The id of the string in units[start, end), given a new one when it is not known yet. */
  intern(units: Uint16Array, start: number, end: number): number {
    const hash = hashOf(units, start, end);
    const slot = this.#slot(hash, units, start, end);
    const known = this.#slots[slot]!;
    if (known !== 0) return known - 1;
    return this.#add(slot, hash, units, start, end);
  }

  /** The id of the string in units[start, end), or −1. */
  find(units: Uint16Array, start: number, end: number): number {
    return this.#slots[this.#slot(hashOf(units, start, end), units, start, end)]! - 1;
  }

  string(id: number): string {
    const units = this.#pool.subarray(this.#ends[id]!, this.#ends[id + 1]!);
    return Buffer.from(units.buffer, units.byteOffset, units.byteLength).toString('utf16le');
  }

  /**
   * Order by Unicode code point, as Python sorts: negative where string `a` comes first. UTF-16 order differs from it
   * beyond the BMP, whose surrogates (D800–DFFF) lie below E000–FFFF.
   */
  compare(a: number, b: number): number {
    const pool = this.#pool;
    let i = this.#ends[a]!;
    let j = this.#ends[b]!;
    const iEnd = this.#ends[a + 1]!;
    const jEnd = this.#ends[b + 1]!;
    for (; i < iEnd && j < jEnd; i++, j++) {
      const x = pool[i]!;
      const y = pool[j]!;
      if (x !== y) return x >= 0xd800 && y >= 0xd800 ? codePointRank(x) - codePointRank(y) : x - y;
    }
    return iEnd - i - (jEnd - j);
  }

  /** The slot that holds the string, or the free one where it belongs. */
  #slot(hash: number, units: Uint16Array, start: number, end: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    const length = end - start;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const id = slots[slot]! - 1;
      if (id < 0) return slot;
      if (this.#hashes[id] !== hash) continue;
      const from = this.#ends[id]!;
      if (this.#ends[id + 1]! - from !== length) continue;
      let i = 0;
      while (i < length && this.#pool[from + i] === units[start + i]) i++;
      if (i === length) return slot;
    }
  }

  #add(slot: number, hash: number, units: Uint16Array, start: number, end: number): number {
    const id = this.size++;
    if (this.size === this.#hashes.length) {
      this.#hashes = doubled(Int32Array, this.#hashes);
      this.#ends = doubled(Uint32Array, this.#ends);
    }
    const from = this.#ends[id]!;
    const to = from + end - start;
    while (to > this.#pool.length) this.#pool = doubled(Uint16Array, this.#pool);
    for (let i = start, at = from; i < end; i++, at++) this.#pool[at] = units[i]!;
    this.#ends[this.size] = to;
    this.#hashes[id] = hash;
    this.#slots[slot] = this.size;
    if (this.size * 2 > this.#slots.length) this.#rehash();
    return id;
  }

  #rehash(): void {
    const slots = allocate(Int32Array, this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let id = 0; id < this.size; id++) {
      let slot = this.#hashes[id]! & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = id + 1;
    }
    this.#slots = slots;
  }
}

/** Makes surrogates rank above the rest of the BMP; for units from D800 up. */
function codePointRank(unit: number): number {
  return unit >= 0xe000 ? unit - 0x800 : unit + 0x2000;
}

/** FNV-1a over the units, with MurmurHash3's finish so that the low bits, which choose the slot, depend on all. */
function hashOf(units: Uint16Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ units[i]!, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
