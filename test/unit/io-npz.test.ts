import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AtomicFile, readNpz, readSparseNpz, writeNpz, writeSparseNpz } from 'matomari/io';
import { describe, expect, it } from 'vitest';
import { npyHeader } from '#dist/io/npy-header.js';
import { ZipWriter } from '#dist/io/zip-writer.js';
import { temporaryFolder } from '../temporary.js';

const folder = temporaryFolder();
const at = (name: string) => join(folder.path, name);
const grid = { data: Float32Array.from({ length: 600 }, (_, i) => Math.round(i / 7)), rows: 200, cols: 3 };

/** Writes an archive of raw entries. */
async function zip(
  name: string,
  entries: Record<string, Iterable<Uint8Array>>,
  compress = false,
): Promise<string> {
  const file = await AtomicFile.create(at(name));
  const writer = new ZipWriter(file);
  for (const [entry, chunks] of Object.entries(entries)) await writer.add(entry, chunks, compress);
  await writer.finish();
  await file.commit();
  return at(name);
}

describe('writeNpz and readNpz', () => {
  it.each([false, true])('round trip, compress %j', async (compress) => {
    const arrays = {
      grid,
      labels: Int32Array.of(1, 2),
      日本: BigInt64Array.of(5n),
      __proto__x: Uint8Array.of(1),
    };
    await writeNpz(at('a.npz'), arrays, { compress });
    const back = await readNpz(at('a.npz'));
    expect(Object.keys(back)).toEqual(['grid', 'labels', '日本', '__proto__x']);
    expect(back.grid).toEqual({ ...grid, shape: [200, 3], dtype: 'float32' });
    expect(back.日本!.data).toEqual(BigInt64Array.of(5n));
  });

  it('is smaller when compressed, and the same bytes each time', async () => {
    await writeNpz(at('stored.npz'), { grid });
    await writeNpz(at('deflated.npz'), { grid }, { compress: true });
    const deflated = readFileSync(at('deflated.npz'));
    expect(deflated.length).toBeLessThan(readFileSync(at('stored.npz')).length / 2);
    await writeNpz(at('deflated.npz'), { grid }, { compress: true });
    expect(readFileSync(at('deflated.npz'))).toEqual(deflated);
  });

  it('keeps a name such as __proto__ an ordinary one', async () => {
    await writeNpz(at('a.npz'), { ['__proto__']: Uint8Array.of(1) });
    const back = await readNpz(at('a.npz'));
    expect(Object.keys(back)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype);
  });

  it('refuses what is no array, and leaves nothing', async () => {
    await expect(writeNpz(at('x.npz'), { grid, labels: [1, 2] as never })).rejects.toMatchObject({
      code: 'bad_input',
      message: expect.stringMatching(/array "labels" must be/),
    });
    await expect(writeNpz(at('x.npz'), Float32Array.of(1) as never)).rejects.toMatchObject({
      code: 'bad_input',
    });
    await expect(writeNpz(at('x.npz'), { grid }, { compres: true } as never)).rejects.toThrow(
      /did you mean "compress"/,
    );
    await expect(
      writeNpz(at('x.npz'), { grid }, { signal: AbortSignal.abort(), compress: true }),
    ).rejects.toMatchObject({ code: 'cancelled' });
    expect(readdirSync(folder.path).filter((name) => /x\.npz|tmp/.test(name))).toEqual([]);
  });
});

describe('a disk that fills up', () => {
  it.each([false, true])('is what the caller is told, compress %j', async (compress) => {
    const full = new Error('disk full');
    let written = 0;
    const file = {
      size: 0,
      write: async (bytes: Uint8Array) => {
        written += bytes.length;
        if (written > 2 ** 20) throw full;
      },
    };
    const noise = function* () {
      for (let i = 0; i < 64; i++) yield new Uint8Array(randomBytes(2 ** 18));
    };
    const writer = new ZipWriter(file as unknown as AtomicFile);
    await expect(writer.add('a.npy', noise(), compress)).rejects.toBe(full);
  });
});

