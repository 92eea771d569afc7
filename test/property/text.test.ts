import fc from 'fast-check';
import { createTokenizer, type Tokenizer } from 'matomari/text';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cutter } from '#dist/text/cutter.js';
import { Interner } from '#dist/text/interner.js';
import { splitJapanese, splitPieces } from '#dist/text/pieces.js';
import { scanWords } from '#dist/text/words.js';
import { TfidfVectorizer } from '#dist/tfidf.js';

/** Any UTF-16 text, lone surrogates and control characters included, with much Japanese. */
const unit = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  fc.integer({ min: 0xd800, max: 0xdfff }).map((code) => String.fromCharCode(code)),
  fc.integer({ min: 0x3040, max: 0x30ff }).map((code) => String.fromCharCode(code)),
  fc.integer({ min: 0x4e00, max: 0x9fff }).map((code) => String.fromCharCode(code)),
  fc.constantFrom(
    '。',
    '!',
    '?',
    '・',
    '、',
    ' ',
    '\n',
    'a',
    'Z',
    '_',
    '9',
    '\u0301',
    '\u200b',
    '\ufe0f',
    '😀',
  ),
);
const text = fc.array(unit, { maxLength: 60 }).map((units) => units.join(''));
const units = (s: string) => Uint16Array.from({ length: s.length }, (_, i) => s.charCodeAt(i));

const codePoints = (s: string) => Array.from(s, (c) => c.codePointAt(0)!);
/** Python's order of strings. */
function byCodePoint(a: string, b: string): number {
  const [x, y] = [codePoints(a), codePoints(b)];
  for (let i = 0; i < Math.min(x.length, y.length); i++) if (x[i] !== y[i]) return x[i]! - y[i]!;
  return x.length - y.length;
}

