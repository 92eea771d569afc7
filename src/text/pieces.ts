/**
 * Longest piece in UTF-16 units. kuromoji and Intl.Segmenter take time that grows with the square of what they get at
 * once: on text without punctuation kuromoji reads 165,000 characters a second in pieces of 256 and 60,000 in pieces of
 * 1,024, and 256 characters leave at most one word in a hundred at a cut.
 */
const LONGEST = 256;

/** Lines and other stretches between control characters. */
const LINE_BREAKS = /[\p{Cc}\u2028\u2029]+/u;
const SENTENCES = /[^。!?]*[。!?]+|[^。!?]+/g;
/** After these a cut does no harm. */
const PAUSES = /[\s、,;:」』】〉》)\]}]/;
const HIRAGANA = /[\u3041-\u309f]/;
const CONTINUING = /[\p{M}\u{dc00}-\u{dfff}]/u;

/** Cuts normalised text into pieces of at most LONGEST units: at line breaks, after sentences, and at pauses. */
export function splitPieces(text: string): string[] {
  const pieces: string[] = [];
  for (const line of text.split(LINE_BREAKS))
    for (let [sentence] of line.matchAll(SENTENCES)) {
      while (sentence.length > LONGEST) {
        const cut = cutPoint(sentence);
        pieces.push(sentence.slice(0, cut));
        sentence = sentence.slice(cut);
      }
      if (sentence.trim() !== '') pieces.push(sentence);
    }
  return pieces;
}

/** Where to cut a sentence that is too long: after a pause, else where hiragana end, which is mostly between words. */
function cutPoint(sentence: string): number {
  for (let i = LONGEST; i > LONGEST / 2; i--) if (PAUSES.test(sentence[i - 1]!)) return i;
  for (let i = LONGEST; i > LONGEST / 2; i--)
    if (HIRAGANA.test(sentence[i - 1]!) && !HIRAGANA.test(sentence[i]!)) return i;
  for (let i = LONGEST; i > LONGEST / 2; i--) if (!CONTINUING.test(sentence[i]!)) return i;
  return LONGEST;
}

/** A middle dot, which kuromoji takes into unknown words, or characters beyond the BMP, of which it loses some. */
const APART = /(・|[\u{10000}-\u{10ffff}]+)/u;

/**
 * Readies Japanese text for kuromoji and cuts it into pieces. Lone surrogates, which make kuromoji throw, become U+FFFD;
 * invisible characters go; NFKC, because IPADIC knows neither half-width katakana nor full-width letters.
 */
export function splitJapanese(text: string): string[] {
  const normal = text
    .replace(/\p{Cs}/gu, '\ufffd')
    .replace(/\p{Default_Ignorable_Code_Point}/gu, '')
    .normalize('NFKC');
  return normal.split(APART).flatMap((part, i) => (i % 2 === 1 ? part : splitPieces(part)));
}
