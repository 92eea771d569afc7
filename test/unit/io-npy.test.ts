import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { createNpy, openNpy, readMatrix, readNpy, writeNpy } from 'matomari/io';
import { describe, expect, it } from 'vitest';
import { npyHeader } from '#dist/io/npy-header.js';
import { temporaryFolder } from '../temporary.js';

const folder = temporaryFolder();
const at = (name: string) => join(folder.path, name);
const grid = { data: Float32Array.of(1, 2, 3, 4, 5, 6), rows: 2, cols: 3 };

/** A file with this header text, in the given version, before the data. */
function npy(header: string, data: Uint8Array = new Uint8Array(0), version = 1): string {
  const text = Buffer.from(`${header}\n`, version === 3 ? 'utf8' : 'latin1');
  const length = Buffer.alloc(version === 1 ? 2 : 4);
  length.writeUIntLE(text.length, 0, length.length);
  return folder.write(
    'case.npy',
    Buffer.concat([Buffer.from('\x93NUMPY', 'latin1'), Buffer.of(version, 0), length, text, data]),
  );
}

describe('readNpy and writeNpy', () => {
  it('write a matrix and read it back as one', async () => {
    await writeNpy(at('a.npy'), grid);
    expect(await readNpy(at('a.npy'))).toEqual({ ...grid, shape: [2, 3], dtype: 'float32' });
  });

  it('take a typed array, a shape, and what readNpy gave', async () => {
    await writeNpy(at('a.npy'), Int32Array.of(1, 2, 3, 4, 5, 6, 7, 8), { shape: [2, 2, 2] });
    const cube = await readNpy(at('a.npy'));
    expect(cube).toMatchObject({ shape: [2, 2, 2], rows: 2, cols: 4, dtype: 'int32' });
    await writeNpy(at('b.npy'), cube);
    expect(readFileSync(at('b.npy'))).toEqual(readFileSync(at('a.npy')));
    await writeNpy(at('a.npy'), Float64Array.of(7), { shape: [] });
    expect(await readNpy(at('a.npy'))).toEqual({
      data: Float64Array.of(7),
      shape: [],
      dtype: 'float64',
      rows: 1,
      cols: 1,
    });
  });

  it('write a part of a larger buffer, a shared one, a Buffer', async () => {
    const large = Float32Array.of(9, 1, 2, 9);
    await writeNpy(at('a.npy'), large.subarray(1, 3));
    expect((await readNpy(at('a.npy'))).data).toEqual(Float32Array.of(1, 2));
    const shared = new Float32Array(new SharedArrayBuffer(8));
    shared.set([3, 4]);
    await writeNpy(at('a.npy'), shared);
    expect((await readNpy(at('a.npy'))).data).toEqual(Float32Array.of(3, 4));
    await writeNpy(at('a.npy'), Buffer.of(5, 6));
    expect(await readNpy(at('a.npy'))).toMatchObject({ data: Uint8Array.of(5, 6), dtype: 'uint8' });
  });

  it('keep truth values and byte strings', async () => {
    await writeNpy(at('a.npy'), Uint8Array.of(0, 1), { dtype: 'bool' });
    const truth = await readNpy(at('a.npy'));
    expect(truth).toMatchObject({ data: Uint8Array.of(0, 1), dtype: 'bool', shape: [2] });
    await writeNpy(at('b.npy'), truth);
    expect(readFileSync(at('b.npy'))).toEqual(readFileSync(at('a.npy')));
    await expect(writeNpy(at('a.npy'), Uint8Array.of(2), { dtype: 'bool' })).rejects.toThrow(/\[0\] is 2/);
    await expect(writeNpy(at('a.npy'), Int8Array.of(1), { dtype: 'bool' as const })).rejects.toThrow(
      /needs a Uint8Array/,
    );
  });

  it.each([
    [[1, 2, 3], 'bad_input', /must be a typed array, a matrix/],
    [null, 'bad_input', /not null/],
    [
      { data: Float32Array.of(1), rows: 1, cols: 2 },
      'bad_input',
      /shape \(1, 2\) needs 2 elements, but the array has 1/,
    ],
    [{ data: Float32Array.of(1), shape: [-1] }, 'bad_input', /whole numbers/],
    [new DataView(new ArrayBuffer(8)), 'bad_input', /must be a typed array/],
  ])('writeNpy refuses %j', async (value, code, words) => {
    await expect(writeNpy(at('never.npy'), value as never)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(words),
    });
    expect(readdirSync(folder.path)).not.toContain('never.npy');
  });

  it('refuse options that do not fit', async () => {
    await expect(writeNpy(at('x.npy'), grid, { shape: [4] })).rejects.toMatchObject({ code: 'bad_option' });
    await expect(writeNpy(at('x.npy'), grid, { shpae: [6] } as never)).rejects.toThrow(
      /did you mean "shape"/,
    );
    await expect(readNpy(at('a.npy'), { signl: 1 } as never)).rejects.toThrow(/did you mean "signal"/);
  });

  it('stop at a signal that has fired', async () => {
    const signal = AbortSignal.abort();
    await writeNpy(at('a.npy'), grid);
    await expect(readNpy(at('a.npy'), { signal })).rejects.toMatchObject({ code: 'cancelled' });
    await expect(writeNpy(at('never.npy'), grid, { signal })).rejects.toMatchObject({ code: 'cancelled' });
    expect(readdirSync(folder.path).filter((name) => /never|tmp/.test(name))).toEqual([]);
  });
});

