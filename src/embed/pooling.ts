/**
 * How the vectors of a text's tokens become the vector of the text, as sentence-transformers defines the modes. All
 * but `max` are weighted sums, so they differ in nothing but their weights.
 */
export const POOLING_MODES = ['mean', 'cls', 'max', 'mean_sqrt_len', 'weightedmean', 'lasttoken'] as const;
export type PoolingMode = (typeof POOLING_MODES)[number];

/** Added to the hidden states of tokens that a maximum must not see. */
export const MASKED = -1e9;

/**
 * Writes the weights of the tokens of one text.
 *
 * @param start first token that counts (above 0 where the prompt is left out of the pooling)
 * @param end one past the last token of the text
 * @param weights [tokens], zero where nothing is written
 */
export function writeWeights(mode: PoolingMode, start: number, end: number, weights: Float32Array): void {
  const count = end - start;
  switch (mode) {
    case 'mean':
      weights.fill(1 / count, start, end);
      break;
    case 'mean_sqrt_len':
      weights.fill(1 / Math.sqrt(count), start, end);
      break;
    case 'cls':
      weights[start] = 1;
      break;
    case 'lasttoken':
      weights[end - 1] = 1;
      break;
    case 'weightedmean': {
      // Position 1 is the first token of the text, prompt included.
      const sum = ((start + 1 + end) * count) / 2;
      for (let i = start; i < end; i++) weights[i] = (i + 1) / sum;
      break;
    }
    case 'max':
      throw new Error('a maximum has no weights');
  }
}

/** Divides a row by its Euclidean length (float64, at least 1e-12), so that a zero row stays zero. */
export function normalizeRow(row: Float32Array): void {
  let sum = 0;
  for (const x of row) sum += x * x;
  const length = Math.max(Math.sqrt(sum), 1e-12);
  for (let i = 0; i < row.length; i++) row[i] = row[i]! / length;
}
