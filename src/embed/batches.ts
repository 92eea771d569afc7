/** The first batch may hold budget / FIRST padded tokens, and every next one twice as many, up to the budget. */
const FIRST = 8;

/**
 * Packs texts into batches: sorted by number of tokens (of equal ones the first comes first), then filled until one
 * more text would make rows × longest exceed the budget, which the first batches have less of: sessions take batches
 * from the last on, and should have done at about the same time. A text without tokens is in no batch; one that exceeds
 * the budget alone is alone. The result depends on the lengths only.
 *
 * @param lengths tokens of every text
 * @param budget padded tokens a batch may hold
 * @param exact put only texts of equal length together, so that nothing is padded
 * @returns the texts of every batch, by index
 */
export function packBatches(lengths: ArrayLike<number>, budget: number, exact: boolean): Int32Array[] {
  const order = Int32Array.from({ length: lengths.length }, (_, i) => i)
    .filter((i) => lengths[i]! > 0)
    .sort((a, b) => lengths[a]! - lengths[b]! || a - b);
  const batches: Int32Array[] = [];
  let first = 0;
  for (let i = 1; i <= order.length; i++) {
    const length = i < order.length ? lengths[order[i]!]! : Infinity;
    const room = exact ? budget : Math.min(budget, (budget / FIRST) * 2 ** batches.length);
    const full = (i - first + 1) * length > room;
    const other = exact && length !== lengths[order[first]!]!;
    if (!full && !other) continue;
    batches.push(order.subarray(first, i));
    first = i;
  }
  return batches;
}