describe('files that are refused', () => {
  const header = (shape: string, descr = "'<f4'") =>
    `{'descr': ${descr}, 'fortran_order': False, 'shape': ${shape}, }`;
  it.each([
    ['an empty file', () => folder.write('case.npy', ''), /is empty/],
    ['text', () => folder.write('case.npy', 'id,title\n1,a\n'), /is not a \.npy file/],
    [
      'a zip archive',
      () => folder.write('case.npy', 'PK\x03\x04 and more'),
      /zip archive: read it with readNpz/,
    ],
    ['a pickle', () => folder.write('case.npy', Buffer.of(0x80, 4, 0x95, 0, 0, 0, 0, 0)), /Python pickle/],
    [
      'the magic alone',
      () => folder.write('case.npy', Buffer.from('\x93NUMPY', 'latin1')),
      /is not a \.npy file/,
    ],
    [
      'a header cut short',
      () => folder.write('case.npy', Buffer.from('\x93NUMPY\x01\x00\x76', 'latin1')),
      /ends inside the \.npy header/,
    ],
    ['version 4', () => npy(header('(1,)'), new Uint8Array(4), 4), /format version 4\.0/],
    [
      'a header beyond the file',
      () => folder.write('case.npy', Buffer.from('\x93NUMPY\x02\x00\xff\xff\xff\xff{}', 'latin1')),
      /has 4294967295 bytes, but only 2 follow/,
    ],
    [
      'a giant header',
      () => npy(header('(0,)') + ' '.repeat(2 ** 21), new Uint8Array(0), 2),
      /more than 1048576 are not read/,
    ],
    [
      'data cut short',
      () => npy(header('(3,)'), new Uint8Array(11)),
      /needs 12 bytes of data, but it has 11/,
    ],
    ['bytes after the data', () => npy(header('(3,)'), new Uint8Array(13)), /has 1 bytes after its data/],
    ['an absurd shape', () => npy(header('(9007199254740991, 9007199254740991)')), /is cut short: shape/],
    ['a shape beyond numbers', () => npy(header('(99999999999999999999999,)')), /is not a size/],
    ['a negative size', () => npy(header('(-1, 4)')), /-1 is not a size/],
    [
      'a size that overflows to the right one',
      () => npy(header('(4611686018427387905,)'), new Uint8Array(4)),
      /is not a size/,
    ],
    ['too many dimensions', () => npy(header(`(${'1, '.repeat(65)})`), new Uint8Array(4)), /65 dimensions/],
    ['a shape that is a list', () => npy(header('[1]'), new Uint8Array(4)), /shape is not a tuple/],
    ['a shape of strings', () => npy(header("('1',)"), new Uint8Array(4)), /shape is not a tuple/],
    [
      'code instead of a dictionary',
      () => npy("__import__('os').system('true')"),
      /is not a dictionary literal/,
    ],
    ['a list', () => npy('[1, 2]'), /it is not a dictionary/],
    ['a missing key', () => npy("{'descr': '<f4', 'shape': (1,)}"), /its keys are descr, shape/],
    [
      'a key too many',
      () => npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 1}"),
      /its keys are/,
    ],
    [
      'a key twice',
      () => npy("{'descr': '<f4', 'descr': '<f8', 'fortran_order': False, 'shape': (1,)}"),
      /dictionary literal/,
    ],
    [
      'fortran_order that is a number',
      () => npy("{'descr': '<f4', 'fortran_order': 1, 'shape': (1,)}"),
      /fortran_order is 1/,
    ],
    ['deep nesting', () => npy(`{'descr': ${'['.repeat(30_000)}`), /dictionary literal/],
    ['something after the dictionary', () => npy(`${header('(0,)')} 7`), /dictionary literal/],
    [
      'Python objects',
      () => npy(header('(1,)', "'|O'"), new Uint8Array(8)),
      /Python objects \(a pickle\), which are never loaded/,
    ],
    ['records', () => npy(header('(1,)', "[('a', '<i4')]"), new Uint8Array(4)), /structured dtype/],
    ['a subarray type', () => npy(header('(1,)', "('<f4', (2,))"), new Uint8Array(8)), /structured dtype/],
    ['an unknown type', () => npy(header('(1,)', "'<f3'"), new Uint8Array(3)), /"<f3", which cannot be read/],
    [
      '128-bit floats',
      () => npy(header('(1,)', "'<f16'"), new Uint8Array(16)),
      /"<f16", which cannot be read/,
    ],
  ])('%s', async (_, make, words) => {
    const path = make();
    const error = await readNpy(path).catch((e) => e);
    expect(error).toMatchObject({ name: 'MatomariError', code: 'bad_file' });
    expect(error.message).toMatch(words);
    expect(error.message).toContain(path);
    await expect(openNpy(path)).rejects.toMatchObject({ code: 'bad_file', message: error.message });
  });

  it('a missing file, a folder, a device', async () => {
    await expect(readNpy(at('none.npy'))).rejects.toMatchObject({
      code: 'bad_file',
      message: `${at('none.npy')} does not exist: check the path`,
    });
    mkdirSync(at('folder.npy'), { recursive: true });
    await expect(readNpy(at('folder.npy'))).rejects.toThrow(/is a folder/);
    await expect(readNpy('/dev/zero')).rejects.toThrow(/is not a regular file/);
    await expect(readNpy(3 as never)).rejects.toMatchObject({ code: 'bad_input' });
  });

  it('an empty array with absurd other sizes is empty', async () => {
    const array = await readNpy(npy(header('(0, 9007199254740991)')));
    expect(array.data.length).toBe(0);
  });
});

