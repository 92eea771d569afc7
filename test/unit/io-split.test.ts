import { splitDocuments } from 'matomari/io';
import { describe, expect, it } from 'vitest';

const numbers = (n: number) => Array.from({ length: n }, (_, i) => i);
const sizes = (n: number, options?: Parameters<typeof splitDocuments>[1]) =>
  Object.values(splitDocuments(numbers(n), options)).map((part) => part.length);

describe('splitDocuments', () => {
  it('has the sizes that its text promises', () => {
    expect(sizes(10)).toEqual([8, 1, 1]);
    expect(sizes(1000)).toEqual([800, 100, 100]);
    expect(sizes(5894)).toEqual([4715, 590, 589]);
    expect(sizes(0)).toEqual([0, 0, 0]);
    expect(sizes(1)).toEqual([1, 0, 0]);
    expect(sizes(7, { train: 0, validation: 0, test: 1 })).toEqual([0, 0, 7]);
    expect(sizes(7, { train: 0.5, validation: 0.5, test: 0 })).toEqual([4, 3, 0]);
    expect(sizes(3, { train: 1 / 3, validation: 1 / 3, test: 1 / 3 })).toEqual([1, 1, 1]);
  });

  it('shuffles by the seed alone', () => {
    const documents = numbers(100).map((i) => ({ id: String(i), text: `t${i}` }));
    const a = splitDocuments(documents, { seed: 7 });
    expect(splitDocuments(documents, { seed: 7 })).toEqual(a);
    expect(splitDocuments(documents, { seed: 8 })).not.toEqual(a);
    expect(splitDocuments(documents)).toEqual(splitDocuments(documents, { seed: 0 }));
    expect(a.train).not.toEqual(documents.slice(0, 80));
    expect(a.train[0]).toBe(documents[Number(a.train[0]!.id)]);
    expect(new Set([...a.train, ...a.validation, ...a.test])).toEqual(new Set(documents));
  });

  it.each([
    [{ train: 0.9 }, /must sum to 1, but 0.9 \+ 0.1 \+ 0.1 = 1\.1/],
    [{ train: 0.8, validation: 0.1, test: 0 }, /must sum to 1/],
    [{ train: 1.2, validation: -0.1, test: -0.1 }, /train must be a number from 0 to 1, not 1\.2/],
    [{ test: Number.NaN }, /test must be a number/],
    [{ seed: 0.5 }, /seed must be an integer/],
    [{ validaton: 0.1 }, /did you mean "validation"/],
  ])('refuses %j', (options, words) => {
    expect(() => splitDocuments([1, 2], options as never)).toThrow(words);
    expect(() => splitDocuments([1, 2], options as never)).toThrow(
      expect.objectContaining({ code: 'bad_option' }),
    );
  });

  it('refuses what is no array', () => {
    expect(() => splitDocuments('abc' as never)).toThrow(/must be an array, not "abc"/);
  });
});
