import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import {
  createNpy,
  type NpyData,
  openNpy,
  readDocuments,
  readNpy,
  readNpz,
  readSparseNpz,
  splitDocuments,
  writeNpy,
  writeNpz,
  writeSparseNpz,
} from 'matomari/io';
import { describe, expect, it } from 'vitest';
import { csvRows } from '#dist/io/csv.js';
import { jsonlRows } from '#dist/io/jsonl.js';
import { lineRows } from '#dist/io/lines.js';
import { guarded } from '#dist/io/text-guard.js';
import { temporaryFolder } from '../temporary.js';

const folder = temporaryFolder();
const at = (name: string) => join(folder.path, name);

const TYPES = {
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
} as const;

/** An array of any type and shape, its elements any bits at all (NaN with payload included). */
const anyArray = fc
  .tuple(
    fc.constantFrom(...(Object.keys(TYPES) as (keyof typeof TYPES)[])),
    fc.array(fc.nat(5), { maxLength: 4 }),
  )
  .chain(([dtype, shape]) => {
    const length = shape.reduce((a, b) => a * b, 1) * TYPES[dtype].BYTES_PER_ELEMENT;
    return fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => ({
      dtype,
      shape,
      data: new TYPES[dtype](bytes.slice().buffer) as NpyData,
    }));
  });
const bytesOf = (data: NpyData) => Buffer.from(data.buffer, data.byteOffset, data.byteLength);

/** What a reader may do with any bytes: give a sound result or refuse in one sentence. */
async function readsOrRefuses(read: () => Promise<unknown>, codes: string[]): Promise<unknown> {
  try {
    return await read();
  } catch (error) {
    expect(error).toMatchObject({ name: 'MatomariError' });
    expect(codes).toContain((error as { code: string }).code);
    expect((error as Error).message).not.toMatch(/\n|undefined|NaN/);
    return undefined;
  }
}

