import type { Binding, NativeCut, NativeEdit } from '../../binding.js';

interface Step {
  type: string;
  [field: string]: unknown;
}

/** The parts of a tokenizer.json with a Unigram model that turn a text into ids. */
export interface SentencePieceConfig {
  model: { vocab: [piece: string, score: number][]; unk_id?: number | null; byte_fallback?: boolean };
  normalizer?: Step | null;
  pre_tokenizer?: Step | null;
  added_tokens?: {
    id: number;
    content: string;
    single_word?: boolean;
    lstrip?: boolean;
    rstrip?: boolean;
    normalized?: boolean;
    special?: boolean;
  }[];
}

/** How a tokenizer is made of a tokenizer.json: what the addon is told, and what goes before it. */
export interface UnigramPlan extends Omit<Parameters<Binding['unigram']>[0], 'units' | 'ends' | 'scores'> {
  vocabulary: SentencePieceConfig['model']['vocab'];
  /** The first steps of the normaliser, where only JavaScript has them. */
  before?: (text: string) => string;
}

/**
 * The plan of a tokenizer that SentencePiece's Unigram models become in a tokenizer.json (XLM-R, multilingual-e5,
 * bge-m3, the built-in model …), with the same ids as the `tokenizers` library in Rust; undefined where the file has a
 * step not known here, or a character map before a step that only JavaScript has.
 */
export function sentencePiece(json: SentencePieceConfig): UnigramPlan | undefined {
  const steps = flat(json.normalizer, 'normalizers');
  const cuts = flat(json.pre_tokenizer, 'pretokenizers').map(cut);
  const native = steps.map(edit);
  // What only JavaScript has, and all before it.
  const first = native.lastIndexOf(undefined) + 1;
  const early = steps.slice(0, first).map(rewrite);
  const edits = native.slice(first) as NativeEdit[];
  if (early.includes(undefined) || cuts.includes(undefined)) return undefined;
  const charsmap = steps.find(({ type }) => type === 'Precompiled')?.precompiled_charsmap;
  return {
    vocabulary: json.model.vocab,
    unknown: json.model.unk_id ?? -1,
    byteFallback: json.model.byte_fallback ?? false,
    ...(charsmap ? { charsmap: new Uint8Array(Buffer.from(charsmap as string, 'base64')) } : {}),
    edits: edits.filter(({ kind }) => kind !== 'charsmap' || charsmap),
    cuts: cuts as NativeCut[],
    added: (json.added_tokens ?? []).map((token) => ({
      id: token.id,
      content: token.content,
      singleWord: token.single_word ?? false,
      lstrip: token.lstrip ?? false,
      rstrip: token.rstrip ?? false,
      normalized: token.normalized ?? !token.special,
    })),
    ...(early.length > 0 ? { before: (text) => early.reduce((t, step) => step!(t), text) } : {}),
  };
}

/** The steps that a step is made of. */
function flat(step: Step | null | undefined, field: string): Step[] {
  if (!step) return [];
  if (step.type !== 'Sequence') return [step];
  return (step[field] as Step[]).flatMap((each) => flat(each, field));
}

/** A step of the normaliser that the addon has. */
function edit(step: Step): NativeEdit | undefined {
  switch (step.type) {
    case 'Precompiled':
      return { kind: 'charsmap' };
    case 'Strip':
      return { kind: 'strip', left: Boolean(step.strip_left), right: Boolean(step.strip_right) };
    case 'Prepend':
      return { kind: 'prepend', content: String(step.prepend) };
    case 'Replace': {
      const { String: literal, Regex: regex } = step.pattern as { String?: string; Regex?: string };
      const content = String(step.content);
      if (literal) return { kind: 'replace', pattern: literal, content };
      const run = /^([ \w\u0080-\ud7ff])(?:\+|\{([1-9]\d*),\})$/.exec(regex ?? '');
      return run ? { kind: 'squeeze', pattern: run[1]!, least: Number(run[2] ?? 1), content } : undefined;
    }
    default:
      return undefined;
  }
}

/** A step of the normaliser in JavaScript. */
function rewrite(step: Step): ((text: string) => string) | undefined {
  switch (step.type) {
    case 'NFC':
    case 'NFD':
    case 'NFKC':
    case 'NFKD':
      return (text) => text.normalize(step.type);
    case 'Lowercase':
      // Rust lowercases character by character, so a final sigma stays an ordinary one.
      return (text) => (text.includes('Σ') ? text.replaceAll('Σ', 'σ') : text).toLowerCase();
    case 'StripAccents':
      return (text) => text.replace(/\p{M}/gu, '');
    case 'Strip': {
      const left = step.strip_left ? '^\\p{White_Space}+' : '(?!)';
      const right = step.strip_right ? '\\p{White_Space}+$' : '(?!)';
      const ends = new RegExp(`${left}|${right}`, 'gu');
      return (text) => text.replace(ends, '');
    }
    case 'Prepend':
      return (text) => (text === '' ? text : `${step.prepend}${text}`);
    case 'Replace': {
      const { String: literal, Regex: regex } = step.pattern as { String?: string; Regex?: string };
      const content = String(step.content);
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

/** A step of the pre-tokenizer. */
function cut(step: Step): NativeCut | undefined {
  if (step.type === 'WhitespaceSplit') return { kind: 'whitespace' };
  if (step.type !== 'Metaspace') return undefined;
  const mark = (step.replacement as string | undefined) || '▁';
  const prepend = step.prepend_scheme ?? (step.add_prefix_space === false ? 'never' : 'always');
  return {
    kind: 'metaspace',
    mark,
    prepend: prepend as 'never' | 'first' | 'always',
    split: step.split !== false,
  };
}
