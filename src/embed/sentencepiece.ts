import { Charsmap } from './charsmap.js';
import { Unigram, type UnigramConfig } from './unigram.js';

/** A token that is found in the text before anything else is done to it. */
export interface AddedToken {
  id: number;
  content: string;
  single_word?: boolean;
  lstrip?: boolean;
  rstrip?: boolean;
  normalized?: boolean;
  special?: boolean;
}

interface Step {
  type: string;
  [field: string]: unknown;
}

/** The parts of a tokenizer.json that turn a text into ids. */
export interface SentencePieceConfig {
  model: UnigramConfig;
  normalizer?: Step | null;
  pre_tokenizer?: Step | null;
  added_tokens?: AddedToken[];
}

/**
 * The tokenizers that SentencePiece's Unigram models become in a tokenizer.json (XLM-R, multilingual-e5, bge-m3,
 * the built-in model …), with the same ids as the `tokenizers` library in Rust.
 *
 * @returns a function from a text to ids without special tokens, or undefined where the file has a step not known
 *   here
 */
export function sentencePiece(json: SentencePieceConfig): ((text: string) => number[]) | undefined {
  const normalize = normalizer(json.normalizer);
  const words = preTokenizer(json.pre_tokenizer);
  if (!normalize || !words) return undefined;
  const unigram = new Unigram(json.model);
  const added = json.added_tokens ?? [];
  const isNormalized = (token: AddedToken) => token.normalized ?? !token.special;
  const raw = added.filter((token) => !isNormalized(token));
  const normalized = added
    .filter(isNormalized)
    .map((token) => ({ ...token, content: normalize(token.content) }));
  const splitRaw = splitter(raw);
  const splitNormalized = splitter(normalized);

  return (text) => {
    const ids: number[] = [];
    splitRaw(text, ids, (section, start) =>
      splitNormalized(normalize(section), ids, (part, at) => {
        for (const word of words(part, start === 0 && at === 0)) unigram.encode(word, ids);
      }),
    );
    return ids;
  };
}

type Normalize = (text: string) => string;

function normalizer(config: Step | null | undefined): Normalize | undefined {
  switch (config?.type) {
    case undefined:
      return (text) => text;
    case 'Sequence': {
      const steps = (config!.normalizers as Step[]).map(normalizer);
      return steps.includes(undefined) ? undefined : (text) => steps.reduce((t, step) => step!(t), text);
    }
    case 'Precompiled': {
      const map = config!.precompiled_charsmap as string | null;
      if (!map) return (text) => text;
      const charsmap = new Charsmap(map);
      return (text) => charsmap.normalize(text);
    }
    case 'NFC':
    case 'NFD':
    case 'NFKC':
    case 'NFKD':
      return (text) => text.normalize(config!.type);
    case 'Lowercase':
      // Rust lowercases character by character, so a final sigma stays an ordinary one.
      return (text) => (text.includes('Σ') ? text.replaceAll('Σ', 'σ') : text).toLowerCase();
    case 'StripAccents':
      return (text) => text.replace(/\p{M}/gu, '');
    case 'Strip': {
      const left = config!.strip_left ? '^\\p{White_Space}+' : '(?!)';
      const right = config!.strip_right ? '\\p{White_Space}+$' : '(?!)';
      const ends = new RegExp(`${left}|${right}`, 'gu');
      return (text) => text.replace(ends, '');
    }
    case 'Prepend':
      return (text) => (text === '' ? text : `${config!.prepend}${text}`);
    case 'Replace': {
      const { String: literal, Regex: regex } = config!.pattern as { String?: string; Regex?: string };
      const content = String(config!.content);
      if (literal !== undefined) return (text) => text.replaceAll(literal, () => content);
      // Only what Oniguruma and JavaScript read alike.
      if (regex === undefined || !/^[ \w\u0080-\uffff]+(?:\{\d+,\d*\}|[+*?])?$/.test(regex)) return undefined;
      const pattern = new RegExp(regex, 'gu');
      return (text) => text.replace(pattern, () => content);
    }
    default:
      return undefined;
  }
}

/** @param first whether the text stands at the very beginning of the input */
type PreTokenize = (text: string, first: boolean) => Iterable<string>;

function preTokenizer(config: Step | null | undefined): PreTokenize | undefined {
  switch (config?.type) {
    case undefined:
      return (text) => [text];
    case 'WhitespaceSplit':
      return (text) => text.match(/\P{White_Space}+/gu) ?? [];
    case 'Metaspace':
      return metaspace(config!);
    case 'Sequence': {
      const steps = (config!.pretokenizers as Step[]).map(preTokenizer);
      if (steps.includes(undefined)) return undefined;
      return (text, first) =>
        steps.reduce<string[]>(
          (words, step) =>
            words.flatMap((word, i) => [...step!(word, first && i === 0 && text.startsWith(word))]),
          [text],
        );
    }
    default:
      return undefined;
  }
}

/**
 * Spaces become the mark of a word's beginning (▁), one is put before the text, and the text is cut before every
 * mark.
 */
function metaspace(config: Step): PreTokenize {
  const mark = (config.replacement as string | undefined) ?? '▁';
  const scheme = config.prepend_scheme ?? (config.add_prefix_space === false ? 'never' : 'always');
  const cut = config.split !== false;
  return (text, first) => {
    let marked = text.replaceAll(' ', mark);
    if ((scheme === 'always' || (scheme === 'first' && first)) && !marked.startsWith(mark))
      marked = mark + marked;
    if (!cut || marked.indexOf(mark, 1) < 0) return [marked];
    const words: string[] = [];
    for (let start = 0; start < marked.length; ) {
      const next = marked.indexOf(mark, start + 1);
      const end = next < 0 ? marked.length : next;
      words.push(marked.slice(start, end));
      start = end;
    }
    return words;
  };
}

/**
 * Finds added tokens: appends their ids, and hands what lies between them to `rest` with the place where it stood.
 */
function splitter(
  tokens: AddedToken[],
): (text: string, ids: number[], rest: (part: string, at: number) => void) => void {
  const known = tokens.filter((token) => token.content !== '');
  if (known.length === 0)
    return (text, _, rest) => {
      if (text !== '') rest(text, 0);
    };
  // Longest first, as of several tokens at one place the longest counts.
  const sorted = [...known].sort((a, b) => b.content.length - a.content.length);
  const word = '[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}]';
  const pattern = new RegExp(
    sorted
      .map((t) => {
        const single = t.single_word ? [`(?<!${word})`, `(?!${word})`] : ['', ''];
        return `${t.lstrip ? '\\p{White_Space}*' : ''}${single[0]}(${literally(t.content)})${single[1]}${t.rstrip ? '\\p{White_Space}*' : ''}`;
      })
      .join('|'),
    'gu',
  );
  const ids = new Map(known.map((token) => [token.content, token.id]));
  return (text, out, rest) => {
    let end = 0;
    for (const match of text.matchAll(pattern)) {
      if (match.index > end) rest(text.slice(end, match.index), end);
      out.push(ids.get(match.slice(1).find((group) => group !== undefined)!)!);
      end = match.index + match[0].length;
    }
    if (end < text.length) rest(end === 0 ? text : text.slice(end), end);
  };
}

const literally = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
