import { show } from '../check.js';
import { MatomariError } from '../errors.js';
import { WORD } from './words.js';

/** scikit-learn's default: words of two or more characters. */
export const DEFAULT_PATTERN = String.raw`(?u)\b\w\w+\b`;

/** Patterns that the word scanner reads without a regular expression, and the shortest word of each. */
const SCANNED = new Map([
  [String.raw`\b\w\w+\b`, 2],
  [String.raw`\w\w+`, 2],
  [String.raw`\w{2,}`, 2],
  [String.raw`\b\w+\b`, 1],
  [String.raw`\w+`, 1],
]);

/** The shortest word that a Python pattern finds, when it means "runs of word characters"; otherwise undefined. */
export function shortestWord(pattern: string): number | undefined {
  return SCANNED.get(pattern.replace(/^\(\?u\)/, ''));
}

const BOUNDARY = `(?:(?<=[${WORD}])(?![${WORD}])|(?<![${WORD}])(?=[${WORD}]))`;
const NO_BOUNDARY = `(?:(?<=[${WORD}])(?=[${WORD}])|(?<![${WORD}])(?![${WORD}]))`;
const SPACE = String.raw`\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000`;
const OUTSIDE: Record<string, string> = {
  w: `[${WORD}]`,
  W: `[^${WORD}]`,
  d: String.raw`\p{Nd}`,
  D: String.raw`\P{Nd}`,
  s: `[${SPACE}]`,
  S: `[^${SPACE}]`,
  b: BOUNDARY,
  B: NO_BOUNDARY,
};
const INSIDE: Record<string, string> = { w: WORD, d: String.raw`\p{Nd}`, D: String.raw`\P{Nd}`, s: SPACE };

/**
 * A Python regular expression as one of JavaScript that finds the same: \w, \d, \b and \s mean the characters of
 * every script there, but mostly ASCII here. What has no counterpart is refused.
 */
function fromPython(pattern: string): RegExp {
  let source = '';
  let inClass = false;
  const body = pattern.replace(/^\(\?u\)/, '');
  for (let i = 0; i < body.length; i++) {
    const c = body[i]!;
    if (c === '\\') {
      const next = body[++i] ?? '';
      if (inClass && /[WS]/.test(next)) throw unusable(pattern, `\\${next} inside [ ] has no counterpart`);
      source += (inClass ? INSIDE : OUTSIDE)[next] ?? escaped(next, inClass);
      continue;
    }
    if (c === '[') inClass = true;
    else if (c === ']') inClass = false;
    source += c;
  }
  try {
    return new RegExp(source, 'gu');
  } catch (cause) {
    throw unusable(pattern, (cause as Error).message, cause);
  }
}

/** Python lets any punctuation be escaped; JavaScript's Unicode mode only syntax characters, and - inside [ ]. */
function escaped(character: string, inClass: boolean): string {
  const plain = /[_"'#&~<>=:;,!@%` -]/.test(character) && !(inClass && character === '-');
  return plain ? character : `\\${character}`;
}

function unusable(pattern: string, why: string, cause?: unknown): MatomariError {
  return new MatomariError(
    'bad_option',
    `tokenPattern ${show(pattern)} cannot be read as a Python pattern (${why}): give a RegExp instead`,
    { cause },
  );
}

/**
 * The function that Python's `re.findall` would be for this pattern: the matches, or what the only group matched.
 *
 * @param pattern a RegExp is taken as it is; a string is a Python pattern
 */
export function finder(pattern: RegExp | string): (text: string) => string[] {
  const regexp =
    typeof pattern === 'string'
      ? fromPython(pattern)
      : new RegExp(pattern, `${pattern.flags.replace(/[gy]/g, '')}g`);
  const groups = new RegExp(`${regexp.source}|`, regexp.flags).exec('')!.length - 1;
  if (groups > 1)
    throw new MatomariError(
      'bad_option',
      `tokenPattern ${show(String(pattern))} has ${groups} groups: keep one, or write the others as (?:…)`,
    );
  if (groups === 0) return (text) => text.match(regexp) ?? [];
  return (text) => Array.from(text.matchAll(regexp), (match) => match[1] ?? '');
}
