import { scanWords } from './words.js';

/** The tokens of one document as bounds into one array of UTF-16 units, reused from document to document. */
export class TokenBuffer {
  units = new Uint16Array(1 << 12);
  /** Token t is units[starts[t], ends[t]). */
  starts = new Int32Array(1 << 8);
  ends = new Int32Array(1 << 8);
  count = 0;
  #bytes = Buffer.from(this.units.buffer);

  /** Takes the words of a text: runs of word characters, at least `shortest` of them. */
  readText(text: string, shortest: number): void {
    this.count = 0;
    this.#reserve(text.length);
    this.#bytes.write(text, 0, 'utf16le');
    scanWords(this.units, text.length, shortest, this);
  }

  /** Takes tokens as they are. */
  readTokens(tokens: readonly string[]): void {
    this.count = 0;
    let length = tokens.length;
    for (const token of tokens) length += token.length;
    this.#reserve(length);
    const units = this.units;
    let at = 0;
    for (const token of tokens) {
      const start = at;
      for (let i = 0; i < token.length; i++) units[at++] = token.charCodeAt(i);
      this.push(start, at++);
    }
  }

  push(start: number, end: number): void {
    if (this.count === this.starts.length) {
      const [starts, ends] = [this.starts, this.ends];
      this.starts = new Int32Array(this.count * 2);
      this.ends = new Int32Array(this.count * 2);
      this.starts.set(starts);
      this.ends.set(ends);
    }
    this.starts[this.count] = start;
    this.ends[this.count++] = end;
  }

  /** Keeps only the tokens for which `keep(start, end)` is true. */
  filter(keep: (start: number, end: number) => boolean): void {
    const { starts, ends, count } = this;
    this.count = 0;
    for (let t = 0; t < count; t++) if (keep(starts[t]!, ends[t]!)) this.push(starts[t]!, ends[t]!);
  }

  /** Moves the tokens together with one space between neighbours, so that every n-gram is one stretch of units. */
  join(): void {
    const { units, starts, ends, count } = this;
    let at = 0;
    for (let t = 0; t < count; t++) {
      const start = starts[t]!;
      const end = ends[t]!;
      units.copyWithin(at, start, end);
      starts[t] = at;
      at += end - start;
      ends[t] = at;
      units[at++] = 0x20;
    }
  }

  #reserve(length: number): void {
    if (length <= this.units.length) return;
    this.units = new Uint16Array(2 ** Math.ceil(Math.log2(length)));
    this.#bytes = Buffer.from(this.units.buffer);
  }
}
