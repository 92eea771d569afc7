import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createTokenizer, type Tokenizer, type TokenizerOptions } from 'matomari/text';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { MatomariError } from '#dist/errors.js';
import { Lane } from '#dist/text/lane.js';
import { TfidfVectorizer } from '#dist/tfidf.js';

const TITLE = '【Sports Watch】体操・田中理恵、兄が学生時代のエピソードを暴露';

const open: Tokenizer[] = [];
/** A tokenizer that is closed after the test. */
async function make(options?: TokenizerOptions): Promise<Tokenizer> {
  const tokenizer = await createTokenizer(options);
  open.push(tokenizer);
  return tokenizer;
}
afterEach(() => Promise.all(open.splice(0).map((tokenizer) => tokenizer.close())));

let japanese: Tokenizer;
let auto: Tokenizer;
beforeAll(async () => {
  japanese = await createTokenizer({ language: 'ja', workers: 1 });
  auto = await createTokenizer({ workers: 1 });
});
afterAll(() => Promise.all([japanese.close(), auto.close()]));

async function words(tokenizer: Tokenizer, text: string): Promise<string[]> {
  return (await tokenizer.tokenize([text]))[0]!;
}

describe('Japanese', () => {
  it('cuts the title of the notebook as the notebook does, but for the case of Latin words', async () => {
    expect((await words(japanese, TITLE)).join(' ')).toBe(
      '【 Sports Watch 】 体操 ・ 田中 理恵 、 兄 が 学生 時代 の エピソード を 暴露',
    );
  });

  it('leaves the notebook words after the default pattern of TF-IDF: one-letter tokens vanish', async () => {
    const vectorizer = new TfidfVectorizer();
    await vectorizer.fit([(await words(japanese, TITLE)).join(' ')]);
    expect(vectorizer.featureNames).toEqual(
      ['sports', 'watch', 'エピソード', '体操', '学生', '時代', '暴露', '理恵', '田中'].sort(),
    );
  });

  it.each([
    ['走っていた', '走る て いる た'],
    ['美しくない', '美しい ない'],
    ['2011年に1000万円', '2011 年 に 1000 万 円'],
    ['ﾊﾝｶｸｶﾀｶﾅとＡＢＣ', 'ハンカクカタカナ と ABC'],
    ['ﾃﾞｨｰﾌﾟﾗｰﾆﾝｸﾞ･ﾌﾚｰﾑﾜｰｸ', 'ディープラーニング ・ フレーム ワーク'],
    ['東京\u3000大阪\n京都\t奈良', '東京 大阪 京都 奈良'],
    ['何!?知らない。', '何 !? 知る ない 。'],
    ['𠮷野家で𠮷𠮷', '𠮷 野家 で 𠮷𠮷'],
    ['😀😀絵文字👨\u200d👩\u200d👧家族', '😀😀 絵文字 👨👩👧 家族'],
    ['食べ\u200bる', '食べる'],
    ['한국어 텍스트', '한국어 텍스트'],
    ['a\0b', 'a b'],
    ['東京\ud842', '東京 \ufffd'],
    [' \n ', ''],
    ['', ''],
  ])('%j', async (text, expected) => {
    expect((await words(japanese, text)).join(' ')).toBe(expected);
  });

  it('keeps surfaces without lemma', async () => {
    const tokenizer = await make({ language: 'ja', lemma: false, workers: 1 });
    expect(await words(tokenizer, '走っていた')).toEqual(['走っ', 'て', 'い', 'た']);
  });

  it('keeps the parts of speech asked for, in either language; symbols are no nouns', async () => {
    const tokenizer = await make({ language: 'ja', pos: ['noun', '動詞', 'Adjective'], workers: 1 });
    expect(await words(tokenizer, 'http://a.jp は!?速く走る・新しい𠮷野家😀の車')).toEqual(
      'http a jp 速い 走る 新しい 𠮷 野家 車'.split(' '),
    );
  });

  it('leaves out stop words by their dictionary form', async () => {
    const tokenizer = await make({ language: 'ja', stopWords: ['走る', 'ＡＢＣ'], workers: 1 });
    expect(await words(tokenizer, '犬が走った。abc')).toEqual(['犬', 'が', 'た', '。']);
    const listed = await make({ language: 'ja', stopWords: 'japanese', workers: 1 });
    expect(await words(listed, '学生が本を読んでいることについて')).toEqual([
      '学生',
      '本',
      '読む',
      'について',
    ]);
  });
});