describe('openNpy', () => {
  it('reads blocks of rows', async () => {
    const data = Float64Array.from({ length: 7 * 3 }, (_, i) => i);
    await writeNpy(at('a.npy'), data, { shape: [7, 3] });
    const file = await openNpy(at('a.npy'));
    expect(file).toMatchObject({ rows: 7, cols: 3, shape: [7, 3], dtype: 'float64' });
    expect(await file.read(2, 4)).toEqual({
      data: Float32Array.from(data.subarray(6, 12)),
      rows: 2,
      cols: 3,
    });
    expect(await file.read(7)).toEqual({ data: new Float32Array(0), rows: 0, cols: 3 });
    const starts: [number, number][] = [];
    const seen: number[] = [];
    for await (const block of file.blocks(3)) {
      starts.push([block.start, block.rows]);
      seen.push(...block.data);
    }
    expect(starts).toEqual([
      [0, 3],
      [3, 3],
      [6, 1],
    ]);
    expect(seen).toEqual(Array.from(data));
    await expect(file.read(0, 8)).rejects.toMatchObject({
      code: 'bad_option',
      message: expect.stringMatching(/end must be an integer from 0 to 7/),
    });
    await expect(file.read(5, 4)).rejects.toMatchObject({ code: 'bad_option' });
    await file.close();
    await file.close();
    await expect(file.read()).rejects.toMatchObject({ code: 'closed' });
  });

  it('says when the file became shorter', async () => {
    await writeNpy(at('a.npy'), grid);
    const file = await openNpy(at('a.npy'));
    writeFileSync(at('a.npy'), readFileSync(at('a.npy')).subarray(0, 140));
    await expect(file.read()).rejects.toMatchObject({
      code: 'bad_file',
      message: expect.stringMatching(/became shorter/),
    });
    await file[Symbol.asyncDispose]();
  });

  it('reads rows beyond 2^31 bytes and 2^31 elements', async () => {
    // A sparse file: three bytes a row, 1.5 billion rows, of which only the last are ever written.
    const rows = 1_500_000_000;
    const header = npyHeader('uint8', [rows, 3]);
    const fd = openSync(at('large.npy'), 'w');
    writeSync(fd, header);
    ftruncateSync(fd, header.length + rows * 3);
    writeSync(fd, Uint8Array.of(1, 2, 3, 4, 5, 6), 0, 6, header.length + (rows - 2) * 3);
    closeSync(fd);
    const file = await openNpy(at('large.npy'));
    expect(file.rows).toBe(rows);
    expect(await file.read(rows - 3)).toEqual({
      data: Float32Array.of(0, 0, 0, 1, 2, 3, 4, 5, 6),
      rows: 3,
      cols: 3,
    });
    await file.close();
  });
});

