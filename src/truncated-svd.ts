import { native } from './binding.js';
import { checkComponents, checkInteger, checkOptions } from './check.js';
import { MatomariError } from './errors.js';
import { OPERATION_OPTIONS, type OperationFacts, type OperationOptions, runJob } from './job.js';
import { checkFilledMatrix, checkSparse, type Matrix, type SparseMatrix, zeros } from './matrix.js';

export interface TruncatedSvdOptions extends OperationOptions {
  /** How many components, from 1 to min(rows, cols). */
  nComponents: number;
  /** Where the iteration starts (default 0): beyond rounding the result depends on it only where the components do. */
  seed?: number | undefined;
}

export interface TruncatedSvd extends OperationFacts {
  /** [rows × nComponents]: the matrix times the transposed components; coordinates of the rows. */
  embedding: Matrix;
  /** [nComponents × cols]: right singular vectors, largest singular value first, each with its largest entry positive. */
  components: Matrix;
  /** [nComponents], falling. */
  singularValues: Float32Array;
  /** [nComponents]: variance of each column of the embedding (divided by rows). */
  explainedVariance: Float32Array;
  /** [nComponents]: its share of the variance of all columns of the matrix. */
  explainedVarianceRatio: Float32Array;
}

/**
 * Truncated singular value decomposition of a sparse matrix, with the definitions and signs of scikit-learn's
 * TruncatedSVD: of TF-IDF weights it is latent semantic analysis. Columns are not centred, so that the matrix stays
 * sparse.
 *
 * scikit-learn's default stops after five steps of a randomised iteration; this one goes on until every vector is an
 * eigenvector of AᵀA to one part in a million. Beyond the rank of the matrix, components are any unit vectors at right angles to the
 * others, with singular value 0 up to rounding. Values below 1e-7 of the largest are not told from 0. Computed in float64 and rounded once: equal bits on every machine,
 * SIMD level and number of threads. `truncatedSvdTransform(matrix, components)` gives the very embedding again.
 *
 * @throws MatomariError `bad_input` (malformed CSR, NaN, empty matrix, too many components, coordinates beyond float32),
 *   `bad_option`, `cancelled`, `out_of_memory`
 * Cost: 3 to 10 · nComponents products with the matrix and as many with its transpose, 100 · cols · nComponents² multiply-adds in
 * float64; scratch: 16 bytes an entry, 24 · nComponents · cols and 64 · rows bytes.
 */
export async function truncatedSvd(
  sparse: SparseMatrix,
  options: TruncatedSvdOptions,
): Promise<TruncatedSvd> {
  checkOptions('truncatedSvd', options, ['nComponents', 'seed', ...OPERATION_OPTIONS]);
  checkSparse('sparse', sparse);
  const { indptr, indices, data, rows, cols } = sparse;
  if (rows === 0 || cols === 0)
    throw new MatomariError(
      'bad_input',
      `sparse is empty (${rows} × ${cols}): give at least one row and one column`,
    );
  const nComponents = checkComponents(options.nComponents, rows, cols);
  const seed = checkInteger('seed', options.seed ?? 0, 0);
  const embedding = zeros(rows, nComponents);
  const components = zeros(nComponents, cols);
  const singularValues = new Float32Array(nComponents);
  const explainedVariance = new Float32Array(nComponents);
  const explainedVarianceRatio = new Float32Array(nComponents);
  const borrowed = [
    indptr,
    indices,
    data,
    embedding.data,
    components.data,
    singularValues,
    explainedVariance,
    explainedVarianceRatio,
  ];
  const facts = await runJob('truncatedSvd', options, borrowed, (job) =>
    native().truncatedSvd(
      {
        indptr,
        indices,
        data,
        rows,
        cols,
        nComponents,
        seed,
        components: components.data,
        singularValues,
        explainedVariance,
        explainedVarianceRatio,
        embedding: embedding.data,
      },
      job,
    ),
  );
  return { embedding, components, singularValues, explainedVariance, explainedVarianceRatio, ...facts };
}

/**
 * Coordinates of other rows under the components of an earlier `truncatedSvd` [nComponents × cols]: the matrix times
 * the transposed components [rows × nComponents]. Added in float64 in the order of the entries and rounded once.
 *
 * @throws MatomariError `bad_input` (malformed CSR, NaN, other columns than the components', coordinates beyond float32),
 *   `bad_option`, `cancelled`
 * Cost: non-zeros · nComponents multiply-adds in float64; scratch: 8 bytes an entry and the components once more.
 */
export async function truncatedSvdTransform(
  sparse: SparseMatrix,
  components: Matrix,
  options: OperationOptions = {},
): Promise<Matrix & OperationFacts> {
  checkOptions('truncatedSvdTransform', options, OPERATION_OPTIONS);
  checkSparse('sparse', sparse);
  checkFilledMatrix('components', components);
  const { indptr, indices, data, rows, cols } = sparse;
  if (components.cols !== cols)
    throw new MatomariError(
      'bad_input',
      `sparse has ${cols} columns and components ${components.cols}: they must be equal`,
    );
  const out = zeros(rows, components.rows);
  const borrowed = [indptr, indices, data, components.data, out.data];
  const facts = await runJob('truncatedSvdTransform', options, borrowed, (job) =>
    native().truncatedSvdTransform(
      {
        indptr,
        indices,
        data,
        rows,
        cols,
        nComponents: components.rows,
        components: components.data,
        embedding: out.data,
      },
      job,
    ),
  );
  return { ...out, ...facts };
}
