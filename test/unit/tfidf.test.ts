import { describe, expect, it } from 'vitest';
import { MatomariError } from '#dist/errors.js';
import { type TfidfOptions, TfidfVectorizer } from '#dist/tfidf.js';

/** The error that a call gives: its code and message. */
async function failure(call: () => unknown): Promise<string> {
  try {
    await call();
  } catch (error) {
    expect(error).toBeInstanceOf(MatomariError);
    return `${(error as MatomariError).code}: ${(error as MatomariError).message}`;
  }
  return 'no error';
}

const dense = async (docs: string[] | string[][], options: TfidfOptions = {}) => {
  const vectorizer = new TfidfVectorizer(options);
  const { indptr, indices, data, rows, cols } = await vectorizer.fitTransform(docs);
  const table = Array.from({ length: rows }, () => new Array<number>(cols).fill(0));
  for (let i = 0; i < rows; i++)
    for (let p = Number(indptr[i]); p < Number(indptr[i + 1]); p++) table[i]![indices[p]!] = data[p]!;
  return { names: vectorizer.featureNames, table, idf: vectorizer.idf };
};

describe('numbers', () => {
  it('follow the definition', async () => {
    const { names, table, idf } = await dense(['cat dog dog', 'cat', ''], { norm: null });
    expect(names).toEqual(['cat', 'dog']);
    expect(idf[0]).toBeCloseTo(Math.log(4 / 3) + 1, 15);
    expect(idf[1]).toBeCloseTo(Math.log(4 / 2) + 1, 15);
    expect(table[0]![1]).toBe(Math.fround(2 * (Math.log(2) + 1)));
    expect(table[2]).toEqual([0, 0]);
  });

  it('has a factor of 1 for every term without idf', async () => {
    const { table, idf } = await dense(['aa aa bb'], { useIdf: false, norm: null });
    expect([...idf]).toEqual([1, 1]);
    expect(table).toEqual([[2, 1]]);
  });

  it('count a row of more terms than the short sort takes', async () => {
    const words = Array.from({ length: 200 }, (_, i) => `w${String((i * 73) % 200).padStart(3, '0')}`);
    const { table } = await dense([words], { useIdf: false, norm: 'l1' });
    expect(table[0]).toEqual(new Array(200).fill(Math.fround(1 / 200)));
  });
});

describe('vocabulary', () => {
  it('is in code point order, not UTF-16 order', async () => {
    const terms = ['𠮷野家', 'ａｂｃ', '\uffee', 'z', '𠮷', 'あ', '\u{10ffff}'];
    const { names } = await dense([terms]);
    expect(names).toEqual(['z', 'あ', 'ａｂｃ', '\uffee', '𠮷', '𠮷野家', '\u{10ffff}']);
    expect(names).not.toEqual([...terms].sort());
  });

  it('is sorted when it is longer than one run of the sort', async () => {
    const terms = Array.from({ length: 20_001 }, (_, i) => `t${(i * 7919) % 20_001}`);
    const { names } = await dense([terms]);
    expect(names).toEqual([...terms].sort());
  });

  it('drops one-letter tokens of texts, and keeps them of lists', async () => {
    expect((await dense(['体操 を 田中 x _ __'])).names).toEqual(['__', '体操', '田中']);
    expect((await dense([['体操', 'を', '', ' ']])).names).toEqual(['', ' ', 'を', '体操']);
  });

  it('takes lists as they are, in their case', async () => {
    expect((await dense([['Foo', 'foo bar', 'foo-bar']])).names).toEqual(['Foo', 'foo bar', 'foo-bar']);
  });

  it.each([
    ['İSTANBUL', 'i̇stanbul'],
    ['ΟΔΥΣΣΕΥΣ', 'οδυσσευς'],
    ['ΣΑΣ', 'σας'],
    ['STRASSE', 'strasse'],
    ['ＡＢＣ', 'ａｂｃ'],
    ['𐐀𐐁', '𐐨𐐩'],
  ])('lower-cases %s as Python does', async (text, lower) => {
    // The dot that İ leaves behind is a mark, and marks are not word characters to Python either.
    const words = lower === 'i̇stanbul' ? ['stanbul'] : [lower];
    expect((await dense([text])).names).toEqual(words);
  });

  it('treats shares and counts as documented: 1 is a count for minDf and a share for maxDf', async () => {
    const docs = ['aa bb cc', 'aa bb', 'aa', 'dd'];
    expect((await dense(docs, { minDf: 1, maxDf: 1 })).names).toEqual(['aa', 'bb', 'cc', 'dd']);
    expect((await dense(docs, { minDf: 2 })).names).toEqual(['aa', 'bb']);
    expect((await dense(docs, { minDf: 0.5 })).names).toEqual(['aa', 'bb']);
    expect((await dense(docs, { maxDf: 2 })).names).toEqual(['bb', 'cc', 'dd']);
    expect((await dense(docs, { maxDf: 0.5 })).names).toEqual(['bb', 'cc', 'dd']);
  });

  it('keeps the most frequent under maxFeatures, and of equals the first', async () => {
    const docs = ['cc cc bb aa', 'dd dd dd'];
    expect((await dense(docs, { maxFeatures: 3 })).names).toEqual(['aa', 'cc', 'dd']);
  });

  it('keeps the order of a vocabulary that is given, and its terms that no text has', async () => {
    const { names, table } = await dense(['aa cc'], {
      vocabulary: ['cc', 'zz', 'aa'],
      norm: null,
      useIdf: false,
    });
    expect(names).toEqual(['cc', 'zz', 'aa']);
    expect(table).toEqual([[1, 0, 1]]);
  });
});

