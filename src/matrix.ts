import { show } from './check.js';
import { MatomariError } from './errors.js';

/** A dense float32 matrix, row-major: element (i, j) is `data[i * cols + j]`. Any object of this shape is accepted. */
export interface Matrix {
  data: Float32Array;
  rows: number;
  cols: number;
}

/** A sparse float32 matrix in CSR: row i holds the entries `indptr[i]` to `indptr[i + 1]`, columns ascending. */
export interface SparseMatrix {
  indptr: BigInt64Array | Int32Array;
  indices: Int32Array;
  data: Float32Array;
  rows: number;
  cols: number;
}

export const METRICS = ['euclidean', 'sqeuclidean', 'cosine', 'dot'] as const;
/** Distance or similarity: `cosine` is 1 − cos; `dot` is x·y, where larger means nearer. */
export type Metric = (typeof METRICS)[number];

const isSize = (v: unknown): v is number => typeof v === 'number' && Number.isSafeInteger(v) && v >= 0;

/** Throws `bad_input` unless the value is a Matrix whose array has exactly rows × cols elements. */
export function checkMatrix(name: string, value: unknown): asserts value is Matrix {
  const m = value as Partial<Matrix> | null | undefined;
  if (typeof m !== 'object' || m === null || !(m.data instanceof Float32Array))
    throw new MatomariError(
      'bad_input',
      `${name} must be a matrix { data: Float32Array, rows, cols }, not ${show(value)}`,
    );
  if (!isSize(m.rows) || !isSize(m.cols))
    throw new MatomariError(
      'bad_input',
      `${name}.rows and ${name}.cols must be whole numbers, not ${m.rows} and ${m.cols}`,
    );
  if (m.data.length !== m.rows * m.cols)
    throw new MatomariError(
      'bad_input',
      `${name}.data has ${m.data.length} elements, but ${m.rows} rows of ${m.cols} need ${m.rows * m.cols}`,
    );
}

/** Like checkMatrix, and the matrix must have at least one row and one column. */
export function checkFilledMatrix(name: string, value: unknown): asserts value is Matrix {
  checkMatrix(name, value);
  if (value.rows === 0 || value.cols === 0)
    throw new MatomariError(
      'bad_input',
      `${name} is empty (${value.rows} × ${value.cols}): give at least one row and one column`,
    );
}

/** Throws `bad_input` unless the two matrices have the same number of columns. */
export function checkSameCols(nameA: string, a: Matrix, nameB: string, b: Matrix): void {
  if (a.cols !== b.cols)
    throw new MatomariError(
      'bad_input',
      `${nameA} has ${a.cols} columns and ${nameB} ${b.cols}: they must be equal`,
    );
}

/** Throws `bad_input` unless the value is a well-formed CSR matrix (shape only: the native side checks every index). */
export function checkSparse(name: string, value: unknown): asserts value is SparseMatrix {
  const m = value as Partial<SparseMatrix> | null | undefined;
  if (
    typeof m !== 'object' ||
    m === null ||
    !(m.data instanceof Float32Array) ||
    !(m.indices instanceof Int32Array) ||
    !(m.indptr instanceof Int32Array || m.indptr instanceof BigInt64Array)
  )
    throw new MatomariError(
      'bad_input',
      `${name} must be a CSR matrix { indptr: Int32Array | BigInt64Array, indices: Int32Array, data: Float32Array, rows, cols }, not ${show(value)}`,
    );
  if (!isSize(m.rows) || !isSize(m.cols))
    throw new MatomariError(
      'bad_input',
      `${name}.rows and ${name}.cols must be whole numbers, not ${m.rows} and ${m.cols}`,
    );
  if (m.indptr.length !== m.rows + 1)
    throw new MatomariError(
      'bad_input',
      `${name}.indptr has ${m.indptr.length} entries, but ${m.rows} rows need ${m.rows + 1}`,
    );
  if (m.indices.length !== m.data.length)
    throw new MatomariError(
      'bad_input',
      `${name}.indices has ${m.indices.length} entries and ${name}.data ${m.data.length}: they must be equal`,
    );
}

/** A zeroed matrix; `out_of_memory` says how much was asked for. */
export function zeros(rows: number, cols: number): Matrix {
  return { data: allocate(Float32Array, rows * cols), rows, cols };
}

/** A typed array of `length`; `out_of_memory` when the engine cannot give it. */
export function allocate<T>(type: { new (n: number): T; BYTES_PER_ELEMENT: number }, length: number): T {
  try {
    return new type(length);
  } catch (cause) {
    const gib = ((length * type.BYTES_PER_ELEMENT) / 2 ** 30).toFixed(1);
    throw new MatomariError(
      'out_of_memory',
      `an array of ${length} elements (${gib} GiB) could not be allocated: work in smaller parts`,
      { cause },
    );
  }
}

/** A matrix from an array of equally long rows. */
export function matrix(rows: ReadonlyArray<ArrayLike<number>>): Matrix {
  const cols = rows[0]?.length ?? 0;
  const m = zeros(rows.length, cols);
  rows.forEach((row, i) => {
    if (row.length !== cols)
      throw new MatomariError('bad_input', `row ${i} has ${row.length} values, but row 0 has ${cols}`);
    m.data.set(row, i * cols);
  });
  return m;
}

/** Row i of the matrix: a view, not a copy. */
export function row(m: Matrix, i: number): Float32Array {
  return m.data.subarray(i * m.cols, (i + 1) * m.cols);
}

/** A copy of some rows, in the order given. */
export function pickRows(m: Matrix, rows: ArrayLike<number>): Matrix {
  const picked = zeros(rows.length, m.cols);
  for (let at = 0; at < rows.length; at++) row(picked, at).set(row(m, rows[at]!));
  return picked;
}

/** Writes the rows of `picked` back to where they were picked from. */
export function putRows(m: Matrix, rows: ArrayLike<number>, picked: Matrix): void {
  for (let at = 0; at < rows.length; at++) row(m, rows[at]!).set(row(picked, at));
}
