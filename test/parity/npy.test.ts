import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type NpyArray,
  type NpyDtype,
  openNpy,
  readMatrix,
  readNpy,
  readNpz,
  readSparseNpz,
  writeNpy,
  writeNpz,
  writeSparseNpz,
} from 'matomari/io';
import { describe, expect, it } from 'vitest';
import { npyHeader } from '#dist/io/npy-header.js';
import { temporaryFolder } from '../temporary.js';

const fixtures = fileURLToPath(new URL('../fixtures/npy/', import.meta.url));
const file = (name: string) => join(fixtures, name);
const folder = temporaryFolder();

interface Expected {
  dtype: string;
  shape: number[];
  values: (number | string)[];
  rewritable?: boolean;
}
const {
  arrays: archive,
  csr,
  ...expected
} = JSON.parse(readFileSync(file('expected.json'), 'utf8')) as Record<string, Expected> & {
  arrays: Record<string, Expected>;
  csr: { indptr: number[]; indices: number[]; data: number[]; shape: number[] };
};

/** JSON holds large integers, infinities, NaN and the sign of zero as strings. */
const numbers = (values: (number | string)[]) =>
  values.map((v) => (v === 'nan' ? Number.NaN : v === 'inf' ? Infinity : v === '-inf' ? -Infinity : v));
const plain = (array: NpyArray) =>
  Array.from(array.data as ArrayLike<number | bigint>, (v) =>
    typeof v === 'bigint' && (v > Number.MAX_SAFE_INTEGER || v < Number.MIN_SAFE_INTEGER)
      ? String(v)
      : Number(v),
  );

function expectArray(array: NpyArray, want: Expected) {
  expect(array.dtype).toBe(want.dtype);
  expect(array.shape).toEqual(want.shape);
  expect(plain(array)).toEqual(numbers(want.values));
  expect(array.rows * array.cols).toBe(array.data.length);
}

describe('files that NumPy wrote', () => {
  it('has an expectation for every file that can be read', () => {
    const refused = ['object', 'unicode', 'structured', 'complex', 'datetime'];
    const there = readdirSync(fixtures)
      .filter((name) => name.endsWith('.npy'))
      .map((name) => name.slice(0, -4));
    expect(there.filter((name) => !refused.includes(name)).sort()).toEqual(Object.keys(expected).sort());
  });

  for (const [name, want] of Object.entries(expected)) {
    it(`reads ${name}.npy`, async () => {
      expectArray(await readNpy(file(`${name}.npy`)), want);
    });
    if (want.dtype !== 'bytes' && want.shape.length >= 1)
      it(`reads the rows of ${name}.npy as float32`, async () => {
        if (name === 'fortran_3d') {
          await expect(openNpy(file(`${name}.npy`))).rejects.toThrow(/3 dimensions in Fortran order/);
          return;
        }
        const opened = await openNpy(file(`${name}.npy`));
        const floats = Array.from(numbers(want.values), (v) => Math.fround(Number(v)));
        for (let start = 0; start < opened.rows; start++)
          for (let end = start; end <= opened.rows; end++)
            expect(Array.from((await opened.read(start, end)).data)).toEqual(
              floats.slice(start * opened.cols, end * opened.cols),
            );
        await opened.close();
        if (want.shape.length <= 2)
          expect(Array.from((await readMatrix(file(`${name}.npy`))).data)).toEqual(floats);
      });
    if (want.rewritable)
      it(`writes ${name}.npy byte for byte`, async () => {
        const path = join(folder.path, `${name}.npy`);
        await writeNpy(path, await readNpy(file(`${name}.npy`)));
        expect(readFileSync(path).equals(readFileSync(file(`${name}.npy`)))).toBe(true);
      });
  }

  it.each([
    ['object', /holds Python objects/],
    ['unicode', /"<U3", which cannot be read/],
    ['structured', /structured dtype/],
    ['complex', /"<c16", which cannot be read/],
    ['datetime', /is "<M8\[D\]"|type "<M8\[D\]"/],
  ])('refuses %s.npy in words', async (name, words) => {
    const error = await readNpy(file(`${name}.npy`)).catch((e) => e);
    expect(error).toMatchObject({ name: 'MatomariError', code: 'bad_file' });
    expect(error.message).toMatch(words);
    expect(error.message).toContain(file(`${name}.npy`));
  });

  it('writes the headers that NumPy writes, for every shape', () => {
    const headers = JSON.parse(readFileSync(file('headers.json'), 'utf8')) as [NpyDtype, number[], string][];
    expect(headers.length).toBeGreaterThan(300);
    for (const [dtype, shape, header] of headers)
      expect(Buffer.from(npyHeader(dtype, shape)).toString('latin1')).toBe(header);
  });
});