describe('.npy and .npz', () => {
  it('every array comes back, bit for bit', async () => {
    await fc.assert(
      fc.asyncProperty(anyArray, async ({ dtype, shape, data }) => {
        await writeNpy(at('a.npy'), data, { shape });
        const back = await readNpy(at('a.npy'));
        expect([back.dtype, back.shape]).toEqual([dtype, shape]);
        expect(back.data.constructor).toBe(data.constructor);
        expect(bytesOf(back.data).equals(bytesOf(data))).toBe(true);
        expect(readFileSync(at('a.npy')).length % 64).toBe(data.byteLength % 64);
      }),
      { numRuns: 200 },
    );
  });

  it('every archive comes back, bit for bit', async () => {
    const archives = fc.tuple(
      fc.dictionary(fc.string({ unit: 'grapheme', maxLength: 12 }), anyArray),
      fc.boolean(),
    );
    await fc.assert(
      fc.asyncProperty(archives, async ([arrays, compress]) => {
        fc.pre(Object.keys(arrays).every((name) => !name.includes('\0')));
        await writeNpz(at('a.npz'), arrays, { compress });
        const back = await readNpz(at('a.npz'));
        expect(Object.keys(back)).toEqual(Object.keys(arrays));
        for (const [name, { shape, data }] of Object.entries(arrays)) {
          expect(back[name]!.shape).toEqual(shape);
          expect(bytesOf(back[name]!.data).equals(bytesOf(data))).toBe(true);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('a file grown in parts equals the one written whole, and its blocks are its rows', async () => {
    const matrices = fc.tuple(
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.nat(4), { maxLength: 5 }),
      fc.integer({ min: 1, max: 7 }),
    );
    await fc.assert(
      fc.asyncProperty(matrices, async ([cols, parts, blockRows]) => {
        const rows = parts.reduce((a, b) => a + b, 0);
        const data = Float32Array.from({ length: rows * cols }, (_, i) => i / 3);
        const writer = await createNpy(at('grown.npy'), { cols });
        let from = 0;
        for (const part of parts) {
          await writer.append(data.subarray(from * cols, (from + part) * cols));
          from += part;
        }
        await writer.commit();
        await writeNpy(at('whole.npy'), { data, rows, cols });
        expect(readFileSync(at('grown.npy')).equals(readFileSync(at('whole.npy')))).toBe(true);
        const file = await openNpy(at('grown.npy'));
        const seen: number[] = [];
        for await (const block of file.blocks(blockRows)) seen.push(...block.data);
        await file.close();
        expect(seen).toEqual(Array.from(data));
      }),
      { numRuns: 100 },
    );
  });

  it('every sparse matrix comes back', async () => {
    const rows = fc.array(fc.uniqueArray(fc.nat(6), { maxLength: 7 }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(rows, fc.boolean(), async (columns, wide) => {
        const indices = Int32Array.from(columns.flatMap((row) => row.sort((a, b) => a - b)));
        const ends = [
          0,
          ...columns.map((_, i) => columns.slice(0, i + 1).reduce((sum, row) => sum + row.length, 0)),
        ];
        const indptr = wide ? BigInt64Array.from(ends, BigInt) : Int32Array.from(ends);
        const matrix = {
          indptr,
          indices,
          data: Float32Array.from(indices, (_, p) => p + 0.5),
          rows: columns.length,
          cols: 7,
        };
        await writeSparseNpz(at('s.npz'), matrix);
        expect(await readSparseNpz(at('s.npz'))).toEqual({ ...matrix, indptr: Int32Array.from(ends) });
      }),
      { numRuns: 50 },
    );
  });

  it('changed bytes give bad_file or another sound array, never anything else', async () => {
    await writeNpy(
      at('good.npy'),
      Float32Array.from({ length: 60 }, (_, i) => i),
      { shape: [3, 4, 5] },
    );
    const good = readFileSync(at('good.npy'));
    const changes = fc.array(
      fc.tuple(
        fc.nat(127),
        fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('<>|=fiubSO0123456789(),[]\'"-L '))),
      ),
      {
        minLength: 1,
        maxLength: 6,
      },
    );
    let sound = 0;
    await fc.assert(
      fc.asyncProperty(changes, fc.integer({ min: -40, max: 40 }), async (bytes, longer) => {
        const bad = Buffer.alloc(Math.max(0, good.length + (longer % 5 === 0 ? longer : 0)));
        good.copy(bad);
        for (const [position, byte] of bytes) if (position < bad.length) bad[position] = byte;
        const path = folder.write('bad.npy', bad);
        const array = (await readsOrRefuses(() => readNpy(path), ['bad_file'])) as
          | Awaited<ReturnType<typeof readNpy>>
          | undefined;
        if (array === undefined) return;
        sound++;
        expect(array.data.length).toBe(array.shape.reduce((a, b) => a * b, 1));
      }),
      // A byte that stays as it was, so that there is a sound array for certain.
      { numRuns: 2000, examples: [[[[0, good[0]!]], 1]] },
    );
    expect(sound).toBeGreaterThan(0);
  });

  it('a changed archive is refused, unless the change is one that nothing reads', async () => {
    const data = Float32Array.from({ length: 50 }, (_, i) => i);
    for (const compress of [false, true]) {
      await writeNpz(at('good.npz'), { data, more: data }, { compress });
      const good = readFileSync(at('good.npz'));
      const changes = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), {
        minLength: 1,
        maxLength: 4,
      });
      await fc.assert(
        fc.asyncProperty(changes, fc.nat(good.length * 10), async (bytes, cut) => {
          const bad = Buffer.from(cut < good.length ? good.subarray(0, cut) : good);
          for (const [position, byte] of bytes) if (position < bad.length) bad[position] = byte;
          const path = folder.write('bad.npz', bad);
          const arrays = await readsOrRefuses(() => readNpz(path), ['bad_file']);
          for (const array of Object.values((arrays ?? {}) as Record<string, { data: NpyData }>))
            expect(array.data).toEqual(data);
        }),
        { numRuns: 500 },
      );
    }
  });
});

/** The bytes in chunks whose lengths are drawn, so that every boundary falls everywhere. */
async function* chunked(bytes: Buffer, lengths: number[]): AsyncGenerator<Buffer> {
  for (let start = 0, i = 0; start < bytes.length; i++) {
    const end = start + 1 + (lengths[i % Math.max(1, lengths.length)] ?? bytes.length);
    yield bytes.subarray(start, end);
    start = end;
  }
}
const chunkLengths = fc.array(fc.nat(9), { maxLength: 8 });
/** Text with all that is special somewhere, but no NUL and no lone surrogate. */
const anyText = fc
  .array(
    fc.oneof(
      {
        weight: 3,
        arbitrary: fc.constantFrom('"', ',', '\t', '\n', '\r\n', '\r', ' ', '\\', '日', '𠮷', '\ufeff'),
      },
      { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 4 }) },
    ),
    { maxLength: 6 },
  )
  .map((parts) => parts.join('').replaceAll('\0', ''));