describe('archives that are refused', () => {
  const header = npyHeader('float32', [4]);
  const array = [header, new Uint8Array(16)];
  const flipped = async (where: (zip: Buffer) => number, mask = 0xff) => {
    await writeNpz(at('case.npz'), { grid }, { compress: true });
    const bytes = readFileSync(at('case.npz'));
    bytes[where(bytes)]! ^= mask;
    return folder.write('case.npz', bytes);
  };
  const central = (zip: Buffer) => zip.indexOf(Buffer.from('PK\x01\x02'));
  it.each([
    ['an empty file', () => folder.write('case.npz', ''), /is empty/],
    ['text', () => folder.write('case.npz', 'not a zip archive at all'), /is not a zip archive/],
    [
      'half an archive',
      async () => {
        await writeNpz(at('case.npz'), { grid });
        const bytes = readFileSync(at('case.npz'));
        return folder.write('case.npz', bytes.subarray(0, bytes.length / 2));
      },
      /is cut short: its end is missing/,
    ],
    ['a flipped bit in the packed data', () => flipped((zip) => central(zip) - 30, 1), /is damaged/],
    ['a wrong checksum', () => flipped((zip) => central(zip) + 16), /checksum/],
    ['a wrong size', () => flipped((zip) => central(zip) + 24, 1), /is damaged|cut short|after its data/],
    [
      'a size beyond deflate',
      () => flipped((zip) => central(zip) + 27, 1),
      /cannot hold the \d+ that it claims/,
    ],
    ['an entry that stands elsewhere', () => flipped((zip) => central(zip) + 42, 1), /does not stand where/],
    ['encryption', () => flipped((zip) => central(zip) + 8, 1), /is encrypted/],
    ['another method', () => flipped((zip) => central(zip) + 10, 1), /packed by method 9/],
    ['too many entries claimed', () => flipped((zip) => zip.length - 12), /does not fit/],
    ['a directory outside the file', () => flipped((zip) => zip.length - 4), /does not fit/],
    ['a split archive', () => flipped((zip) => zip.length - 18), /split zip/],
    [
      'an entry that is no array',
      () => zip('case.npz', { 'notes.txt': [Buffer.from('hello')] }),
      /"notes.txt" is no array/,
    ],
    [
      'an entry that is text',
      () => zip('case.npz', { 'a.npy': [Buffer.from('hello there')] }),
      /\(entry a\.npy\) is not a \.npy file/,
    ],
    [
      'an array cut short',
      () => zip('case.npz', { 'a.npy': [header, new Uint8Array(15)] }),
      /\(entry a\.npy\) is cut short/,
    ],
    [
      'a pickle',
      () =>
        zip('case.npz', {
          'a.npy': [
            Buffer.from(Buffer.from(header).toString('latin1').replace("'<f4'", "'|O' "), 'latin1'),
            new Uint8Array(16),
          ],
        }),
      /Python objects/,
    ],
  ])('%s', async (_, make, words) => {
    const path = await make();
    const error = await readNpz(path).catch((e) => e);
    expect(error).toMatchObject({ name: 'MatomariError', code: 'bad_file' });
    expect(error.message).toMatch(words);
    expect(error.message).toContain(path);
  });

  it('an entry that stands in the directory twice', async () => {
    const path = await zip('case.npz', { 'a.npy': array, 'b.npy': array });
    const bytes = readFileSync(path);
    bytes[bytes.lastIndexOf('b.npy')] = 'a'.charCodeAt(0);
    await expect(readNpz(folder.write('case.npz', bytes))).rejects.toThrow(/stands in it twice/);
  });

  it('an entry that unpacks to more than it claims, before it fills the memory', async () => {
    const path = await zip(
      'case.npz',
      { 'a.npy': [header, new Uint8Array(16), new Uint8Array(1_000_000)] },
      true,
    );
    const bytes = readFileSync(path);
    bytes.writeUInt32LE(header.length + 16, central(bytes) + 24);
    await expect(readNpz(folder.write('case.npz', bytes))).rejects.toThrow(/its checksum or its length/);
  });

  it('a bomb, unless it is trusted', async () => {
    const zeros = function* () {
      yield npyHeader('uint8', [2 ** 28]);
      for (let i = 0; i < 2 ** 8; i++) yield new Uint8Array(2 ** 20);
    };
    const path = await zip('bomb.npz', { 'zeros.npy': zeros() }, true);
    const error = await readNpz(path).catch((e) => e);
    expect(error).toMatchObject({
      code: 'bad_file',
      message: expect.stringMatching(/would unpack to 268435584, more than the 268435456 allowed/),
    });
    expect((await readNpz(path, { maxBytes: 2 ** 29 })).zeros!.shape).toEqual([2 ** 28]);
    await expect(readNpz(path, { maxBytes: -1 })).rejects.toMatchObject({ code: 'bad_option' });
  });
});

describe('writeSparseNpz', () => {
  const sparse = {
    indptr: Int32Array.of(0, 1, 3),
    indices: Int32Array.of(1, 0, 2),
    data: Float32Array.of(1, 2, 3),
    rows: 2,
    cols: 3,
  };

  it('round trips, an empty matrix included', async () => {
    await writeSparseNpz(at('s.npz'), sparse);
    expect(await readSparseNpz(at('s.npz'))).toEqual(sparse);
    const none = {
      indptr: BigInt64Array.of(0n),
      indices: new Int32Array(0),
      data: new Float32Array(0),
      rows: 0,
      cols: 0,
    };
    await writeSparseNpz(at('s.npz'), none);
    expect(await readSparseNpz(at('s.npz'))).toEqual({ ...none, indptr: Int32Array.of(0) });
  });

  it.each([
    [{ ...sparse, indptr: Int32Array.of(0, 1, 2) }, /indptr ends at 2, but there are 3 indices/],
    [{ ...sparse, indptr: Int32Array.of(1, 1, 3) }, /indptr starts at 1/],
    [{ ...sparse, indices: Int32Array.of(1, 0, 3) }, /index 3 lies outside the 3 columns/],
    [{ ...sparse, indices: Int32Array.of(1, -1, 2) }, /index -1 lies outside/],
    [{ ...sparse, rows: 3 }, /3 rows need 4/],
  ])('refuses a matrix that is not CSR (%#)', async (matrix, words) => {
    await expect(writeSparseNpz(at('never.npz'), matrix)).rejects.toMatchObject({
      code: 'bad_input',
      message: expect.stringMatching(words),
    });
    expect(readdirSync(folder.path)).not.toContain('never.npz');
  });
});
