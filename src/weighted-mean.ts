import { native } from './binding.js';
import { checkOptions } from './check.js';
import { MatomariError } from './errors.js';
import { OPERATION_OPTIONS, type OperationFacts, type OperationOptions, runJob } from './job.js';
import { checkMatrix, checkSparse, type Matrix, type SparseMatrix, zeros } from './matrix.js';

/**
 * For every column j of `weights`, the mean of the rows of `vectors` weighted by it: Σᵢ wᵢⱼ vᵢ / Σᵢ wᵢⱼ
 * [weights.cols × vectors.cols]. A column whose weights add up to 0 gives zeros.
 *
 * With TF-IDF weights [documents × words] and the documents' embeddings these are the words' vectors. Added up in
 * float64 in row order and rounded once: equal bits on every machine, SIMD level and number of threads.
 *
 * @throws MatomariError `bad_input` (malformed CSR, NaN, unequal rows), `bad_option`, `cancelled`
 * Runs on an NVIDIA GPU by `device: 'cuda'`, to the same bits; vectors and weights come in blocks, whatever its memory.
 * Cost: non-zeros · vectors.cols multiply-adds in float64; scratch of 8 bytes a
 * non-zero, 256 a column, and about 10 MB.
 */
export async function weightedMean(
  weights: SparseMatrix,
  vectors: Matrix,
  options: OperationOptions = {},
): Promise<Matrix & OperationFacts> {
  checkOptions('weightedMean', options, OPERATION_OPTIONS);
  checkSparse('weights', weights);
  checkMatrix('vectors', vectors);
  if (weights.rows !== vectors.rows)
    throw new MatomariError(
      'bad_input',
      `weights has ${weights.rows} rows and vectors ${vectors.rows}: there must be one vector for each row of weights`,
    );
  const out = zeros(weights.cols, vectors.cols);
  const { indptr, indices, data } = weights;
  const borrowed = [indptr, indices, data, vectors.data, out.data];
  const facts = await runJob(
    'weightedMean',
    options,
    borrowed,
    (job) =>
      native().weightedMean(
        {
          indptr,
          indices,
          data,
          rows: weights.rows,
          weightCols: weights.cols,
          vectors: vectors.data,
          cols: vectors.cols,
          out: out.data,
        },
        job,
      ),
    {
      multiplyAdds: data.length * vectors.cols,
      float64: true,
      numbers: 2 * data.length + vectors.data.length + out.data.length,
    },
  );
  return { ...out, ...facts };
}
