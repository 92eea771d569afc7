import { markUnits } from './units.js';

/** A word character as Python's `\w` has it: a letter or number of any script, or the underscore. Marks are not. */
export const WORD = '\\p{L}\\p{N}_';

const HIGH_SURROGATE = 2;
let classes: Uint8Array | undefined;

/** For every UTF-16 unit: 1 a word character, 2 the first half of a character beyond the BMP, 0 anything else. */
function unitClasses(): Uint8Array {
  classes ??= markUnits(new Uint8Array(0x10000), WORD, 1).fill(HIGH_SURROGATE, 0xd800, 0xdc00);
  return classes;
}

const ASTRAL_WORD = new RegExp(`^[${WORD}]$`, 'u');

/**
 * Finds what Python's `re.findall(r'\b\w\w+\b', text)` finds: every maximal run of word characters that has at least
 * `shortest` of them, counted in code points.
 *
 * @param units the text in UTF-16; only the first `length` units are read
 * @param found takes the bounds [start, end) of each word, in order
 */
export function scanWords(
  units: Uint16Array,
  length: number,
  shortest: number,
  found: { push(start: number, end: number): void },
): void {
  const table = unitClasses();
  let start = -1;
  let characters = 0;
  for (let i = 0; i < length; i++) {
    let kind = table[units[i]!]!;
    let width = 1;
    if (kind === HIGH_SURROGATE) {
      const pair = i + 1 < length ? String.fromCharCode(units[i]!, units[i + 1]!) : '';
      kind = ASTRAL_WORD.test(pair) ? 1 : 0;
      if (kind === 1) width = 2;
    }
    if (kind === 1) {
      if (start < 0) {
        start = i;
        characters = 0;
      }
      characters++;
      i += width - 1;
    } else if (start >= 0) {
      if (characters >= shortest) found.push(start, i);
      start = -1;
    }
  }
  if (start >= 0 && characters >= shortest) found.push(start, length);
}