describe('auto', () => {
  it('cuts each text in its own language, and keeps their order', async () => {
    const texts = [
      TITLE,
      '',
      'The quick brown_fox, 3 jumps!',
      'ภาษาไทยง่าย',
      '오늘 날씨가 좋다.',
      '東京都',
      'Привет, мир',
      '１２３',
    ];
    expect((await auto.tokenize(texts)).map((list) => list.join(' '))).toEqual([
      (await words(japanese, TITLE)).join(' '),
      '',
      'The quick brown_fox jumps',
      'ภาษา ไทย ง่าย',
      '오늘 날씨가 좋다',
      '東京 都',
      'Привет мир',
      '123',
    ]);
  });

  it('takes Chinese characters for Chinese where no text has kana', async () => {
    expect(await auto.tokenize(['学生时代', '经济发展'])).toEqual([
      ['学生', '时代'],
      ['经济', '发展'],
    ]);
  });

  it('needs no worker for words between spaces', async () => {
    const tokenizer = await make();
    const started = performance.now();
    expect(await words(tokenizer, "It's full-width ＡＢＣ")).toEqual(['It', 'full', 'width', 'ABC']);
    expect(performance.now() - started).toBeLessThan(200);
  });
});

describe('a language given', () => {
  it.each([
    ['en', 'の犬 a dog', 'の犬 dog'],
    ['zh-Hant', '學生時代', '學生 時代'],
    ['ja-JP', '食べた', '食べる た'],
    ['th', 'กินข้าว', 'กิน ข้าว'],
  ])('%s', async (language, text, expected) => {
    expect((await words(await make({ language, workers: 1 }), text)).join(' ')).toBe(expected);
  });

  it('leaves out its stop words', async () => {
    expect(await words(await make({ language: 'en', stopWords: 'english' }), 'The dog AND the cat')).toEqual([
      'dog',
      'cat',
    ]);
    expect(await words(await make({ language: 'zh', stopWords: ['时代'] }), '学生时代')).toEqual(['学生']);
  });
});

const SENTENCES = [
  '春の新作映画が公開された。',
  '電池が長持ちするスマホを比べた。',
  'The ferry sails at noon.',
  TITLE,
];

describe('much text', () => {
  const corpus = Array.from({ length: 9_000 }, (_, i) => {
    const more = i % 500 === 0 ? SENTENCES[0]!.repeat(400) : '';
    return `${SENTENCES[i % 4]}${i}番目の記事${more}`;
  });

  it('gives the same words with one worker and with three, and in order', async () => {
    const three = await make({ workers: 3 });
    const one = await auto.tokenize(corpus);
    const progress: number[] = [];
    const other = await three.tokenize(corpus, {
      onProgress: ({ stage, done, total }) => {
        expect([stage, total]).toEqual(['tokenize', corpus.length]);
        progress.push(done);
      },
    });
    expect(other).toEqual(one);
    expect(one[8_999]!.slice(-5)).toEqual(['暴露', '8999', '番目', 'の', '記事']);
    expect(progress.at(-1)).toBe(corpus.length);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
  });

  it('goes on past the words that a worker remembers', async () => {
    const texts = Array.from({ length: 120 }, (_, t) =>
      Array.from({ length: 2_000 }, (_, i) => `w${t * 2_000 + i}`).join(' '),
    );
    const tokenizer = await make({ language: 'zh', workers: 1 });
    const found = await tokenizer.tokenize([...texts, '学生时代 w0']);
    expect(found.slice(0, -1).map((list) => list.join(' '))).toEqual(texts);
    expect(found.at(-1)).toEqual(['学生', '时代', 'w0']);
  });

  it('serves two calls at once', async () => {
    const [a, b] = await Promise.all([
      auto.tokenize(corpus.slice(0, 300)),
      auto.tokenize(corpus.slice(300, 600)),
    ]);
    expect([...a, ...b]).toEqual(await auto.tokenize(corpus.slice(0, 600)));
  });

  it.each([
    ['ja', '電池が長持ちするスマホと新作映画の公開と'],
    ['ja', 'ディープラーニング'],
    ['ja', '漢'],
    ['ja', '・'],
    ['ja', '𠮷'],
    ['zh', '今天天气很好'],
    ['th', 'ภาษาไทยง่าย'],
    ['en', 'ab'],
  ])('takes time linear in a text without an end, in %s: %s', async (language, unit) => {
    const tokenizer = language === 'ja' ? japanese : await make({ language, workers: 1 });
    const text = unit.repeat(Math.ceil(100_000 / unit.length));
    const started = performance.now();
    const found = await words(tokenizer, text);
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(found.join('')).toHaveLength(text.length);
  });
});

describe('cancelling', () => {
  const long = Array.from({ length: 4_000 }, (_, i) => `${SENTENCES.join('')}${i}`);

  it('rejects at once, stops the workers soon, and leaves the tokenizer usable', async () => {
    await words(japanese, TITLE);
    const controller = new AbortController();
    const reason = new Error('enough');
    const work = japanese.tokenize(long, { signal: controller.signal });
    setTimeout(() => controller.abort(reason), 100);
    const started = performance.now();
    await expect(work).rejects.toMatchObject({ code: 'cancelled', cause: reason });
    expect(performance.now() - started).toBeLessThan(300);
    const after = performance.now();
    expect(await words(japanese, '食べた')).toEqual(['食べる', 'た']);
    expect(performance.now() - after).toBeLessThan(300);
  });

  it('does so while the dictionary is loading', async () => {
    const tokenizer = await make({ language: 'ja', workers: 1 });
    const started = performance.now();
    const work = tokenizer.tokenize(long, { signal: AbortSignal.timeout(20) });
    await expect(work).rejects.toMatchObject({ code: 'cancelled' });
    expect(performance.now() - started).toBeLessThan(400);
  });

  it('does so for words between spaces, and by the signal of the tokenizer', async () => {
    const controller = new AbortController();
    const tokenizer = await make({ language: 'en', signal: controller.signal });
    const work = tokenizer.tokenize(Array.from({ length: 300_000 }, () => SENTENCES[2]!));
    setTimeout(() => controller.abort(), 30);
    await expect(work).rejects.toMatchObject({ code: 'cancelled' });
    await expect(tokenizer.tokenize(['a'])).rejects.toMatchObject({ code: 'cancelled' });
    await expect(createTokenizer({ signal: controller.signal })).rejects.toMatchObject({ code: 'cancelled' });
  });
});

