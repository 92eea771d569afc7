import { crc32, createDeflateRaw } from 'node:zlib';
import type { AtomicFile } from './atomic.js';
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

const VERSION64 = 45;
// 1 January 1980, the first day that the format knows: equal contents give equal files, whenever they are written.
const DATE = 0x21;
const UTF8_NAMES = 0x800;

/** Writes the entries of a zip archive one after the other into an atomic file. */
export class ZipWriter {
  readonly #file: AtomicFile;
  readonly #entries: Entry[] = [];

  constructor(file: AtomicFile) {
    this.#file = file;
  }

  /** Appends one entry from its chunks, deflated or as it is. */
  async add(name: string, chunks: Iterable<Uint8Array>, compress: boolean): Promise<void> {
    const entry: Entry = {
      name,
      method: compress ? DEFLATED : STORED,
      flags: /[^ -~]/.test(name) ? UTF8_NAMES : 0,
      crc: 0,
      packed: 0,
      size: 0,
      offset: this.#file.size,
    };
    await this.#file.write(localHeader(entry));
    const plain = function* () {
      for (const chunk of chunks) {
        entry.crc = crc32(chunk, entry.crc);
        entry.size += chunk.length;
        yield chunk;
      }
    };
    const write = async (packed: Iterable<Uint8Array> | AsyncIterable<Uint8Array>) => {
      for await (const chunk of packed) {
        entry.packed += chunk.length;
        await this.#file.write(chunk);
      }
    };
    if (compress) await write(throughZlib(plain(), createDeflateRaw({ chunkSize: CHUNK_BYTES })));
    else await write(plain());
    await this.#file.writeAt(localHeader(entry), entry.offset);
    this.#entries.push(entry);
  }

  /** Writes the directory of the archive; the file is then ready to be committed. */
  async finish(): Promise<void> {
    const start = this.#file.size;
    for (const entry of this.#entries) await this.#file.write(centralHeader(entry));
    await this.#file.write(endRecords(this.#entries.length, start, this.#file.size - start));
  }
}

/** Bytes of the fields given as [value, width] one after the other, little-endian. */
function pack(...fields: (readonly [value: number, bytes: 2 | 4 | 8])[]): Buffer {
  const out = Buffer.alloc(fields.reduce((sum, [, bytes]) => sum + bytes, 0));
  let at = 0;
  for (const [value, bytes] of fields) {
    if (bytes === 8) out.writeBigUInt64LE(BigInt(value), at);
    else out.writeUIntLE(value, at, bytes);
    at += bytes;
  }
  return out;
}

/** Always with its 64-bit field, as NumPy writes it: the sizes are known only after the data. */
function localHeader({ name, method, flags, crc, packed, size }: Entry): Buffer {
  const bytes = Buffer.from(name);
  const extra = pack([1, 2], [16, 2], [size, 8], [packed, 8]);
  const fixed = pack(
    [LOCAL, 4],
    [VERSION64, 2],
    [flags, 2],
    [method, 2],
    [0, 2],
    [DATE, 2],
    [crc, 4],
    [FULL32, 4],
    [FULL32, 4],
    [bytes.length, 2],
    [extra.length, 2],
  );
  return Buffer.concat([fixed, bytes, extra]);
}

function centralHeader({ name, method, flags, crc, packed, size, offset }: Entry): Buffer {
  const bytes = Buffer.from(name);
  const large = [size, packed, offset].filter((n) => n >= FULL32);
  const extra = large.length
    ? pack([1, 2], [8 * large.length, 2], ...large.map((n) => [n, 8] as const))
    : Buffer.alloc(0);
  const fixed = pack(
    [CENTRAL, 4],
    [0x0300 | VERSION64, 2],
    [VERSION64, 2],
    [flags, 2],
    [method, 2],
    [0, 2],
    [DATE, 2],
    [crc, 4],
    [Math.min(packed, FULL32), 4],
    [Math.min(size, FULL32), 4],
    [bytes.length, 2],
    [extra.length, 2],
    [0, 2],
    [0, 2],
    [0, 2],
    [(0o600 << 16) >>> 0, 4],
    [Math.min(offset, FULL32), 4],
  );
  return Buffer.concat([fixed, bytes, extra]);
}

function endRecords(count: number, start: number, length: number): Buffer {
  const end = pack(
    [END, 4],
    [0, 4],
    [Math.min(count, FULL16), 2],
    [Math.min(count, FULL16), 2],
    [Math.min(length, FULL32), 4],
    [Math.min(start, FULL32), 4],
    [0, 2],
  );
  if (count < FULL16 && length < FULL32 && start < FULL32) return end;
  const end64 = pack(
    [END64, 4],
    [44, 8],
    [VERSION64, 2],
    [VERSION64, 2],
    [0, 8],
    [count, 8],
    [count, 8],
    [length, 8],
    [start, 8],
  );
  return Buffer.concat([end64, pack([LOCATOR64, 4], [0, 4], [start + length, 8], [1, 4]), end]);
}
