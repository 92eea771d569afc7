import { availableParallelism } from 'node:os';
import { checkBoolean, checkInteger, checkOneOf, checkOptions, environment, show } from '../check.js';
import { cancelled, MatomariError, throwIfAborted } from '../errors.js';
import type { Progress } from '../job.js';
import { batches, Collector } from './batches.js';
import type { CutterSettings } from './cutter.js';
import { Lane } from './lane.js';
import { checkTexts, LanguageDetector, methodOf } from './language.js';
import { DEFAULT_PATTERN, finder } from './pattern.js';
import { checkPartsOfSpeech } from './pos.js';
import { Slices } from './slices.js';
import { STOP_WORDS } from './stop-words.js';

export interface TokenizerOptions {
  /** `auto` (default: told for each text by its script, see detectLanguages), `ja`, `en` or another BCP 47 tag. */
  language?: string | undefined;
  /** Give Japanese words in dictionary form (default true). Other languages have no dictionary here. */
  lemma?: boolean | undefined;
  /** Keep only these parts of speech of Japanese: noun, verb, adjective, adverb … or IPADIC's 名詞, 動詞 … (default all). */
  pos?: readonly string[] | undefined;
  /** Words to leave out, whatever their case: a list, or the built-in one of `japanese` or `english` (default none). */
  stopWords?: 'japanese' | 'english' | readonly string[] | undefined;
  /** Worker threads (default: by the amount of text, up to the processors there are and 4). Never changes a result. */
  workers?: number | undefined;
  /** Aborting it cancels every call of tokenize. */
  signal?: AbortSignal | undefined;
}

export interface TokenizeOptions {
  /** Aborting it rejects with `cancelled` at once and stops the workers within 50 ms. */
  signal?: AbortSignal | undefined;
  /** Called with the number of texts done. */
  onProgress?: ((progress: Progress) => void) | undefined;
}

/** Cuts texts into words. Made by createTokenizer. */
export interface Tokenizer {
  /** The language asked for. */
  readonly language: string;
  /**
   * The words of each text, in order. Text is NFKC-normalised; the letter case is kept.
   *
   * Japanese: every token of kuromoji with IPADIC (punctuation included, spaces not), in dictionary form where it has
   * one. Chinese, Korean, Thai, Lao, Khmer, Burmese: the words of Intl.Segmenter. Anything else: runs of two or more
   * letters, digits or underscores, scikit-learn's token pattern. Long pieces are cut, so the time is linear in the text:
   * about 280,000 characters a second and worker in Japanese, 2 million by Intl.Segmenter, 30 million by the pattern.
   *
   * @throws MatomariError `bad_input` for something that is not a string, `cancelled`, `closed`
   */
  tokenize(texts: readonly string[], options?: TokenizeOptions): Promise<string[][]>;
  /** Ends the worker threads, each of which holds 350 MB with the Japanese dictionary. Harmless when repeated. */
  close(): Promise<void>;
}

/**
 * Makes a tokenizer. With `language: 'ja'` a worker starts to load the dictionary at once (0.6 s), so make it early and
 * let other work go on meanwhile; otherwise workers start with the first text that needs one. They do not keep the
 * process alive while idle.
 *
 * @throws MatomariError `bad_option`, `cancelled`
 */
export async function createTokenizer(options: TokenizerOptions = {}): Promise<Tokenizer> {
  checkOptions('createTokenizer', options, ['language', 'lemma', 'pos', 'stopWords', 'workers', 'signal']);
  const language = options.language ?? 'auto';
  const method = language === 'auto' ? undefined : methodOf(language);
  const pos = options.pos === undefined ? undefined : checkPartsOfSpeech(options.pos);
  if (pos && method && method !== 'kuromoji')
    throw new MatomariError(
      'bad_option',
      `pos needs Japanese text, but language is ${show(language)}: leave pos out`,
    );
  const settings = {
    lemma: checkBoolean('lemma', options.lemma ?? true),
    pos,
    stopWords: checkStopWords(options.stopWords ?? []),
  };
  throwIfAborted(options.signal, 'createTokenizer');
  return new PooledTokenizer(
    method === 'kuromoji' ? 'ja' : language,
    settings,
    checkWorkers(options.workers),
    options.signal,
  );
}

/**
 * Characters for each worker before another is started. A worker takes 0.9 s to load the Japanese dictionary and warm up,
 * and 350 MB; 300,000 characters are 1.1 s of work.
 */
const TEXT_PER_WORKER = 300_000;
/** Workers at most, unless the caller says otherwise. */
const MOST_WORKERS = 4;
/** Batches that a worker has at a time, so that it never waits for the next. */
const AHEAD = 2;

class PooledTokenizer implements Tokenizer {
  readonly language: string;
  readonly #settings: CutterSettings;
  /** Fewest and most workers for texts that need any. */
  readonly #workers: readonly [number, number];
  readonly #signal: AbortSignal | undefined;
  #lanes: Lane[] = [];
  #closed = false;

