import { show } from '../check.js';
import { MatomariError } from '../errors.js';
import { markUnits } from './units.js';

/** How a language is cut into words. */
export type Method = 'kuromoji' | 'segmenter' | 'pattern';

/** Scripts written without spaces between words, and Korean, whose words Intl.Segmenter knows too. */
const SEGMENTED = ['Hans', 'Hant', 'Hani', 'Kore', 'Hang', 'Thai', 'Laoo', 'Khmr', 'Mymr'];

/** The method for a language tag; `bad_option` when it is not one. */
export function methodOf(language: string): Method {
  let locale: Intl.Locale;
  try {
    locale = new Intl.Locale(language).maximize();
  } catch {
    throw new MatomariError(
      'bad_option',
      `language must be auto, ja, en or another BCP 47 tag such as zh or th, not ${show(language)}`,
    );
  }
  if (locale.language === 'ja' && locale.script === 'Jpan') return 'kuromoji';
  return SEGMENTED.includes(locale.script ?? '') ? 'segmenter' : 'pattern';
}

const OTHER = 1;
const KANA = 2;
const HAN = 3;
/** The scripts that tell a language by themselves, with their class numbers. */
const TELLING: [number, string, string][] = [
  [4, 'ko', String.raw`\p{sc=Hangul}`],
  [5, 'th', String.raw`\p{sc=Thai}`],
  [6, 'lo', String.raw`\p{sc=Lao}`],
  [7, 'km', String.raw`\p{sc=Khmer}`],
  [8, 'my', String.raw`\p{sc=Myanmar}`],
];
let scripts: Uint8Array | undefined;

function scriptTable(): Uint8Array {
  if (scripts) return scripts;
  const table = markUnits(new Uint8Array(0x10000), String.raw`\p{L}`, OTHER);
  markUnits(table, String.raw`\p{sc=Hiragana}\p{sc=Katakana}`, KANA);
  markUnits(table, String.raw`\p{sc=Han}`, HAN);
  for (const [value, , characters] of TELLING) markUnits(table, characters, value);
  scripts = table;
  return table;
}

/** How much of a text is looked at, in UTF-16 units. */
const LOOKED_AT = 1000;
/** A script counts when at least one letter in so many is of it. */
const RARE = 20;

/** `ja`, `ko`, `th`, `lo`, `km` or `my`; `han` for Chinese characters without kana; `und` for the rest. */
function scriptOf(text: string): string {
  const table = scriptTable();
  const letters = new Int32Array(TELLING.length + 4);
  const length = Math.min(text.length, LOOKED_AT);
  for (let i = 0; i < length; i++) letters[table[text.charCodeAt(i)]!]!++;
  const all = letters.subarray(1).reduce((sum, n) => sum + n, 0);
  const kana = letters[KANA]!;
  const han = letters[HAN]!;
  if (kana > 0 && (kana + han) * RARE >= all) return 'ja';
  let best = 'und';
  let most = 0;
  for (const [value, name] of [[HAN, 'han'] as const, ...TELLING]) {
    const n = letters[value]!;
    if (n > most && n * RARE >= all) [best, most] = [name, n];
  }
  return best;
}

/** Collects texts one by one, and then knows the language of each. */
export class LanguageDetector {
  readonly #found: string[] = [];
  #withKana = 0;
  #hanOnly = 0;

  add(text: string): void {
    const script = scriptOf(text);
    if (script === 'ja') this.#withKana++;
    if (script === 'han') this.#hanOnly++;
    this.#found.push(script);
  }

  /** The language of each text. Texts in Chinese characters only are Japanese where one in ten of their like has kana. */
  languages(): string[] {
    const japanese = this.#withKana * 9 >= this.#hanOnly && this.#withKana > 0;
    return this.#found.map((script) => (script === 'han' ? (japanese ? 'ja' : 'zh') : script));
  }
}

/**
 * The language by which `language: 'auto'` cuts each text, told by script from its first 1,000 UTF-16 units:
 * `ja` with any kana, when kana and Chinese characters are at least one letter in twenty;
 * `ko`, `th`, `lo`, `km`, `my` for Hangul, Thai, Lao, Khmer and Burmese, and Chinese characters, whichever has the most
 * letters, and at least one in twenty; Chinese characters alone are `ja` when at least one in ten of the texts with
 * Chinese characters or kana has kana, else `zh`;
 * `und`, cut as words between spaces, for the rest. Cost: 2 ns a unit, on the calling thread.
 */
export function detectLanguages(texts: readonly string[]): string[] {
  const detector = new LanguageDetector();
  for (const text of texts) detector.add(text);
  return detector.languages();
}
