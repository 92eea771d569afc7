import { MatomariError } from '../errors.js';

/**
 * The normaliser that SentencePiece compiles into a model (`Precompiled` in tokenizer.json): a double-array trie
 * over UTF-8 bytes, whose values point into a table of NUL-ended replacements. It follows the `tokenizers` library
 * in Rust, whose two oddities decide token ids: a grapheme of fewer than six bytes is replaced whole when any
 * prefix of it is in the trie, and of several prefixes the shortest counts.
 */
export class Charsmap {
  readonly #units: Uint32Array;
  readonly #replacements: Buffer;
  // What every code unit below the surrogates becomes, filled on demand: null is "not looked up yet".
  readonly #known: (string | null)[] = new Array(0x10000).fill(null);
  readonly #graphemes = new Intl.Segmenter('und', { granularity: 'grapheme' });

  /** @param base64 the field `precompiled_charsmap` */
  constructor(base64: string) {
    const bytes = Buffer.from(base64, 'base64');
    const size = bytes.length < 4 ? 0 : bytes.readUInt32LE(0);
    if (size === 0 || size % 4 !== 0 || size + 4 > bytes.length)
      throw new MatomariError(
        'bad_file',
        'the precompiled_charsmap of tokenizer.json is damaged: get the file again',
      );
    // Little-endian in the file as on every platform this runs on; the copy aligns it.
    this.#units = new Uint32Array(Uint8Array.prototype.slice.call(bytes, 4, 4 + size).buffer);
    this.#replacements = bytes.subarray(4 + size);
  }

  normalize(text: string): string {
    if (!CLUSTERS.test(text)) return this.#characters(text);
    let out = '';
    for (const { segment } of this.#graphemes.segment(text)) {
      const whole =
        segment.length < 6 && Buffer.byteLength(segment) < 6 ? this.#replacement(segment) : undefined;
      out += whole ?? this.#characters(segment);
    }
    return out;
  }

  #characters(text: string): string {
    let out = '';
    let copied = 0;
    for (let i = 0; i < text.length; ) {
      const unit = text.charCodeAt(i);
      const wide = unit >= 0xd800 && unit < 0xdc00 && i + 1 < text.length;
      const character = wide ? text.slice(i, i + 2) : text[i]!;
      let becomes = wide ? null : this.#known[unit]!;
      if (becomes === null) {
        becomes = this.#replacement(character) ?? character;
        if (!wide) this.#known[unit] = becomes;
      }
      if (becomes !== character) {
        out += text.slice(copied, i) + becomes;
        copied = i + character.length;
      }
      i += character.length;
    }
    return copied === 0 ? text : out + text.slice(copied);
  }

  /** The replacement of the shortest prefix that the trie holds. */
  #replacement(chunk: string): string | undefined {
    const units = this.#units;
    let position = offset(units[0]!);
    for (const byte of Buffer.from(chunk)) {
      if (byte === 0) return undefined;
      position ^= byte;
      const unit = units[position];
      if (unit === undefined || (unit & 0x800000ff) !== byte) return undefined;
      position ^= offset(unit);
      if (((unit >>> 8) & 1) === 1) {
        const start = units[position]! & 0x7fffffff;
        const end = this.#replacements.indexOf(0, start);
        return this.#replacements.toString('utf8', start, end < 0 ? undefined : end);
      }
    }
    return undefined;
  }
}

const offset = (unit: number): number => (unit >>> 10) << ((unit & 0x200) >>> 6);

// Only text with one of these can hold a grapheme of several characters that is short enough to matter.
const CLUSTERS =
  /[\p{M}\p{Cf}\p{Grapheme_Extend}\p{Emoji_Modifier}\r\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff]/u;
