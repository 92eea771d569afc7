import { detectLanguages } from 'matomari/text';
import { describe, expect, it } from 'vitest';
import { methodOf } from '#dist/text/language.js';

describe('detectLanguages', () => {
  it.each([
    ['ひらがな', 'ja'],
    ['iPhone 4S SIMロック', 'ja'],
    ['GALAXY NOTE II SC-02E WiMAX LTE対応', 'han'],
    ['ｱｲｳｴｵ', 'ja'],
    ['café, naïve', 'und'],
    ['Москва', 'und'],
    ['', 'und'],
    ['123 !? 😀', 'und'],
    ['서울 부산', 'ko'],
    ['ภาษาไทย', 'th'],
    ['ພາສາລາວ', 'lo'],
    ['ភាសាខ្មែរ', 'km'],
    ['မြန်မာ', 'my'],
    ['中文 text 中文字', 'han'],
    ['서울과 東京', 'ko'],
    [`The word 犬 is one among ${'many '.repeat(30)}`, 'und'],
    [`The word いぬ is two among ${'many '.repeat(30)}`, 'und'],
    [`${'a '.repeat(1000)}ひらがな`, 'und'],
    ['・ー', 'und'],
  ])('%s: %s', (text, language) => {
    expect(detectLanguages([text])).toEqual([language === 'han' ? 'zh' : language]);
    if (language === 'han') expect(detectLanguages([text, 'かな'])).toEqual(['ja', 'ja']);
  });

  it('takes Chinese characters for Japanese from one text in ten with kana', () => {
    const chinese = (n: number) => Array.from({ length: n }, () => '学生');
    expect(detectLanguages([...chinese(9), 'かな'])[0]).toBe('ja');
    expect(detectLanguages([...chinese(10), 'かな'])[0]).toBe('zh');
    expect(detectLanguages(['かな', 'English', ...chinese(2)])).toEqual(['ja', 'und', 'ja', 'ja']);
  });

  it('refuses what is not text', () => {
    expect(() => detectLanguages(['a', 3 as never])).toThrow(
      'detectLanguages: texts[1] must be a string, not 3',
    );
  });
});

describe('methodOf', () => {
  it.each([
    ['ja', 'kuromoji'],
    ['ja-JP', 'kuromoji'],
    ['ja-Latn', 'pattern'],
    ['zh', 'segmenter'],
    ['yue', 'segmenter'],
    ['zh-TW', 'segmenter'],
    ['ko', 'segmenter'],
    ['th', 'segmenter'],
    ['lo', 'segmenter'],
    ['km', 'segmenter'],
    ['my', 'segmenter'],
    ['en', 'pattern'],
    ['pt-BR', 'pattern'],
    ['und', 'pattern'],
    ['hi', 'pattern'],
  ])('%s: %s', (language, method) => expect(methodOf(language)).toBe(method));
});