describe('words', () => {
  it('are what the regular expression finds', () => {
    fc.assert(
      fc.property(text, fc.constantFrom(1, 2), (s, shortest) => {
        const found: string[] = [];
        scanWords(units(s), s.length, shortest, { push: (start, end) => found.push(s.slice(start, end)) });
        expect(found).toEqual(s.match(shortest === 1 ? /[\p{L}\p{N}_]+/gu : /[\p{L}\p{N}_]{2,}/gu) ?? []);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('Interner', () => {
  it('numbers strings as a Map would, gives them back, and orders them by code point', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(text, fc.constantFrom('', 'a', 'b')), { maxLength: 80 }), (strings) => {
        const interner = new Interner();
        const map = new Map<string, number>();
        for (const s of strings) {
          const known = map.get(s) ?? map.size;
          expect(interner.find(units(s), 0, s.length)).toBe(map.has(s) ? known : -1);
          map.set(s, known);
          expect(interner.intern(units(`x${s}`), 1, s.length + 1)).toBe(known);
        }
        expect(interner.size).toBe(map.size);
        const distinct = [...map.keys()];
        expect(distinct.map((_, id) => interner.string(id))).toEqual(distinct);
        const whole = distinct.filter((s) => !/\p{Cs}/u.test(s));
        const ids = whole.map((s) => map.get(s)!);
        expect(ids.sort((a, b) => interner.compare(a, b)).map((id) => distinct[id])).toEqual(
          whole.sort(byCodePoint),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('holds on past several growths', () => {
    const interner = new Interner();
    for (let round = 0; round < 2; round++)
      for (let i = 0; i < 30_000; i++) {
        const s = `term ${i}`;
        expect(interner.intern(units(s), 0, s.length)).toBe(i);
      }
    expect(interner.string(29_999)).toBe('term 29999');
  });
});

describe('TfidfVectorizer', () => {
  const documents = fc.array(fc.oneof(text, fc.lorem()), { minLength: 1, maxLength: 12 });
  const options = fc.record({
    ngramRange: fc.constantFrom([1, 1] as const, [1, 2] as const, [2, 3] as const),
    sublinearTf: fc.boolean(),
    norm: fc.constantFrom('l1' as const, 'l2' as const),
  });

  it('gives a well-formed CSR matrix with rows of norm 1, the same by transform and in parts', async () => {
    await fc.assert(
      fc.asyncProperty(documents, options, async (docs, given) => {
        const vectorizer = new TfidfVectorizer({ ...given, vocabulary: undefined });
        const texts = [...docs, 'two words'];
        const m = await vectorizer.fitTransform(texts);
        const { indptr, indices, data, rows, cols } = m;
        expect(rows).toBe(texts.length);
        expect(cols).toBe(vectorizer.featureNames.length);
        expect(indptr[0]).toBe(0);
        expect(indptr[rows]).toBe(data.length);
        expect(indices).toHaveLength(data.length);
        for (let i = 0; i < rows; i++) {
          const [start, end] = [Number(indptr[i]), Number(indptr[i + 1])];
          expect(end).toBeGreaterThanOrEqual(start);
          let norm = 0;
          for (let p = start; p < end; p++) {
            expect(indices[p]).toBeLessThan(cols);
            if (p > start) expect(indices[p]).toBeGreaterThan(indices[p - 1]!);
            norm += given.norm === 'l1' ? data[p]! : data[p]! ** 2;
          }
          if (end > start) expect(norm).toBeCloseTo(1, 5);
        }
        expect(await vectorizer.transform(texts)).toEqual(m);
        const last = await vectorizer.transform(texts.slice(-1));
        expect(last.data).toEqual(data.slice(Number(indptr[rows - 1])));
      }),
      { numRuns: 150 },
    );
  });

  it('gives lists the terms that a plain count gives', async () => {
    const lists = fc.array(fc.array(fc.constantFrom('あ', 'b', '𠮷', 'ｚ', '', 'c d'), { maxLength: 8 }), {
      minLength: 1,
      maxLength: 8,
    });
    await fc.assert(
      fc.asyncProperty(lists, async (docs) => {
        const all = [...docs, ['あ']];
        const vectorizer = new TfidfVectorizer({ norm: null, useIdf: false });
        const { indptr, indices, data } = await vectorizer.fitTransform(all);
        const names = [...new Set(all.flat())].sort(byCodePoint);
        expect(vectorizer.featureNames).toEqual(names);
        for (const [i, doc] of all.entries())
          for (let p = Number(indptr[i]); p < Number(indptr[i + 1]); p++)
            expect(data[p]).toBe(doc.filter((word) => word === names[indices[p]!]).length);
        expect(data.reduce((a, b) => a + b, 0)).toBe(all.flat().length);
      }),
      { numRuns: 100 },
    );
  });
});

describe('tokenizing', () => {
  let one: Tokenizer;
  let two: Tokenizer;
  const cutter = new Cutter({ lemma: false, pos: undefined, stopWords: [] });
  beforeAll(async () => {
    one = await createTokenizer({ language: 'ja', workers: 1 });
    two = await createTokenizer({ language: 'ja', workers: 2 });
    await cutter.load('ja');
  });
  afterAll(() => Promise.all([one.close(), two.close()]));

  it('loses no character but spaces and invisible ones, whatever the text', () => {
    const solid = (s: string) => s.replace(/[\s\p{Cc}\u2028\u2029]+/gu, '');
    fc.assert(
      fc.property(text, (s) => {
        const pieces = splitJapanese(s);
        const normal = s
          .replace(/\p{Cs}/gu, '\ufffd')
          .replace(/\p{Default_Ignorable_Code_Point}/gu, '')
          .normalize('NFKC');
        expect(solid(pieces.join(''))).toBe(solid(normal));
        const words = pieces.flatMap((piece) => cutter.cut(piece, 'ja'));
        expect(solid(words.join(''))).toBe(solid(normal));
        expect(words.every((word) => word.trim() !== '')).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('cuts no piece longer than kuromoji takes in linear time', () => {
    fc.assert(
      fc.property(fc.array(text, { minLength: 20, maxLength: 40 }), (parts) => {
        for (const piece of splitPieces(parts.join(''))) expect(piece.length).toBeLessThanOrEqual(256);
      }),
      { numRuns: 100 },
    );
  });

  it('gives the same with one worker and two, and for each text what it gives alone', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 120 }), async (texts) => {
        const words = await one.tokenize(texts);
        expect(await two.tokenize(texts)).toEqual(words);
        expect(await one.tokenize(texts.slice(-1))).toEqual(words.slice(-1));
      }),
      { numRuns: 40 },
    );
  });
});