describe('words', () => {
  it.each<[TfidfOptions['tokenPattern'], string, string[]]>([
    [/[a-z]+/, 'a1bb_c', ['a', 'bb', 'c']],
    [/[A-Z]+/gi, 'aB cd', ['ab', 'cd']],
    [/x(\d)/y, 'x1 x2', ['1', '2']],
    ['(?u)\\b\\w+\\b', 'é ２ a_', ['a_', 'é', '２']],
    ['\\d+', '12 ３４ ab', ['12', '３４']],
    ['[\\w\\-]+', 'wi-fi été', ['wi-fi', 'été']],
    ['\\S+', 'a,b\u00a0c\u2003d', ['a,b', 'c', 'd']],
    ['\\w\\B', 'abc', ['a', 'b']],
    ["[^\\W_]*'", 'x', []],
  ])('tokenPattern %s in %j', async (tokenPattern, text, expected) => {
    if (expected.length === 0)
      expect(await failure(() => dense([text], { tokenPattern }))).toMatch(
        /^bad_option: tokenPattern .*RegExp/,
      );
    else expect((await dense([text], { tokenPattern })).names).toEqual(expected);
  });

  it('come from a tokenizer function, which sees lower case', async () => {
    const tokenizer = (text: string) => text.split('-');
    expect((await dense(['A-b-C'], { tokenizer })).names).toEqual(['a', 'b', 'c']);
    expect((await dense(['A-b-C'], { tokenizer, lowercase: false })).names).toEqual(['A', 'C', 'b']);
  });

  it('leave out stop words before n-grams are made', async () => {
    const { names } = await dense(['fish and chips'], { stopWords: ['and'], ngramRange: [2, 2] });
    expect(names).toEqual(['fish chips']);
  });

  it('do not read past the end of a text into the one before', async () => {
    expect((await dense(['ab\ud842\udfb7cd', 'ab\ud842'])).names).toEqual(['ab', 'ab𠮷cd']);
  });
});

describe('transform', () => {
  it('passes over unknown words', async () => {
    const vectorizer = await new TfidfVectorizer().fit(['aa bb', 'bb']);
    const { indices, data, indptr, rows, cols } = await vectorizer.transform(['bb zz', 'zz', '']);
    expect({ rows, cols }).toEqual({ rows: 3, cols: 2 });
    expect([[...indptr], [...indices], [...data]]).toEqual([[0, 1, 1, 1], [1], [1]]);
  });

  it('of no documents is an empty matrix', async () => {
    const vectorizer = await new TfidfVectorizer().fit(['aa bb']);
    expect(await vectorizer.transform([])).toMatchObject({ rows: 0, cols: 2 });
  });

  it('is not changed by a later fit that fails', async () => {
    const vectorizer = await new TfidfVectorizer().fit(['aa']);
    await expect(vectorizer.fit([''])).rejects.toThrow(MatomariError);
    expect(vectorizer.featureNames).toEqual(['aa']);
  });
});

