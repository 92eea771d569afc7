import { native } from './binding.js';
import { checkOneOf, checkOptions } from './check.js';
import { OPERATION_OPTIONS, type OperationFacts, type OperationOptions, runJob } from './job.js';
import { checkMatrix, checkSameCols, type Matrix, METRICS, type Metric, zeros } from './matrix.js';

export interface DistancesOptions extends OperationOptions {
  /** Default `euclidean`. */
  metric?: Metric | undefined;
}

/**
 * The distance of every row of `a` to every row of `b` [a.rows × b.rows].
 *
 * Computed in float64 in index order and rounded to float32 once: equal bits on every machine, SIMD level and number of
 * threads. `cosine` is 1 − cos, and 1 where a row is zero; `dot` is the inner product itself, not a distance.
 *
 * @throws MatomariError `bad_input` (NaN with row and column, unequal columns), `bad_option`, `cancelled`
 * Runs on an NVIDIA GPU by `device: 'cuda'`, to the same bits; rows of either side that its memory cannot hold come and go in blocks.
 * Cost: a.rows · b.rows · cols multiply-adds in float64, half of them where `a` and `b` are one; 4 MB and a little a
 * thread beside the result.
 */
export async function distances(
  a: Matrix,
  b: Matrix,
  options: DistancesOptions = {},
): Promise<Matrix & OperationFacts> {
  checkOptions('distances', options, ['metric', ...OPERATION_OPTIONS]);
  const metric = checkOneOf('metric', options.metric ?? 'euclidean', METRICS);
  checkMatrix('a', a);
  checkMatrix('b', b);
  checkSameCols('a', a, 'b', b);
  const out = zeros(a.rows, b.rows);
  const facts = await runJob(
    'distances',
    options,
    [a.data, b.data, out.data],
    (job) =>
      native().distances(
        { a: a.data, aRows: a.rows, b: b.data, bRows: b.rows, cols: a.cols, metric, out: out.data },
        job,
      ),
    {
      multiplyAdds: a.rows * b.rows * a.cols,
      float64: true,
      numbers: a.data.length + b.data.length + out.data.length,
    },
  );
  return { ...out, ...facts };
}
