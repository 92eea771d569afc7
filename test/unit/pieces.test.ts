import { describe, expect, it } from 'vitest';
import { splitJapanese, splitPieces } from '#dist/text/pieces.js';

describe('splitPieces', () => {
  it.each([
    ['一。二!三?四', ['一。', '二!', '三?', '四']],
    ['何!?え。。。', ['何!?', 'え。。。']],
    ['。あ', ['。', 'あ']],
    ['一\n二\r\n\n三\t四\u2028五\0六', ['一', '二', '三', '四', '五', '六']],
    [' \n ', []],
    ['', []],
    ['a b', ['a b']],
  ])('%j', (text, pieces) => expect(splitPieces(text)).toEqual(pieces));

  it('cuts a long sentence after a pause, else where hiragana end, else anywhere', () => {
    const pause = `${'あ'.repeat(200)}、${'漢'.repeat(200)}`;
    expect(splitPieces(pause).map((piece) => piece.length)).toEqual([201, 200]);
    const hiragana = `${'あ'.repeat(210)}${'漢'.repeat(100)}`;
    expect(splitPieces(hiragana).map((piece) => piece.length)).toEqual([210, 100]);
    const neither = '漢'.repeat(600);
    expect(splitPieces(neither).map((piece) => piece.length)).toEqual([256, 256, 88]);
  });

  it('does not cut inside a character, nor before its marks', () => {
    for (const text of [`a${'😀'.repeat(300)}`, `a${'ก\u0e49'.repeat(300)}`])
      for (const piece of splitPieces(text)) expect(piece).not.toMatch(/^[\u0e49\udc00-\udfff]/);
  });
});

describe('splitJapanese', () => {
  it('normalises, and sets middle dots and characters beyond the BMP apart', () => {
    expect(splitJapanese('ｱ･ｲ！')).toEqual(['ア', '・', 'イ!']);
    expect(splitJapanese('𠮷𠮷野家😀')).toEqual(['𠮷𠮷', '野家', '😀']);
    expect(splitJapanese('葛\u{e0100}城\u200b')).toEqual(['葛城']);
    expect(splitJapanese('\ud842あ\udfb7')).toEqual(['\ufffdあ\ufffd']);
  });
});