describe('toJSON and fromJSON', () => {
  it.each<[TfidfOptions]>([
    [{}],
    [{ norm: null, sublinearTf: true, minDf: 0.1 }],
    [{ tokenPattern: /[a-z]+/i, ngramRange: [1, 2] }],
    [{ tokenPattern: '\\w+', stopWords: ['bb'] }],
    [{ vocabulary: ['bb', 'aa'] }],
    [{ useIdf: false }],
  ])('keep %j', async (options) => {
    const docs = ['Aa bb c', 'bb dd 𠮷野家', 'aa'];
    const vectorizer = new TfidfVectorizer(options);
    const matrix = await vectorizer.fitTransform(docs);
    const again = TfidfVectorizer.fromJSON(JSON.parse(JSON.stringify(vectorizer)));
    expect(again.featureNames).toEqual(vectorizer.featureNames);
    expect(again.idf).toEqual(vectorizer.idf);
    expect(await again.transform(docs)).toEqual(matrix);
    expect(await again.fitTransform(docs)).toEqual(matrix);
  });

  it.each([
    [null, 'its format is undefined'],
    [{ format: 'other' }, 'its format is "other"'],
    [{ format: 'matomari.tfidf', version: 2 }, 'its version is 2'],
    [{ format: 'matomari.tfidf', version: 1 }, 'it has no options'],
    [{ format: 'matomari.tfidf', version: 1, options: {}, featureNames: [1] }, 'featureNames is not'],
    [
      { format: 'matomari.tfidf', version: 1, options: {}, featureNames: ['a'], idf: [] },
      'idf is not an array of 1',
    ],
    [{ format: 'matomari.tfidf', version: 1, options: {}, featureNames: ['a'], idf: [null] }, 'idf is not'],
    [
      { format: 'matomari.tfidf', version: 1, options: {}, featureNames: ['a', 'a'], idf: [1, 1] },
      'featureNames has a term twice',
    ],
    [
      {
        format: 'matomari.tfidf',
        version: 1,
        options: { tokenPattern: { source: '(', flags: 'g' } },
        featureNames: [],
        idf: [],
      },
      'its tokenPattern is not a regular expression',
    ],
  ])('refuse %j', async (json, why) => {
    expect(await failure(() => TfidfVectorizer.fromJSON(json))).toContain(
      `bad_input: TfidfVectorizer.fromJSON`,
    );
    expect(await failure(() => TfidfVectorizer.fromJSON(json))).toContain(why);
  });

  it('refuse a tokenizer function, and an unfitted vectorizer', async () => {
    const fitted = await new TfidfVectorizer({ tokenizer: (text) => [text] }).fit(['a']);
    expect(await failure(() => fitted.toJSON())).toMatch(/^bad_option: .*tokenizer function cannot be saved/);
    expect(await failure(() => new TfidfVectorizer().toJSON())).toMatch(/^bad_input: .*call fit/);
  });
});