describe('readMatrix', () => {
  it('takes any number type, and a vector as one column', async () => {
    await writeNpy(at('a.npy'), BigInt64Array.of(-1n, 2n ** 40n, 3n), { shape: [1, 3] });
    expect(await readMatrix(at('a.npy'))).toEqual({
      data: Float32Array.of(-1, 2 ** 40, 3),
      rows: 1,
      cols: 3,
    });
    await writeNpy(at('a.npy'), Uint16Array.of(1, 65535));
    expect(await readMatrix(at('a.npy'))).toEqual({ data: Float32Array.of(1, 65535), rows: 2, cols: 1 });
  });

  it('refuses other dimensions', async () => {
    await writeNpy(at('a.npy'), grid, { shape: [1, 2, 3] });
    await expect(readMatrix(at('a.npy'))).rejects.toMatchObject({
      code: 'bad_file',
      message: expect.stringMatching(/has 3 dimensions \(1, 2, 3\)/),
    });
    await writeNpy(at('a.npy'), Float32Array.of(1), { shape: [] });
    await expect(readMatrix(at('a.npy'))).rejects.toThrow(/holds a single number/);
    await writeNpy(at('a.npy'), Buffer.from('ab'), { dtype: 'bytes', shape: [1, 2] });
    await expect(readMatrix(at('a.npy'))).rejects.toThrow(/holds byte strings/);
  });
});

describe('createNpy', () => {
  it('gives the file that writeNpy gives', async () => {
    const writer = await createNpy(at('grown.npy'), { cols: 3 });
    await writer.append(grid);
    await writer.append(Float32Array.of(7, 8, 9));
    await writer.append(new Float32Array(0));
    expect(writer.rows).toBe(3);
    expect(readdirSync(folder.path)).not.toContain('grown.npy');
    await writer.commit();
    await writeNpy(at('whole.npy'), Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9), { shape: [3, 3] });
    expect(readFileSync(at('grown.npy'))).toEqual(readFileSync(at('whole.npy')));
  });

  it('grows a vector of another type', async () => {
    const writer = await createNpy(at('labels.npy'), { dtype: 'int32' });
    for (let i = 0; i < 1000; i++) await writer.append(Int32Array.of(i, -i));
    await writer.commit();
    const labels = await readNpy(at('labels.npy'));
    expect(labels.shape).toEqual([2000]);
    expect(labels.data[1999]).toBe(-999);
  });

  it('refuses what does not fit, and leaves nothing after abort', async () => {
    const writer = await createNpy(at('bad.npy'), { cols: 3 });
    await expect(writer.append(Float64Array.of(1, 2, 3))).rejects.toMatchObject({
      code: 'bad_input',
      message: expect.stringMatching(/holds float32, but what was appended is float64/),
    });
    await expect(writer.append(Float32Array.of(1, 2))).rejects.toThrow(/no whole rows/);
    await expect(writer.append({ data: Float32Array.of(1, 2), rows: 1, cols: 2 })).rejects.toThrow(
      /has 3 columns, but what was appended has 2/,
    );
    await expect(writer.append([1, 2, 3] as never)).rejects.toThrow(/an array of 3/);
    await writer.abort();
    expect(readdirSync(folder.path).filter((name) => /bad|tmp/.test(name))).toEqual([]);
    await expect(createNpy(at('bad.npy'), { dtype: 'float23' as never })).rejects.toThrow(
      /did you mean "float32"/,
    );
    await expect(createNpy(at('bad.npy'), { cols: -1 })).rejects.toMatchObject({ code: 'bad_option' });
  });
});
