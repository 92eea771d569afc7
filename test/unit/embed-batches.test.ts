import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packBatches } from '#dist/embed/batches.js';

const lengths = fc.array(fc.integer({ min: 0, max: 70 }), { maxLength: 200 });
const budgets = fc.integer({ min: 1, max: 300 });

describe('packBatches', () => {
  it('puts every text that has tokens into one batch, within the budget', () => {
    fc.assert(
      fc.property(lengths, budgets, fc.boolean(), (tokens, budget, exact) => {
        const batches = packBatches(tokens, budget, exact);
        const all = batches.flatMap((batch) => [...batch]).sort((a, b) => a - b);
        expect(all).toEqual(tokens.flatMap((n, i) => (n > 0 ? [i] : [])));
        for (const batch of batches) {
          const sizes = Array.from(batch, (i) => tokens[i]!);
          const longest = Math.max(...sizes);
          expect(batch.length === 1 || batch.length * longest <= budget).toBe(true);
          if (exact) expect(new Set(sizes).size).toBe(1);
        }
      }),
    );
  });

  it('goes from short to long, and of equal lengths takes the first first', () => {
    fc.assert(
      fc.property(lengths, budgets, (tokens, budget) => {
        const order = packBatches(tokens, budget, false).flatMap((batch) => [...batch]);
        for (let i = 1; i < order.length; i++) {
          const [a, b] = [order[i - 1]!, order[i]!];
          expect(tokens[a]! < tokens[b]! || (tokens[a] === tokens[b] && a < b)).toBe(true);
        }
      }),
    );
  });

  it('fills a batch before it begins the next, and lets the first ones hold less', () => {
    const sizes = packBatches(new Array(100).fill(2), 64, false).map((b) => b.length);
    expect(sizes).toEqual([4, 8, 16, 32, 32, 8]);
    expect(packBatches([2, 2, 2, 2, 2], 6, true).map((b) => [...b])).toEqual([
      [0, 1, 2],
      [3, 4],
    ]);
    expect(packBatches([9, 1, 0, 3, 3], 24, false).map((b) => [...b])).toEqual([[1], [3, 4], [0]]);
    expect(packBatches([3, 1, 3, 1], 100, true).map((b) => [...b])).toEqual([
      [1, 3],
      [0, 2],
    ]);
    expect(packBatches([0, 0], 5, false)).toEqual([]);
  });
});