describe('bad input', () => {
  it.each<[string, unknown[], TfidfOptions, string]>([
    ['no documents', [], {}, 'there are no documents to fit'],
    ['only empty texts', ['', ' '], {}, 'no terms were found in 2 documents'],
    ['only stop words', ['the'], { stopWords: ['the'] }, 'no terms were found in 1 document:'],
    [
      'minDf above the documents',
      ['aa', 'aa'],
      { minDf: 20 },
      'minDf 20 asks for more documents than the 2 there are',
    ],
    [
      'minDf above maxDf',
      ['aa', 'aa', 'bb'],
      { minDf: 3, maxDf: 0.5 },
      'minDf 3 asks for at least 3 of 3 documents, but maxDf 0.5 allows at most 1: lower minDf or raise maxDf',
    ],
    [
      'nothing left',
      ['aa', 'bb', 'cc cc'],
      { minDf: 2 },
      'minDf 2 leaves none of the 3 terms in 3 documents (the commonest occurs in 1): lower minDf',
    ],
    ['a number among texts', ['aa', 5], {}, 'documents[1] must be a string, as documents[0] is, not 5'],
    [
      'a list among texts',
      ['aa', ['b']],
      {},
      'documents[1] must be a string, as documents[0] is, not an array of 1',
    ],
    [
      'a text among lists',
      [['aa'], 'b'],
      {},
      'documents[1] must be an array of words, as documents[0] is, not "b"',
    ],
    ['a number in a list', [['aa', 7]], {}, 'documents[0][1] must be a string, not 7'],
    [
      'a tokenizer that returns text',
      ['aa'],
      { tokenizer: (() => 'x') as never },
      'tokenizer must return an array of words, not "x" (document 0)',
    ],
    [
      'infinite idf',
      ['aa'],
      { vocabulary: ['aa', 'zz'], smoothIdf: false },
      'the vocabulary\'s term "zz" occurs in no document',
    ],
  ])('%s', async (_, docs, options, message) => {
    const text = await failure(() => new TfidfVectorizer(options).fitTransform(docs as string[]));
    expect(text).toContain(`bad_input: TfidfVectorizer: `);
    expect(text).toContain(message);
  });

  it('a string in place of the documents', async () => {
    expect(await failure(() => new TfidfVectorizer().fit('aa bb' as never))).toBe(
      'bad_input: TfidfVectorizer: documents must be an array of texts or of arrays of words, not "aa bb"',
    );
  });

  it('use before fitting', async () => {
    const vectorizer = new TfidfVectorizer();
    expect(await failure(() => vectorizer.transform(['a']))).toContain('transform needs a fitted vectorizer');
    expect(await failure(() => vectorizer.featureNames)).toContain('featureNames needs a fitted vectorizer');
    expect(await failure(() => vectorizer.idf)).toMatch(/^bad_input: .*idf needs a fitted/);
  });

  it.each<[unknown, string]>([
    [{ mindf: 2 }, 'TfidfVectorizer has no option "mindf": did you mean "minDf"?'],
    [{ minDf: -1 }, 'minDf must be a number of at least 0, not -1'],
    [{ minDf: 2.5 }, 'minDf must be a share from 0 to 1 or a whole number of documents, not 2.5'],
    [{ maxDf: '3' }, 'maxDf must be a number of at least 0, not "3"'],
    [{ maxFeatures: 0 }, 'maxFeatures must be an integer of at least 1, not 0'],
    [{ norm: 'L2' }, 'norm must be one of l1, l2, not "L2"; did you mean "l2"?'],
    [{ ngramRange: [2, 1] }, 'ngramRange[1] must be an integer of at least 2, not 1'],
    [{ ngramRange: 2 }, 'ngramRange must be [shortest, longest], not 2'],
    [{ stopWords: 'english' }, 'stopWords must be an array of strings, not "english"'],
    [{ stopWords: ['a', 1] }, 'stopWords must be an array of strings, but item 1 is 1'],
    [{ vocabulary: [] }, 'vocabulary is empty'],
    [{ vocabulary: ['a', 'a'] }, 'vocabulary has "a" twice'],
    [{ tokenizer: 'x' }, 'tokenizer must be a function, not "x"'],
    [{ tokenizer: () => [], tokenPattern: /a/ }, 'tokenizer and tokenPattern exclude each other'],
    [{ tokenPattern: 5 }, 'tokenPattern must be a RegExp or a string, not 5'],
    [{ tokenPattern: /(a)(b)/ }, 'tokenPattern "/(a)(b)/" has 2 groups'],
    [{ tokenPattern: '(?i)a' }, 'tokenPattern "(?i)a" cannot be read as a Python pattern'],
    [{ lowercase: 1 }, 'lowercase must be true or false, not 1'],
  ])('option %j', async (options, message) => {
    expect(await failure(() => new TfidfVectorizer(options as TfidfOptions))).toContain(
      `bad_option: ${message}`,
    );
  });
});

describe('long work', () => {
  const docs = Array.from({ length: 120_000 }, (_, i) => `alpha${i % 997} beta${i % 31} gamma delta${i}`);

  it('lets the event loop turn, and reports how far it is', async () => {
    let worst = 0;
    let last = performance.now();
    const timer = setInterval(() => {
      const now = performance.now();
      worst = Math.max(worst, now - last);
      last = now;
    }, 1);
    const done: number[] = [];
    await new TfidfVectorizer().fitTransform(docs, {
      onProgress: ({ stage, done: count, total }) => {
        expect([stage, total]).toEqual(['tfidf', docs.length]);
        done.push(count);
      },
    });
    clearInterval(timer);
    expect(done.at(-1)).toBe(docs.length);
    expect(done.length).toBeGreaterThan(2);
    expect(done).toEqual([...done].sort((a, b) => a - b));
    expect(worst).toBeLessThan(250);
  });

  it('stops when aborted', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    let aborted = 0;
    const work = new TfidfVectorizer().fitTransform(docs, {
      signal: controller.signal,
      onProgress: () => {
        if (aborted === 0) {
          aborted = performance.now();
          controller.abort(reason);
        }
      },
    });
    await expect(work).rejects.toMatchObject({ code: 'cancelled', cause: reason });
    expect(performance.now() - aborted).toBeLessThan(250);
    await expect(new TfidfVectorizer().fit(docs, { signal: controller.signal })).rejects.toMatchObject({
      code: 'cancelled',
    });
  });
});
