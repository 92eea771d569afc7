import { Readable, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';

// The zip container as APPNOTE.TXT 6.3 defines it, as far as NumPy uses it: stored and deflated entries, and the
// 64-bit extension (zip64), without which an entry ends at 4 GiB. Deflate itself is zlib's, which runs off the event loop.

export const LOCAL = 0x04034b50;
export const CENTRAL = 0x02014b50;
export const END = 0x06054b50;
export const END64 = 0x06064b50;
export const LOCATOR64 = 0x07064b50;
export const STORED = 0;
export const DEFLATED = 8;
export const FULL16 = 0xffff;
export const FULL32 = 0xffffffff;
export const CHUNK_BYTES = 2 ** 18;

/** One entry, as the archive's directory describes it. */
export interface Entry {
  name: string;
  method: number;
  flags: number;
  crc: number;
  packed: number;
  size: number;
  /** Where its local header stands in the file. */
  offset: number;
}

/** What zlib makes of the chunks. Whichever side fails, the reader of the result sees that failure and no other. */
export function throughZlib(
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  zlib: Transform,
): Transform {
  pipeline(Readable.from(chunks), zlib).catch(() => {});
  return zlib;
}