describe('archives that NumPy and SciPy wrote', () => {
  it.each(['arrays', 'arrays_compressed'])('reads %s.npz', async (name) => {
    const arrays = await readNpz(file(`${name}.npz`));
    expect(Object.keys(arrays)).toEqual(Object.keys(archive));
    for (const [key, want] of Object.entries(archive)) expectArray(arrays[key]!, want);
  });

  it('reads an archive without entries', async () => {
    expect(await readNpz(file('none.npz'))).toEqual({});
  });

  it.each(['csr', 'csr_stored', 'csr_array', 'csr_int64'])('reads %s.npz', async (name) => {
    const matrix = await readSparseNpz(file(`${name}.npz`));
    expect([matrix.rows, matrix.cols]).toEqual(csr.shape);
    expect(Array.from(matrix.indptr as Int32Array, Number)).toEqual(csr.indptr);
    expect(Array.from(matrix.indices)).toEqual(csr.indices);
    expect(Array.from(matrix.data)).toEqual(csr.data);
    expect(matrix.indptr).toBeInstanceOf(name === 'csr_int64' ? BigInt64Array : Int32Array);
  });

  it('sorts rows whose columns do not ascend', async () => {
    const matrix = await readSparseNpz(file('csr_unsorted.npz'));
    expect(matrix.indices).toEqual(Int32Array.of(0, 3, 2));
    expect(matrix.data).toEqual(Float32Array.of(2, 1, 3));
  });

  it.each([
    ['csc', /in csc format, and only csr/],
    ['csr_duplicate', /an entry twice in row 0: call matrix.sum_duplicates/],
    ['csr_outside', /index 4 lies outside the 4 columns/],
    ['csr_falling', /indptr falls from 4 to 3 at row 1/],
    ['arrays', /no entry "format"/],
  ])('refuses %s.npz as a sparse matrix', async (name, words) => {
    const error = await readSparseNpz(file(`${name}.npz`)).catch((e) => e);
    expect(error).toMatchObject({ name: 'MatomariError', code: 'bad_file' });
    expect(error.message).toMatch(words);
  });

  it('writes the entries of save_npz, byte for byte', async () => {
    const path = join(folder.path, 'csr.npz');
    for (const name of ['csr', 'csr_int64']) {
      await writeSparseNpz(path, await readSparseNpz(file(`${name}.npz`)), { compress: false });
      expect(entries(readFileSync(path))).toEqual(entries(readFileSync(file('csr_stored.npz'))));
    }
  });
});

/** Names and contents of the stored entries of an archive, from its local headers. */
function entries(zip: Buffer): [string, string][] {
  const found: [string, string][] = [];
  for (let at = 0; zip.readUInt32LE(at) === 0x04034b50; ) {
    const [nameLength, extraLength] = [zip.readUInt16LE(at + 26), zip.readUInt16LE(at + 28)];
    const start = at + 30 + nameLength + extraLength;
    const size = Number(zip.readBigUInt64LE(at + 30 + nameLength + 4));
    found.push([
      zip.toString('utf8', at + 30, at + 30 + nameLength),
      zip.toString('hex', start, start + size),
    ]);
    at = start + size;
  }
  return found;
}

describe('files that NumPy and SciPy read', () => {
  const script = `
import sys, numpy as np, scipy.sparse
folder = sys.argv[1]
grid = np.load(folder + '/grid.npy')
assert grid.dtype == '<f4' and grid.shape == (3, 2) and grid.tolist() == [[0, 1], [2, 3], [4, 5]], grid
assert np.load(folder + '/truth.npy').tolist() == [True, False, True]
for name in ['stored', 'deflated']:
    with np.load(f'{folder}/{name}.npz') as arrays:
        assert arrays.files == ['grid', '日本'], arrays.files
        assert arrays['grid'].tolist() == grid.tolist() and arrays['日本'].tolist() == [2**53 + 1]
    matrix = scipy.sparse.load_npz(f'{folder}/sparse-{name}.npz')
    assert matrix.format == 'csr' and matrix.shape == (2, 3) and matrix.dtype == np.float32, matrix
    assert matrix.indptr.dtype == np.int32 and matrix.indices.dtype == np.int32
    assert matrix.toarray().tolist() == [[0, 1.5, 0], [2.5, 0, 3.5]], matrix.toarray()
print('ok')
`;
  it('np.load and scipy.sparse.load_npz take what is written', async (ctx) => {
    try {
      execFileSync('python3', ['-c', 'import numpy, scipy.sparse'], { stdio: 'ignore' });
    } catch {
      return ctx.skip(
        'python3 with numpy and scipy is not here; the byte-for-byte tests above stand in for it',
      );
    }
    const at = (name: string) => join(folder.path, name);
    const grid = { data: Float32Array.of(0, 1, 2, 3, 4, 5), rows: 3, cols: 2 };
    const sparse = {
      indptr: BigInt64Array.of(0n, 1n, 3n),
      indices: Int32Array.of(1, 0, 2),
      data: Float32Array.of(1.5, 2.5, 3.5),
      rows: 2,
      cols: 3,
    };
    await writeNpy(at('grid.npy'), grid);
    await writeNpy(at('truth.npy'), Uint8Array.of(1, 0, 1), { dtype: 'bool' });
    for (const [name, compress] of [
      ['stored', false],
      ['deflated', true],
    ] as const) {
      await writeNpz(at(`${name}.npz`), { grid, 日本: BigInt64Array.of(2n ** 53n + 1n) }, { compress });
      await writeSparseNpz(at(`sparse-${name}.npz`), sparse, { compress });
    }
    expect(execFileSync('python3', ['-c', script, folder.path], { encoding: 'utf8' }).trim()).toBe('ok');
  });
});
