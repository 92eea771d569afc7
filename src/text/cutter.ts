import type { getTokenizer } from 'kuromojin';

/** What to keep of the words that are found. */
export interface CutterSettings {
  /** Japanese words in dictionary form. */
  lemma: boolean;
  /** IPADIC's parts of speech to keep of Japanese; absent: all. */
  pos: string[] | undefined;
  /** Words to leave out, in lower case. */
  stopWords: string[];
}

const MIDDLE_DOT = '・';
const BEYOND_BMP = /^[\u{10000}-\u{10ffff}]/u;
const SAYS_SOMETHING = /[\p{L}\p{N}]/u;

/** Cuts pieces of text into words. kuromoji and its dictionary are loaded when first needed. */
export class Cutter {
  readonly #settings: CutterSettings;
  readonly #pos: ReadonlySet<string> | undefined;
  readonly #stop: ReadonlySet<string>;
  readonly #segmenters = new Map<string, Intl.Segmenter>();
  #kuromoji: Awaited<ReturnType<typeof getTokenizer>> | undefined;

  constructor(settings: CutterSettings) {
    this.#settings = settings;
    this.#pos = settings.pos && new Set(settings.pos);
    this.#stop = new Set(settings.stopWords);
  }

  /** Makes ready for a language. kuromoji: 0.6 s and 350 MB. */
  async load(language: string): Promise<void> {
    if (language !== 'ja' || this.#kuromoji) return;
    const { getTokenizer } = await import('kuromojin');
    this.#kuromoji = await getTokenizer();
  }

  /** The words of a piece that splitJapanese or splitPieces made. load(language) must have been awaited. */
  cut(piece: string, language: string): string[] {
    const words = language === 'ja' ? this.#japanese(piece) : this.#segments(piece, language);
    return this.#stop.size === 0 ? words : words.filter((word) => !this.#stop.has(word.toLowerCase()));
  }

  #japanese(piece: string): string[] {
    if (piece === MIDDLE_DOT) return this.#keeps('記号') ? [piece] : [];
    if (BEYOND_BMP.test(piece))
      return (piece.match(/[\p{L}\p{N}]+|[^\p{L}\p{N}]+/gu) ?? []).filter((run) =>
        this.#keeps(partOfSpeech(run, '名詞')),
      );
    const words: string[] = [];
    for (const { surface_form: surface, basic_form: base, pos } of this.#kuromoji!.tokenize(piece)) {
      if (!this.#keeps(partOfSpeech(surface, pos))) continue;
      if (base !== '*') words.push(this.#settings.lemma ? base : surface);
      // Only spaces and words of scripts that IPADIC has no class for, taken together as one token, hold spaces.
      else for (const word of surface.split(/\s+/)) if (word !== '') words.push(word);
    }
    return words;
  }

  #keeps(pos: string): boolean {
    return this.#pos === undefined || this.#pos.has(pos);
  }

  #segments(piece: string, language: string): string[] {
    let segmenter = this.#segmenters.get(language);
    if (!segmenter) {
      segmenter = new Intl.Segmenter(language, { granularity: 'word' });
      this.#segmenters.set(language, segmenter);
    }
    const words: string[] = [];
    for (const { segment, isWordLike } of segmenter.segment(piece)) if (isWordLike) words.push(segment);
    return words;
  }
}

/** IPADIC calls unknown symbols such as `!?` and `://` nouns; without a letter or number they are symbols here. */
function partOfSpeech(surface: string, pos: string): string {
  return SAYS_SOMETHING.test(surface) ? pos : '記号';
}
