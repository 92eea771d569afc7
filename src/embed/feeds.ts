import { INT32, MASK, WEIGHTS } from './onnx.js';
import { MASKED, type PoolingMode, writeWeights } from './pooling.js';

/** One tensor for a run. */
export interface Feed {
  type: 'int64' | 'int32' | 'float32';
  data: BigInt64Array | Int32Array | Float32Array;
  dims: number[];
}

/**
 * What a graph is fed for one batch: every integer input that it has, [rows × longest], padded at the right, and
 * for the pooling graft the weights and the mask.
 *
 * @param rows token ids of every text, at least one each
 * @param inputs name and element type of the graph's own inputs
 * @param pooling the modes that the graft computes; none where the graph pools by itself
 * @param start the first token that counts in the pooling
 */
export function batchFeeds(
  rows: readonly Int32Array[],
  inputs: ReadonlyMap<string, number>,
  padId: number,
  pooling: readonly PoolingMode[],
  start: (row: Int32Array) => number,
): Map<string, Feed> {
  const longest = rows.reduce((length, row) => Math.max(length, row.length), 0);
  const feeds = new Map<string, Feed>();
  const integers = (name: string, pad: number, value: (row: Int32Array, i: number) => number) => {
    const wide = inputs.get(name) !== INT32;
    const data = wide ? new BigInt64Array(rows.length * longest) : new Int32Array(rows.length * longest);
    // The low half of a little-endian 64-bit integer: far faster than a BigInt for every id.
    const low = new Int32Array(data.buffer);
    const step = wide ? 2 : 1;
    if (pad !== 0) for (let i = 0; i < low.length; i += step) low[i] = pad;
    rows.forEach((row, r) => {
      for (let i = 0; i < row.length; i++) low[(r * longest + i) * step] = value(row, i);
    });
    feeds.set(name, { type: wide ? 'int64' : 'int32', data, dims: [rows.length, longest] });
  };
  for (const name of inputs.keys()) {
    if (name === 'input_ids') integers(name, padId, (row, i) => row[i]!);
    else if (name === 'attention_mask') integers(name, 0, () => 1);
    else if (name === 'position_ids') integers(name, 0, (_, i) => i);
    else integers(name, 0, () => 0);
  }
  const weighted = pooling.filter((mode) => mode !== 'max');
  if (weighted.length > 0) {
    const data = new Float32Array(rows.length * weighted.length * longest);
    rows.forEach((row, r) => {
      weighted.forEach((mode, part) => {
        const at = (r * weighted.length + part) * longest;
        writeWeights(mode, start(row), row.length, data.subarray(at, at + longest));
      });
    });
    feeds.set(WEIGHTS, { type: 'float32', data, dims: [rows.length, weighted.length, longest] });
  }
  if (weighted.length < pooling.length) {
    const data = new Float32Array(rows.length * longest).fill(MASKED);
    rows.forEach((row, r) => {
      data.fill(0, r * longest + start(row), r * longest + row.length);
    });
    feeds.set(MASK, { type: 'float32', data, dims: [rows.length, longest, 1] });
  }
  return feeds;
}
