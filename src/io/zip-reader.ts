import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { crc32, createInflateRaw } from 'node:zlib';
import { type ByteSource, FileBytes } from './byte-source.js';
import { badFile } from './file-error.js';
import {
  CENTRAL,
  CHUNK_BYTES,
  DEFLATED,
  END,
  END64,
  type Entry,
  FULL16,
  FULL32,
  LOCAL,
  LOCATOR64,
  STORED,
  throughZlib,
} from './zip-format.js';

// Deflate stores at most 258 bytes in 2 bits.
const MAX_RATIO = 1032;

/** An entry of an archive that was opened: its bytes are read in order, and unpacked again by each call of `read`. */
export interface ZipEntry {
  name: string;
  /** Bytes once unpacked, as the archive claims; reading refuses more and less. */
  size: number;
  read<T>(use: (source: ByteSource) => Promise<T>): Promise<T>;
}

/**
 * The entries of a zip archive in an open file. Everything that the archive claims is held against the file's size
 * before any memory is taken for it.
 *
 * @throws `bad_file` when it is no zip archive, is damaged, encrypted, split, or packed by another method
 */
export async function readZip(path: string, handle: FileHandle, fileSize: number): Promise<ZipEntry[]> {
  const { count, start, length } = await findDirectory(path, handle, fileSize);
  const directory = await new FileBytes(path, handle, start, start + length).take(length);
  const damaged = () =>
    badFile(path, 'is a damaged zip archive: its directory does not hold what its end says');
  const entries: ZipEntry[] = [];
  const names = new Set<string>();
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + 46 > length || directory.readUInt32LE(at) !== CENTRAL) throw damaged();
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((o) =>
      directory.readUInt16LE(at + o),
    ) as [number, number, number];
    const next = at + 46 + nameLength + extraLength + commentLength;
    if (next > length) throw damaged();
    const name = directory.toString('utf8', at + 46, at + 46 + nameLength);
    const extra = directory.subarray(at + 46 + nameLength, at + 46 + nameLength + extraLength);
    const [size, packed, offset] = wide(
      extra,
      [24, 20, 42].map((o) => directory.readUInt32LE(at + o)),
    ) as [number, number, number];
    const entry: Entry = {
      name,
      method: directory.readUInt16LE(at + 10),
      flags: directory.readUInt16LE(at + 8),
      crc: directory.readUInt32LE(at + 16),
      packed,
      size,
      offset,
    };
    const label = `${path} (entry ${name})`;
    if (names.has(name)) throw badFile(label, 'is a damaged zip archive: the entry stands in it twice');
    if (entry.flags & 1) throw badFile(label, 'is encrypted: save it without a password');
    if (entry.method !== STORED && entry.method !== DEFLATED)
      throw badFile(
        label,
        `is packed by method ${entry.method}; only stored and deflated entries can be read`,
      );
    if (!(offset + 30 + packed <= start)) throw damaged();
    if (entry.method === STORED ? size !== packed : !(size <= packed * MAX_RATIO))
      throw badFile(
        label,
        `is a damaged zip archive: ${packed} bytes cannot hold the ${size} that it claims`,
      );
    names.add(name);
    entries.push({ name, size, read: (use) => readEntry(label, handle, start, entry, use) });
    at = next;
  }
  return entries;
}

/** Replaces 32-bit fields that are full by their 64-bit values, which stand in extra field 1 in this order. */
function wide(extra: Buffer, fields: number[]): number[] {
  for (let at = 0; at + 4 <= extra.length; ) {
    const [id, length] = [extra.readUInt16LE(at), extra.readUInt16LE(at + 2)];
    at += 4;
    if (id === 1) {
      let field = at;
      return fields.map((n) => {
        if (n !== FULL32 || field + 8 > Math.min(at + length, extra.length)) return n;
        field += 8;
        return Number(extra.readBigUInt64LE(field - 8));
      });
    }
    at += length;
  }
  return fields;
}