describe('ending', () => {
  it('refuses work after close, which may be repeated', async () => {
    const tokenizer = await createTokenizer({ language: 'ja' });
    const work = tokenizer.tokenize([TITLE]);
    const refused = expect(work).rejects.toMatchObject({ code: 'closed' });
    await tokenizer.close();
    await tokenizer.close();
    await refused;
    await expect(tokenizer.tokenize([TITLE])).rejects.toThrow('the tokenizer is closed');
  });

  it('turns a worker that dies into an error, and the next call starts another', async () => {
    const lane = new Lane({ lemma: true, pos: undefined, stopWords: [] });
    const work = lane.cut(['食べた'], ['ja']);
    const refused = expect(work).rejects.toMatchObject({
      name: 'MatomariError',
      code: 'internal',
      message: expect.stringMatching(/^the tokenizer's worker thread ended early, with exit code \d$/),
    });
    await lane.thread.terminate();
    await refused;
    expect(lane.alive).toBe(false);
    await expect(lane.cut(['食べた'], ['ja'])).rejects.toBeInstanceOf(MatomariError);
  });

  it('reports a dictionary that cannot be loaded', async () => {
    process.env.KUROMOJIN_DIC_PATH = '/nonexistent';
    try {
      const tokenizer = await make({ language: 'ja' });
      await expect(tokenizer.tokenize([TITLE])).rejects.toMatchObject({
        code: 'internal',
        message: expect.stringContaining("the tokenizer's worker thread failed: "),
      });
    } finally {
      delete process.env.KUROMOJIN_DIC_PATH;
    }
  });

  it('does not keep the process alive, closed or not', async () => {
    const entry = fileURLToPath(new URL('../../dist/esm/text/index.js', import.meta.url));
    const script = `
      import { createTokenizer } from ${JSON.stringify(entry)};
      const idle = await createTokenizer({ language: 'ja' });
      const used = await createTokenizer({ language: 'ja' });
      console.log((await used.tokenize(['食べた']))[0].join(' '));
    `;
    const run = promisify(execFile);
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], {
      timeout: 30_000,
    });
    expect(stdout).toBe('食べる た\n');
  });
});

describe('bad input', () => {
  it.each<[unknown, string]>([
    [['a', 5], 'texts[1] must be a string, not 5'],
    [['a', 'b', undefined], 'texts[2] must be a string, not undefined'],
    ['abc', 'texts must be an array of strings, not "abc"'],
  ])('%j', async (texts, message) => {
    await expect(auto.tokenize(texts as string[])).rejects.toMatchObject({
      code: 'bad_input',
      message: `tokenize: ${message}`,
    });
  });

  it.each<[unknown, string]>([
    [{ langauge: 'ja' }, 'createTokenizer has no option "langauge": did you mean "language"?'],
    [{ language: 'x y' }, 'language must be auto, ja, en or another BCP 47 tag such as zh or th, not "x y"'],
    [{ language: 5 }, 'language must be auto'],
    [{ pos: 'noun' }, "pos must be an array such as ['noun', 'verb'], not \"noun\""],
    [{ pos: ['nuon'] }, 'pos has no part of speech "nuon": did you mean "noun"?'],
    [{ pos: [3] }, 'pos has no part of speech 3: there are noun, verb'],
    [{ language: 'en', pos: ['noun'] }, 'pos needs Japanese text, but language is "en"'],
    [
      { stopWords: 'japanise' },
      'stopWords must be one of japanese, english, not "japanise"; did you mean "japanese"?',
    ],
    [{ stopWords: [1] }, 'stopWords must be japanese, english or an array of strings'],
    [{ lemma: 'yes' }, 'lemma must be true or false, not "yes"'],
    [{ workers: 0 }, 'workers must be an integer from 1 to 64, not 0'],
  ])('option %j', async (options, message) => {
    const refused = createTokenizer(options as TokenizerOptions);
    await expect(refused).rejects.toMatchObject({
      code: 'bad_option',
      message: expect.stringContaining(message),
    });
  });

  it('a misspelt option of a call', async () => {
    await expect(auto.tokenize([], { sginal: 1 } as never)).rejects.toThrow('did you mean "signal"?');
  });
});