  constructor(
    language: string,
    settings: CutterSettings,
    workers: readonly [number, number],
    signal: AbortSignal | undefined,
  ) {
    this.language = language;
    this.#settings = settings;
    this.#workers = workers;
    this.#signal = signal;
    // Should loading fail, the first call of tokenize says so.
    if (language === 'ja') for (const lane of this.#lanesFor(1)) lane.cut([], ['ja']).catch(() => {});
  }

  async tokenize(texts: readonly string[], options: TokenizeOptions = {}): Promise<string[][]> {
    checkOptions('tokenize', options, ['signal', 'onProgress']);
    checkTexts('tokenize', texts);
    if (this.#closed) throw closed();
    const stop = new AbortController();
    const aborted = new Promise<never>((_, reject) =>
      stop.signal.addEventListener('abort', () => reject(cancelled(stop.signal, 'tokenize'))),
    );
    const signals = [options.signal, this.#signal].filter((signal) => signal !== undefined);
    const forward = (event: Event) => stop.abort((event.target as AbortSignal).reason);
    for (const signal of signals) {
      throwIfAborted(signal, 'tokenize');
      signal.addEventListener('abort', forward, { once: true });
    }
    try {
      return await Promise.race([this.#run(texts, stop.signal, options.onProgress), aborted]);
    } finally {
      stop.abort();
      for (const signal of signals) signal.removeEventListener('abort', forward);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#lanes.map((lane) => lane.close(closed())));
  }

  async #run(
    texts: readonly string[],
    signal: AbortSignal,
    onProgress: TokenizeOptions['onProgress'],
  ): Promise<string[][]> {
    const slices = new Slices('tokenize', signal);
    const languages = await this.#languages(texts, slices);
    const methods = new Map([...new Set(languages)].map((language) => [language, methodOf(language)]));
    const words: string[][] = [];
    const forWorkers: number[] = [];
    const forPattern: number[] = [];
    let characters = 0;
    for (let i = 0; i < texts.length; i++) {
      words.push([]);
      if (methods.get(languages[i]!) === 'pattern') forPattern.push(i);
      else {
        forWorkers.push(i);
        characters += texts[i]!.length;
      }
      if (i % 1024 === 0 && slices.over) await slices.next();
    }

    let done = 0;
    const finish = (count: number) => {
      done += count;
      if (count > 0) onProgress?.({ stage: 'tokenize', done, total: texts.length });
    };
    const lanes = forWorkers.length === 0 ? [] : this.#lanesFor(Math.ceil(characters / TEXT_PER_WORKER));
    const queue = batches(texts, languages, forWorkers);
    const collector = new Collector(words);
    const pull = async (lane: Lane) => {
      for (const batch of queue) {
        const cut = await lane.cut(batch.pieces, batch.languages);
        if (signal.aborted) return;
        finish(collector.put(batch, cut));
      }
    };
    await Promise.all([
      this.#matchPattern(texts, forPattern, words, slices, finish),
      ...lanes.flatMap((lane) => Array.from({ length: AHEAD }, () => pull(lane))),
    ]);
    return words;
  }

  async #languages(texts: readonly string[], slices: Slices): Promise<string[]> {
    if (this.language !== 'auto') return texts.map(() => this.language);
    const detector = new LanguageDetector();
    for (const text of texts) {
      detector.add(text);
      if (slices.over) await slices.next();
    }
    return detector.languages();
  }

  async #matchPattern(
    texts: readonly string[],
    which: readonly number[],
    words: string[][],
    slices: Slices,
    finish: (count: number) => void,
  ): Promise<void> {
    const find = finder(DEFAULT_PATTERN);
    const stop = new Set(this.#settings.stopWords);
    let unreported = 0;
    for (const i of which) {
      const found = find(texts[i]!.normalize('NFKC'));
      words[i] = stop.size === 0 ? found : found.filter((word) => !stop.has(word.toLowerCase()));
      unreported++;
      if (!slices.over) continue;
      finish(unreported);
      unreported = 0;
      await slices.next();
    }
    finish(unreported);
  }

  /** So many living workers, within the limits; all that there are when they are more. */
  #lanesFor(wanted: number): Lane[] {
    this.#lanes = this.#lanes.filter((lane) => lane.alive);
    const [least, most] = this.#workers;
    const count = Math.max(least, Math.min(wanted, most));
    while (this.#lanes.length < count) this.#lanes.push(new Lane(this.#settings));
    return this.#lanes;
  }
}

const closed = () =>
  new MatomariError('closed', 'the tokenizer is closed: make another with createTokenizer');

function checkStopWords(value: unknown): string[] {
  if (value === 'japanese' || value === 'english') return [...STOP_WORDS[value]];
  if (typeof value === 'string') checkOneOf('stopWords', value, ['japanese', 'english']);
  if (!Array.isArray(value) || value.some((word) => typeof word !== 'string'))
    throw new MatomariError(
      'bad_option',
      `stopWords must be japanese, english or an array of strings, not ${show(value)}`,
    );
  return value.map((word: string) => word.normalize('NFKC').toLowerCase());
}

/** Fewest and most workers: the number asked for, else up to MATOMARI_THREADS or the processors, and four. */
function checkWorkers(workers: unknown): readonly [number, number] {
  if (workers !== undefined) {
    const count = checkInteger('workers', workers, 1, 64);
    return [count, count];
  }
  const variable = environment('MATOMARI_THREADS');
  const threads =
    variable === undefined
      ? availableParallelism()
      : checkInteger('MATOMARI_THREADS', Number(variable), 1, 1024);
  return [1, Math.min(threads, MOST_WORKERS)];
}
