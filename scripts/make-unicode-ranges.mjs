// Writes native/unigram/unicode_ranges.inl: what Node's ICU knows of characters that the Unigram tokenizer needs, as ranges.
// How a character joins its neighbours is asked of the segmenter itself, as JavaScript has no name for the property.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const segmenter = new Intl.Segmenter('und', { granularity: 'grapheme' });
const joined = (text) => segmenter.segment(text).containing(0).segment.length === text.length;
const ACCENT = '\u0301';
const JOINER = '\u200d';
const PICTURE = '\u00a9';

function joining(character) {
  if (character === JOINER) return 'joiner';
  if (character === '\r' || character === '\n' || !joined(character + ACCENT)) return 'control';
  if (/\p{Extended_Pictographic}/u.test(character)) return 'picture';
  if (joined(`a${character}`)) return joined(PICTURE + character + JOINER + PICTURE) ? 'extend' : 'mark';
  return joined(`${character}a`) ? 'prepend' : undefined;
}

const isWord = (character) =>
  /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u.test(character) ? true : undefined;

/** Runs of code points for which `of` gives the same, other than undefined. */
function ranges(of) {
  const found = [];
  for (let code = 0; code <= 0x10ffff; code++) {
    if (code >= 0xd800 && code < 0xe000) continue;
    const kind = of(String.fromCodePoint(code));
    const last = found.at(-1);
    if (last && last.kind === kind && last.last === code - 1) last.last = code;
    else if (kind !== undefined) found.push({ first: code, last: code, kind });
  }
  return found;
}

const hex = (code) => `0x${code.toString(16)}`;
function table(declaration, entries) {
  const lines = [''];
  for (const entry of entries) {
    if (lines.at(-1).length + entry.length > 117) lines.push('');
    lines[lines.length - 1] += lines.at(-1) === '' ? `    ${entry},` : ` ${entry},`;
  }
  return `${declaration} = {\n${lines.join('\n')}\n};\n`;
}

const text = [
  `// Made by scripts/make-unicode-ranges.mjs from Unicode ${process.versions.unicode}.\n`,
  table(
    'constexpr JoiningRange kJoining[]',
    ranges(joining).map(({ first, last, kind }) => `{${hex(first)}, ${hex(last)}, Joining::${kind}}`),
  ),
  table(
    'constexpr Range kWords[]',
    ranges(isWord).map(({ first, last }) => `{${hex(first)}, ${hex(last)}}`),
  ),
].join('\n');
writeFileSync(fileURLToPath(new URL('../native/unigram/unicode_ranges.inl', import.meta.url)), text);
