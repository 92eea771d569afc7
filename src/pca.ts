import { native } from './binding.js';
import { checkComponents, checkInteger, checkOptions } from './check.js';
import { OPERATION_OPTIONS, type OperationFacts, type OperationOptions, runJob } from './job.js';
import { checkFilledMatrix, type Matrix, zeros } from './matrix.js';

export interface PcaOptions extends OperationOptions {
  /** How many components, from 1 to min(rows, cols). */
  nComponents: number;
  /** Taken for the sake of a common signature: the result does not depend on it. */
  seed?: number | undefined;
}

export interface Pca extends OperationFacts {
  /** [rows × nComponents]: coordinates of the points. */
  embedding: Matrix;
  /** [nComponents × cols]: unit vectors, largest variance first, each with its largest entry positive. */
  components: Matrix;
  /** [cols]. */
  mean: Float32Array;
  /** [nComponents]: variance along each component (divided by rows − 1). */
  explainedVariance: Float32Array;
  /** [nComponents]: its share of the whole variance. */
  explainedVarianceRatio: Float32Array;
}

/**
 * Principal component analysis by the eigenvectors of the covariance matrix, as scikit-learn's PCA defines it, signs
 * included. Deterministic: equal bits on every machine, SIMD level and number of threads.
 *
 * @throws MatomariError `bad_input` (NaN, empty matrix, too many components), `bad_option`, `cancelled`
 * Cost: rows · cols² / 2 multiply-adds in float64; scratch: 16 · cols² bytes.
 */
export async function pca(points: Matrix, options: PcaOptions): Promise<Pca> {
  checkOptions('pca', options, ['nComponents', 'seed', ...OPERATION_OPTIONS]);
  checkFilledMatrix('points', points);
  const { rows, cols } = points;
  const nComponents = checkComponents(options.nComponents, rows, cols);
  if (options.seed !== undefined) checkInteger('seed', options.seed, 0);
  const embedding = zeros(rows, nComponents);
  const components = zeros(nComponents, cols);
  const mean = new Float32Array(cols);
  const explainedVariance = new Float32Array(nComponents);
  const explainedVarianceRatio = new Float32Array(nComponents);
  const borrowed = [
    points.data,
    embedding.data,
    components.data,
    mean,
    explainedVariance,
    explainedVarianceRatio,
  ];
  const facts = await runJob('pca', options, borrowed, (job) =>
    native().pca(
      {
        points: points.data,
        rows,
        cols,
        nComponents,
        mean,
        components: components.data,
        explainedVariance,
        explainedVarianceRatio,
        embedding: embedding.data,
      },
      job,
    ),
  );
  return { embedding, components, mean, explainedVariance, explainedVarianceRatio, ...facts };
}