/** Where the directory stands: it is named at the end of the file, before a comment of at most 65,535 bytes. */
async function findDirectory(path: string, handle: FileHandle, fileSize: number) {
  const tailStart = Math.max(0, fileSize - 22 - FULL16 - 20);
  const tail = await new FileBytes(path, handle, tailStart, fileSize).take(fileSize - tailStart);
  let at = tail.length - 22;
  while (at >= 0 && !(tail.readUInt32LE(at) === END && at + 22 + tail.readUInt16LE(at + 20) === tail.length))
    at--;
  if (at < 0)
    throw badFile(
      path,
      tail.length === 0
        ? 'is empty, not a zip archive'
        : 'is not a zip archive, or is cut short: its end is missing',
    );
  if (tail.readUInt32LE(at + 4) !== 0)
    throw badFile(path, 'is one part of a split zip archive: join the parts');
  let [count, length, start] = [
    tail.readUInt16LE(at + 10),
    tail.readUInt32LE(at + 12),
    tail.readUInt32LE(at + 16),
  ];
  let directoryEnd = tailStart + at;
  if (at >= 20 && tail.readUInt32LE(at - 20) === LOCATOR64) {
    directoryEnd = Number(tail.readBigUInt64LE(at - 12));
    if (directoryEnd + 56 > fileSize)
      throw badFile(path, 'is a damaged zip archive: its 64-bit end lies outside the file');
    const end64 = await new FileBytes(path, handle, directoryEnd, directoryEnd + 56).take(56);
    if (end64.readUInt32LE() !== END64)
      throw badFile(path, 'is a damaged zip archive: its 64-bit end is missing');
    [count, length, start] = [32, 40, 48].map((o) => Number(end64.readBigUInt64LE(o))) as [
      number,
      number,
      number,
    ];
  }
  if (start + length > directoryEnd || count * 46 > length)
    throw badFile(
      path,
      'is a damaged zip archive: its directory does not fit between its entries and its end',
    );
  return { count, start, length };
}

async function readEntry<T>(
  label: string,
  handle: FileHandle,
  directoryStart: number,
  entry: Entry,
  use: (source: ByteSource) => Promise<T>,
): Promise<T> {
  const head = await new FileBytes(label, handle, entry.offset, entry.offset + 30).take(30);
  const start = entry.offset + 30 + head.readUInt16LE(26) + head.readUInt16LE(28);
  if (head.readUInt32LE() !== LOCAL || start + entry.packed > directoryStart)
    throw badFile(label, 'is a damaged zip archive: the entry does not stand where the directory says');
  const source = new EntryBytes(
    label,
    entry,
    fileChunks(new FileBytes(label, handle, start, start + entry.packed)),
  );
  try {
    const result = await use(source);
    await source.finish();
    return result;
  } finally {
    source.close();
  }
}

async function* fileChunks(file: FileBytes): AsyncGenerator<Buffer> {
  while (file.remaining > 0) yield await file.take(Math.min(CHUNK_BYTES, file.remaining));
}

/** The unpacked bytes of an entry, held against the size and the checksum in the directory. */
class EntryBytes implements ByteSource {
  readonly name: string;
  readonly #entry: Entry;
  readonly #stream: Readable;
  readonly #chunks: AsyncIterator<Buffer>;
  #chunk: Buffer = Buffer.alloc(0);
  #received = 0;
  #taken = 0;
  #crc = 0;

  constructor(name: string, entry: Entry, packed: AsyncIterable<Buffer>) {
    this.name = name;
    this.#entry = entry;
    this.#stream =
      entry.method === STORED
        ? Readable.from(packed)
        : throughZlib(packed, createInflateRaw({ chunkSize: CHUNK_BYTES }));
    this.#chunks = this.#stream[Symbol.asyncIterator]();
  }

  get remaining(): number {
    return this.#entry.size - this.#taken;
  }

  async take(length: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(length);
    await this.fill(bytes);
    return bytes;
  }

  async fill(into: Uint8Array): Promise<void> {
    for (let done = 0; done < into.length; ) {
      if (this.#chunk.length === 0 && !(await this.#next()))
        throw badFile(
          this.name,
          `is damaged: it unpacks to ${this.#received} bytes, not to the ${this.#entry.size} it claims`,
        );
      const part = this.#chunk.subarray(0, into.length - done);
      into.set(part, done);
      this.#chunk = this.#chunk.subarray(part.length);
      done += part.length;
      this.#taken += part.length;
    }
  }

  /** Throws unless the entry ends here and its checksum is right. */
  async finish(): Promise<void> {
    if (this.remaining === 0 && !(await this.#next()) && this.#crc === this.#entry.crc) return;
    throw badFile(this.name, 'is damaged: its checksum or its length is not what the archive says');
  }

  close(): void {
    this.#stream.destroy();
  }

  async #next(): Promise<boolean> {
    const { value, done } = await this.#chunks.next().catch((error) => {
      if (/^Z_/.test(error.code ?? ''))
        throw badFile(this.name, `is damaged: it cannot be unpacked (${error.message})`, error);
      throw error;
    });
    if (done) return false;
    this.#chunk = value;
    this.#received += value.length;
    this.#crc = crc32(value, this.#crc);
    return true;
  }
}
