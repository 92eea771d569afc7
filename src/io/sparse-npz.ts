import { checkOptions } from '../check.js';
import { MatomariError } from '../errors.js';
import { allocate, checkSparse, type SparseMatrix } from '../matrix.js';
import { badFile } from './file-error.js';
import type { NpyArray } from './npy.js';
import { type NpzReadOptions, type NpzWriteOptions, readNpz, writeNpz } from './npz.js';

const MAX_INT32 = 2 ** 31 - 1;

/**
 * Writes a CSR matrix as `scipy.sparse.save_npz` does: the arrays `indices` (int32), `indptr` (int32 while it fits,
 * else int64), `format` (b'csr'), `shape` (int64) and `data` (float32), deflated unless `compress` is false.
 * `scipy.sparse.load_npz` reads it back as a csr_matrix.
 *
 * @throws `bad_input` when the matrix is not well formed, `bad_file` when the file cannot be written
 */
export async function writeSparseNpz(
  path: string,
  matrix: SparseMatrix,
  options: NpzWriteOptions = {},
): Promise<void> {
  checkOptions('writeSparseNpz', options, ['compress', 'signal']);
  checkSparse('writeSparseNpz: the matrix', matrix);
  const { indices, data, rows, cols } = matrix;
  const indptr =
    matrix.indptr instanceof BigInt64Array && data.length <= MAX_INT32
      ? Int32Array.from(matrix.indptr, Number)
      : matrix.indptr;
  const problem = structureProblem(indptr, indices, cols);
  if (problem) throw new MatomariError('bad_input', `writeSparseNpz: the matrix is not CSR: ${problem}`);
  const format = { data: new Uint8Array(Buffer.from('csr')), shape: [3], dtype: 'bytes' as const };
  const shape = BigInt64Array.of(BigInt(rows), BigInt(cols));
  await writeNpz(path, { indices, indptr, format, shape, data }, { compress: true, ...options });
}

/**
 * Reads a CSR matrix as `scipy.sparse.save_npz` writes it. Values become float32; rows whose column indices do not
 * ascend are sorted. `indptr` is a BigInt64Array if it is int64 in the file.
 *
 * @throws `bad_file` as readNpz, and when the file holds no CSR matrix or an index lies outside it
 */
export async function readSparseNpz(path: string, options: NpzReadOptions = {}): Promise<SparseMatrix> {
  checkOptions('readSparseNpz', options, ['maxBytes', 'signal']);
  const arrays = await readNpz(path, options);
  const format = arrays.format && Buffer.from(arrays.format.data as Uint8Array).toString('latin1');
  if (arrays.format?.dtype !== 'bytes' || format === undefined)
    throw badFile(path, 'holds no sparse matrix (no entry "format"): write it with scipy.sparse.save_npz');
  if (format !== 'csr')
    throw badFile(
      path,
      `holds a sparse matrix in ${format} format, and only csr can be read: save matrix.tocsr()`,
    );
  const [indices, indptr, shape, data] = ['indices', 'indptr', 'shape', 'data'].map((key) => {
    const array = arrays[key];
    if (array?.shape.length !== 1 || array.dtype === 'bytes')
      throw badFile(
        path,
        `holds no sound sparse matrix: its entry "${key}" ${array ? 'is no vector of numbers' : 'is missing'}`,
      );
    return array;
  }) as [NpyArray, NpyArray, NpyArray, NpyArray];
  const [rows, cols] = Array.from(shape.data as BigInt64Array, Number) as [number, number];
  const matrix: SparseMatrix = {
    indptr: indptr.data instanceof BigInt64Array ? indptr.data : toInt32(path, 'indptr', indptr),
    indices: toInt32(path, 'indices', indices),
    data: toFloat32(data),
    rows,
    cols,
  };
  if (
    shape.data.length !== 2 ||
    matrix.indptr.length !== rows + 1 ||
    matrix.indices.length !== matrix.data.length
  )
    throw badFile(
      path,
      `holds no sound sparse matrix: shape (${Array.from(shape.data as Int32Array).join(', ')}) does not fit ${matrix.indptr.length} row pointers, ${matrix.indices.length} indices and ${matrix.data.length} values`,
    );
  const problem = structureProblem(matrix.indptr, matrix.indices, cols);
  if (problem) throw badFile(path, `holds no sound sparse matrix: ${problem}`);
  const twice = sortRows(matrix);
  if (twice !== undefined)
    throw badFile(
      path,
      `holds an entry twice in row ${twice}: call matrix.sum_duplicates() before saving it`,
    );
  return matrix;
}

/** What is wrong with the row pointers or the column indices, if anything is. */
function structureProblem(
  indptr: BigInt64Array | Int32Array,
  indices: Int32Array,
  cols: number,
): string | undefined {
  if (Number(indptr[0]) !== 0) return `indptr starts at ${indptr[0]}, not at 0`;
  for (let i = 1; i < indptr.length; i++)
    if (indptr[i]! < indptr[i - 1]!)
      return `indptr falls from ${indptr[i - 1]} to ${indptr[i]} at row ${i - 1}`;
  if (Number(indptr.at(-1)) !== indices.length)
    return `indptr ends at ${indptr.at(-1)}, but there are ${indices.length} indices`;
  for (let p = 0; p < indices.length; p++)
    if (indices[p]! < 0 || indices[p]! >= cols) return `index ${indices[p]} lies outside the ${cols} columns`;
  return undefined;
}

/** Sorts every row's columns; the first row that has a column twice, or undefined. */
function sortRows({ indptr, indices, data, rows }: SparseMatrix): number | undefined {
  for (let i = 0; i < rows; i++) {
    const [start, end] = [Number(indptr[i]), Number(indptr[i + 1])];
    let ascending = true;
    for (let p = start + 1; p < end; p++) ascending &&= indices[p]! > indices[p - 1]!;
    if (ascending) continue;
    const order = Array.from({ length: end - start }, (_, p) => start + p).sort(
      (a, b) => indices[a]! - indices[b]!,
    );
    const sorted = order.map((p) => [indices[p]!, data[p]!] as const);
    for (const [p, [index, value]] of sorted.entries()) {
      if (p > 0 && index === sorted[p - 1]![0]) return i;
      indices[start + p] = index;
      data[start + p] = value;
    }
  }
  return undefined;
}

function toInt32(path: string, key: string, { data }: NpyArray): Int32Array {
  if (data instanceof Int32Array) return data;
  const out = allocate(Int32Array, data.length);
  for (let i = 0; i < data.length; i++) {
    out[i] = Number(data[i]);
    if (out[i] !== Number(data[i]))
      throw badFile(
        path,
        `holds ${data[i]} in "${key}", which is no index below 2^31: such a matrix cannot be read`,
      );
  }
  return out;
}

function toFloat32({ data }: NpyArray): Float32Array {
  if (data instanceof Float32Array) return data;
  const out = allocate(Float32Array, data.length);
  for (let i = 0; i < data.length; i++) out[i] = Number(data[i]);
  return out;
}