const gather = async <T>(batches: AsyncIterable<T[]>) => {
  const all: T[] = [];
  for await (const batch of batches) all.push(...batch);
  return all;
};

describe('documents', () => {
  it('every table comes back from CSV and TSV, with the line of each row', async () => {
    const table = fc
      .integer({ min: 2, max: 4 })
      .chain((width) =>
        fc.array(fc.array(anyText, { minLength: width, maxLength: width }), { maxLength: 6 }),
      );
    await fc.assert(
      fc.asyncProperty(
        table,
        fc.constantFrom(',' as const, '\t' as const),
        fc.constantFrom('\n', '\r\n'),
        fc.boolean(),
        chunkLengths,
        async (rows, delimiter, newline, last, lengths) => {
          const width = rows[0]?.length ?? 2;
          const header = Array.from({ length: width }, (_, i) => `column ${i}`);
          const quote = (field: string) =>
            /["\r\n,\t]/.test(field) || field.startsWith('\ufeff')
              ? `"${field.replaceAll('"', '""')}"`
              : field;
          const lines = [header, ...rows].map((row) => row.map(quote).join(delimiter));
          const text = lines.join(newline) + (last ? newline : '');
          const chunks = guarded('f', chunked(Buffer.from(text), lengths));
          const columns = { text: 'column 0', id: `column ${width - 1}`, category: 'column 1' };
          const ends = (s: string) => s.split(/\r\n|\r|\n/).length - 1;
          const want = rows.map((row, i) => ({
            text: row[0],
            id: row[width - 1],
            category: row[1],
            line: 1 + lines.slice(0, i + 1).reduce((sum, line) => sum + 1 + ends(line), 0),
          }));
          expect(await gather(csvRows('f', chunks, columns, delimiter))).toEqual(want);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('every text comes back from JSONL', async () => {
    const objects = fc.array(
      fc.record({
        text: anyText,
        id: fc.oneof(anyText, fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true })),
      }),
      { maxLength: 6 },
    );
    await fc.assert(
      fc.asyncProperty(
        objects,
        fc.constantFrom('\n', '\r\n', '\n\n'),
        chunkLengths,
        async (rows, newline, lengths) => {
          fc.pre(
            rows.every(
              ({ id }) => typeof id === 'string' || !Number.isInteger(id) || Number.isSafeInteger(id),
            ),
          );
          const text = rows.map((row) => JSON.stringify(row)).join(newline);
          const read = await gather(
            jsonlRows('f', guarded('f', chunked(Buffer.from(text), lengths)), { text: 'text', id: 'id' }),
          );
          expect(read.map(({ text, id }) => ({ text, id }))).toEqual(
            rows.map(({ text, id }) => ({
              text,
              id: typeof id === 'string' ? id : String(JSON.parse(JSON.stringify(id))),
            })),
          );
          expect(read.map(({ line }) => line)).toEqual(
            rows.map((_, i) => 1 + i * (newline === '\n\n' ? 2 : 1)),
          );
        },
      ),
      { numRuns: 300 },
    );
  });

  it('every line comes back', async () => {
    const lines = fc.array(
      anyText.map((text) => text.replaceAll(/[\r\n\ufeff]/g, '')),
      { minLength: 1, maxLength: 8 },
    );
    await fc.assert(
      fc.asyncProperty(
        lines,
        fc.constantFrom('\n', '\r\n'),
        chunkLengths,
        async (texts, newline, lengths) => {
          const text = texts.map((line) => line + newline).join('');
          const read = await gather(lineRows('f', guarded('f', chunked(Buffer.from(text), lengths))));
          expect(read.map((row) => row.text)).toEqual(texts);
          expect(read.map((row) => row.line)).toEqual(texts.map((_, i) => i + 1));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('broken UTF-8 is found in its line, wherever the chunks are cut', async () => {
    const lines = fc.array(
      anyText.map((text) => text.replaceAll(/[\r\n]/g, '')),
      { minLength: 1, maxLength: 6 },
    );
    const broken = fc.constantFrom(
      [0xff],
      [0xc0, 0x80],
      [0xe3, 0x81],
      [0xed, 0xa0, 0x80],
      [0xf5, 0x80, 0x80, 0x80],
      [0x80],
      [0],
    );
    await fc.assert(
      fc.asyncProperty(lines, fc.nat(), broken, chunkLengths, async (texts, where, bytes, lengths) => {
        const line = where % texts.length;
        const parts = texts.map((text, i) =>
          Buffer.concat([Buffer.from(`_${text}`), Buffer.from(i === line ? bytes : []), Buffer.from('\n')]),
        );
        const read = gather(lineRows('f', guarded('f', chunked(Buffer.concat(parts), lengths))));
        const error = await read.catch((e) => e);
        expect(error).toMatchObject({ code: 'bad_file' });
        expect(error.message).toContain(`in line ${line + 1}`);
      }),
      { numRuns: 500 },
    );
  });

  it('any bytes at all are read or refused', async () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc
        .string({
          unit: fc.constantFrom('a', ',', '"', '\n', '\r', '\t', '{', '}', ':', '日'),
          maxLength: 40,
        })
        .map((s) => new Uint8Array(Buffer.from(s))),
    );
    const names = fc.constantFrom('x.csv', 'x.tsv', 'x.jsonl', 'x.txt');
    await fc.assert(
      fc.asyncProperty(bytes, names, fc.constantFrom(undefined, 'a'), async (content, name, text) => {
        const path = folder.write(name, content);
        const documents = await readsOrRefuses(
          () => readDocuments(path, { text }),
          ['bad_file', 'bad_input', 'bad_option'],
        );
        if (documents !== undefined) expect((documents as unknown[]).length).toBeGreaterThan(0);
      }),
      { numRuns: 1000 },
    );
  });

  it('a split holds every document once, each part within one of its share', () => {
    const shares = fc.tuple(fc.nat(100), fc.nat(100), fc.nat(100)).filter(([a, b, c]) => a + b + c > 0);
    fc.assert(
      fc.property(fc.nat(60), shares, fc.nat(), (n, [a, b, c], seed) => {
        const sum = a + b + c;
        const share = { train: a / sum, validation: b / sum, test: c / sum };
        const parts = splitDocuments(
          Array.from({ length: n }, (_, i) => i),
          { ...share, seed },
        );
        expect([...parts.train, ...parts.validation, ...parts.test].sort((x, y) => x - y)).toEqual(
          Array.from({ length: n }, (_, i) => i),
        );
        for (const part of ['train', 'validation', 'test'] as const) {
          expect(Math.abs(parts[part].length - n * share[part])).toBeLessThanOrEqual(1);
          if (share[part] === 0) expect(parts[part]).toEqual([]);
        }
      }),
    );
  });
});
