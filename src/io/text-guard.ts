import { isUtf8 } from 'node:buffer';
import { badFile } from './file-error.js';

/** The most bytes that one line, one CSV row or one text file may have: what runs longer was most likely never closed. */
export const MAX_TEXT_BYTES = 2 ** 27;

const NEWLINE = 10;

/** Files that are often named like text by mistake: how they start, what they are, and what to do. */
const SIGNATURES: [start: string, is: string, cure: string][] = [
  ['\x1f\x8b', 'gzip data', 'unpack it first (gunzip)'],
  ['BZh', 'bzip2 data', 'unpack it first (bunzip2)'],
  ['\xfd7zXZ', 'xz data', 'unpack it first (unxz)'],
  ['\x28\xb5\x2f\xfd', 'zstd data', 'unpack it first (unzstd)'],
  ['PK\x03\x04', 'a zip archive or an Excel workbook', 'unpack it, or save the sheet as CSV UTF-8'],
  ['\xd0\xcf\x11\xe0', 'an old Excel workbook', 'save the sheet as CSV UTF-8'],
  ['PAR1', 'a Parquet file', 'convert it to CSV or JSONL'],
  ['SQLite format 3\0', 'an SQLite database', 'export the table as CSV'],
  ['%PDF', 'a PDF document', 'extract its text first'],
  ['\x89PNG', 'a PNG image', 'name a text file'],
  ['\xff\xd8\xff', 'a JPEG image', 'name a text file'],
  ['GIF8', 'a GIF image', 'name a text file'],
  ['\x93NUMPY', 'a NumPy array', 'name a text file'],
];

/**
 * Lets only UTF-8 text through, chunk by chunk: takes off a byte order mark, never cuts a character in two, and refuses
 * anything else as `bad_file` with the line.
 */
export class TextGuard {
  readonly #name: string;
  #start = '';
  #started = false;
  #pending: Buffer = Buffer.alloc(0);
  #line = 1;

  constructor(name: string) {
    this.#name = name;
  }

  /** The whole characters that are there once this chunk has come; `last` when no more follow. */
  push(chunk: Uint8Array, last = false): Buffer {
    let bytes =
      this.#pending.length > 0
        ? Buffer.concat([this.#pending, chunk])
        : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    this.#pending = Buffer.alloc(0);
    if (!this.#started) {
      if (bytes.length < 16 && !last) {
        this.#pending = Buffer.from(bytes);
        return Buffer.alloc(0);
      }
      this.#started = true;
      this.#start = bytes.toString('latin1', 0, 16);
      if (/^(\xff\xfe|\xfe\xff)/.test(this.#start))
        throw badFile(this.#name, 'is UTF-16 text: convert it to UTF-8 (iconv -f UTF-16 -t UTF-8 old > new)');
      if (this.#start.startsWith('\xef\xbb\xbf')) bytes = bytes.subarray(3);
    }
    const whole = last ? bytes.length : wholeCharacters(bytes);
    if (whole < bytes.length) this.#pending = Buffer.from(bytes.subarray(whole));
    const text = bytes.subarray(0, whole);
    if (!isUtf8(text) || text.includes(0)) throw this.#problem(text);
    this.#line += countLines(text);
    return text;
  }

  #problem(text: Buffer): Error {
    const known = SIGNATURES.find(([start]) => this.#start.startsWith(start));
    if (known) return badFile(this.#name, `is ${known[1]}, not text: ${known[2]}`);
    let line = this.#line;
    let start = 0;
    // A newline byte is never a part of another character, so the first line that is wrong by itself is the one.
    for (let end = text.indexOf(NEWLINE); end >= 0; end = text.indexOf(NEWLINE, start)) {
      const one = text.subarray(start, end);
      if (!isUtf8(one) || one.includes(0)) break;
      line++;
      start = end + 1;
    }
    const end = text.indexOf(NEWLINE, start);
    const bad = text.subarray(start, end < 0 ? text.length : end);
    return isUtf8(bad)
      ? badFile(
          this.#name,
          `holds a NUL byte in line ${line}, so it is not UTF-8 text: name a text file, or convert it from UTF-16`,
        )
      : badFile(
          this.#name,
          `is not valid UTF-8 in line ${line}: convert it (for Japanese from Windows: iconv -f CP932 -t UTF-8 old > new)`,
        );
  }
}

/** Length of the bytes without a character at their end that has only begun. */
function wholeCharacters(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

function countLines(bytes: Buffer): number {
  let lines = 0;
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) lines++;
  return lines;
}

/** The chunks of a text, through a guard. */
export async function* guarded(name: string, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const guard = new TextGuard(name);
  for await (const chunk of chunks) yield guard.push(chunk);
  yield guard.push(new Uint8Array(0), true);
}
