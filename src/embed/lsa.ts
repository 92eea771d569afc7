import { createHash } from 'node:crypto';
import { checkBoolean, checkInteger, checkNumber, checkOptions, show } from '../check.js';
import { type Device, resolveDevice, resolveThreads } from '../device.js';
import { MatomariError, throwIfAborted } from '../errors.js';
import type { OperationOptions } from '../job.js';
import { type Matrix, row, type SparseMatrix } from '../matrix.js';
import { createTokenizer, type Tokenizer, type TokenizerOptions } from '../text/index.js';
import { TfidfVectorizer } from '../tfidf.js';
import { truncatedSvd, truncatedSvdTransform } from '../truncated-svd.js';
import type { EmbeddedWindow } from './backend.js';
import type { Embedder, EmbedFacts, EmbedOptions, EmbedToFileOptions } from './embedder.js';
import { type LsaModel, writeLsa } from './lsa-model.js';
import { normalizeRow } from './pooling.js';
import { checkTexts, teller } from './texts.js';
import { embedToFile } from './to-file.js';

/** Options of loadEmbedder('lsa'). */
export interface LsaOptions {
  /** Dimensions of a vector (default 100; fewer where the corpus has fewer documents or terms). */
  nComponents?: number | undefined;
  /** Words in fewer documents are left out; below 1, a share of them (default 2, and 1 below 1,000 documents). */
  minDf?: number | undefined;
  /** How texts are cut into words, as createTokenizer takes it (default: language `auto`, all words). */
  language?: TokenizerOptions['language'];
  pos?: TokenizerOptions['pos'];
  stopWords?: TokenizerOptions['stopWords'];
  /** Divide every vector by its length (default true). */
  normalize?: boolean | undefined;
  /** Where the decomposition starts (default 0). */
  seed?: number | undefined;
  /** Where to run (default `auto`). */
  device?: Device | undefined;
  /** Threads of the decomposition and, up to four, of the tokenizer (default: MATOMARI_THREADS, else every processor). */
  threads?: number | undefined;
  signal?: AbortSignal | undefined;
}

const OPTIONS = [
  'nComponents',
  'minDf',
  'language',
  'pos',
  'stopWords',
  'normalize',
  'seed',
  'device',
  'threads',
  'signal',
] as const;
const EMBED_OPTIONS = ['signal', 'onProgress'] as const;

/** Every worker of a tokenizer holds its own dictionary. */
const MOST_WORKERS = 4;

interface FitOptions extends EmbedOptions {
  words?: readonly (readonly string[])[] | undefined;
}

interface Settings {
  nComponents: number;
  minDf: number | undefined;
  seed: number;
  words: LsaModel['words'];
  normalize: boolean;
}
type Machine = Pick<OperationOptions, 'device' | 'threads'>;
type Vectors = Matrix & EmbedFacts & { truncatedIndices: Int32Array };

/**
 * Latent semantic analysis: TF-IDF weights of a text's words (1 + ln of the count), on the leading singular vectors of the
 * corpus that it was fitted on. It needs no model and no download. Texts are cut into words as the terms of topics are;
 * a text without any word of the corpus is the zero vector. Of short texts it can tell little: give `stopWords`, and try fewer
 * dimensions. The same corpus and options give the same bits on any number
 * of threads and any SIMD level, and a text has the same vector in any company.
 */
export class LsaEmbedder implements Embedder {
  readonly model = 'lsa';
  /** No text is cut off. */
  readonly maxTokens = Number.MAX_SAFE_INTEGER;
  readonly device = 'cpu';
  readonly #settings: Settings;
  readonly #machine: Machine;
  readonly #tokenizer: Tokenizer;
  #fitted: { model: LsaModel; vectorizer: TfidfVectorizer } | undefined;
  #closed = false;

  private constructor(
    settings: Settings,
    machine: Machine,
    tokenizer: Tokenizer,
    fitted: LsaModel | undefined,
  ) {
    this.#settings = settings;
    this.#machine = machine;
    this.#tokenizer = tokenizer;
    if (fitted) this.#fitted = { model: fitted, vectorizer: TfidfVectorizer.fromJSON(fitted.tfidf) };
  }

  /** An embedder that is still to be fitted, or one that already is. `loadEmbedder` is the public way here. */
  static async create(options: LsaOptions, fitted?: LsaModel): Promise<LsaEmbedder> {
    const known = fitted ? (['device', 'threads', 'signal'] as const) : OPTIONS;
    checkOptions(fitted ? 'loadEmbedder (a fitted lsa model)' : 'loadEmbedder (lsa)', options, known);
    throwIfAborted(options.signal, 'loadEmbedder');
    const { minDf, language = 'auto', pos, stopWords } = options;
    const settings = {
      nComponents: checkInteger('nComponents', options.nComponents ?? 100, 1),
      minDf:
        minDf === undefined || minDf >= 1
          ? minDf && checkInteger('minDf', minDf, 1)
          : checkNumber('minDf', minDf, 0),
      seed: checkInteger('seed', options.seed ?? 0, 0),
      words: fitted?.words ?? { language, pos, stopWords },
      normalize: fitted?.normalize ?? checkBoolean('normalize', options.normalize ?? true),
    };
    const { device, threads } = options;
    resolveDevice(device);
    const workers = threads === undefined ? undefined : Math.min(resolveThreads(threads), MOST_WORKERS);
    const tokenizer = await createTokenizer({ ...settings.words, workers });
    return new LsaEmbedder(settings, { device, threads }, tokenizer, fitted);
  }

  /** Length of a vector; before fitting, the most that it can be. */
  get dimensions(): number {
    return this.#fitted?.model.components.rows ?? this.#settings.nComponents;
  }

  /** What fitting has learnt, as plain data; undefined before. */
  get fitted(): LsaModel | undefined {
    return this.#fitted?.model;
  }

  /**
   * Learns vocabulary, idf and singular vectors of a corpus; an earlier fit is forgotten.
   *
   * @throws MatomariError `bad_input` for what is not a string, for no texts, and when no word is left; `cancelled`, `closed`
   * Cost: the words of the texts, and a truncated singular value decomposition of their TF-IDF weights (see truncatedSvd)
   */
  async fit(texts: readonly string[], options: EmbedOptions = {}): Promise<this> {
    await this.fitEmbed(texts, options);
    return this;
  }

  /**
   * Fits, and gives the vectors that `embed` gives for the same texts, in one go.
   *
   * @param options `words`: those of every text, where a tokenizer of the same settings has cut them already
   * @throws what fit throws, and `bad_input` where there are not as many lists of words as texts
   */
  async fitEmbed(texts: readonly string[], options: FitOptions = {}): Promise<Vectors> {
    this.#begin('fitEmbed', options, ['words']);
    checkTexts(texts);
    const cut = options.words;
    if (cut && cut.length !== texts.length)
      throw new MatomariError(
        'bad_input',
        `fitEmbed: words has ${cut.length} lists for ${texts.length} texts: give one for every text, or leave words out`,
      );
    const { nComponents, seed, words, normalize } = this.#settings;
    const { signal, onProgress } = options;
    const minDf = this.#settings.minDf ?? (texts.length < 1000 ? 1 : 2);
    // Half of the progress is cutting into words, half the decomposition.
    const tell = teller(onProgress, texts.length);
    const share = (from: number) => (done: number, total: number) =>
      tell(Math.floor((texts.length / 2) * (from + done / Math.max(1, total))));
    const { lemmas, tokens } = cut ? joined(cut) : await this.#lemmas(texts, signal, share(0));
    const vectorizer = new TfidfVectorizer({ minDf, sublinearTf: true });
    const weights = await vectorizer.fitTransform(lemmas, { signal });
    const decomposing = share(1);
    const { embedding, components } = await truncatedSvd(weights, {
      nComponents: Math.min(nComponents, weights.rows, weights.cols),
      seed,
      ...this.#machine,
      signal,
      onProgress: ({ done, total }) => decomposing(done, total),
    });
    this.#fitted = { model: { words, normalize, tfidf: vectorizer.toJSON(), components }, vectorizer };
    if (normalize) normalizeRows(embedding);
    tell(texts.length);
    return { ...embedding, device: this.device, tokens, truncated: 0, truncatedIndices: new Int32Array(0) };
  }

  async embed(texts: readonly string[], options: EmbedOptions = {}): Promise<Vectors> {
    this.#begin('embed', options);
    checkTexts(texts);
    const { signal, onProgress } = options;
    const { tokens, weights } = await this.#weights('embed', texts, signal, teller(onProgress, texts.length));
    return {
      ...(await this.#project(weights, signal)),
      device: this.device,
      tokens,
      truncated: 0,
      truncatedIndices: new Int32Array(0),
    };
  }

  /** Words of every text, known or not. */
  async countTokens(
    texts: readonly string[],
    options: { signal?: AbortSignal | undefined } = {},
  ): Promise<Int32Array> {
    this.#begin('countTokens', options);
    checkTexts(texts);
    return Int32Array.from(await this.#tokenizer.tokenize(texts, options), (words) => words.length);
  }

  /** The terms of every text that the corpus has, by their number, each once. */
  async tokenize(
    texts: readonly string[],
    options: { signal?: AbortSignal | undefined } = {},
  ): Promise<{ inputIds: number[][]; attentionMask: number[][] }> {
    this.#begin('tokenize', options);
    checkTexts(texts);
    const { indptr, indices } = (await this.#weights('tokenize', texts, options.signal)).weights;
    const inputIds = texts.map((_, i) =>
      Array.from(indices.subarray(Number(indptr[i]), Number(indptr[i + 1]))),
    );
    return { inputIds, attentionMask: inputIds.map((ids) => ids.map(() => 1)) };
  }

  async embedToFile(
    texts: Iterable<string> | AsyncIterable<string>,
    path: string,
    options: EmbedToFileOptions = {},
  ): Promise<EmbedFacts & { rows: number; cols: number; truncatedIndices: Int32Array }> {
    this.#begin('embedToFile', options, ['resume']);
    const { components, ...rest } = this.#state('embedToFile').model;
    const learnt = createHash('sha256')
      .update(JSON.stringify(rest))
      .update(new Uint8Array(components.data.buffer));
    const settings = { model: this.model, learnt: learnt.digest('hex') };
    const embed = (stream: AsyncGenerator<string[], void, void>) => this.#windows(stream, options.signal);
    const found = await embedToFile(texts, path, options, { dimensions: this.dimensions, settings, embed });
    return { ...found, device: this.device };
  }

  /**
   * Writes what was learnt into a folder, which `loadEmbedder` takes as a model.
   *
   * @throws MatomariError `bad_input` before fitting, `bad_file` when it cannot be written
   */
  async save(dir: string): Promise<void> {
    await writeLsa(dir, this.#state('save').model);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#tokenizer.close();
  }

  #begin(operation: string, options: EmbedOptions, more: readonly string[] = []): void {
    if (this.#closed)
      throw new MatomariError('closed', `${operation}: this embedder was closed: load the model again`);
    if (options.prompt !== undefined || options.promptText !== undefined)
      throw new MatomariError(
        'bad_option',
        `${operation}: lsa knows no prompts, but got ${show(options.prompt ?? options.promptText)}: leave it out`,
      );
    checkOptions(operation, options, ['prompt', 'promptText', ...EMBED_OPTIONS, ...more]);
    throwIfAborted(options.signal, operation);
  }

  #state(operation: string) {
    if (this.#fitted) return this.#fitted;
    throw new MatomariError(
      'bad_input',
      `${operation}: an lsa embedder learns from a corpus: call fit(texts) first`,
    );
  }

  async #lemmas(
    texts: readonly string[],
    signal: AbortSignal | undefined,
    onProgress?: (done: number, total: number) => void,
  ): Promise<{ lemmas: string[]; tokens: number }> {
    const words = await this.#tokenizer.tokenize(texts, {
      signal,
      onProgress: ({ done, total }) => onProgress?.(done, total),
    });
    return joined(words);
  }

  async #weights(
    operation: string,
    texts: readonly string[],
    signal: AbortSignal | undefined,
    tell?: (done: number) => void,
  ): Promise<{ weights: SparseMatrix; tokens: number }> {
    const { vectorizer } = this.#state(operation);
    const { lemmas, tokens } = await this.#lemmas(texts, signal, tell);
    return { weights: await vectorizer.transform(lemmas, { signal }), tokens };
  }

  async #project(weights: SparseMatrix, signal: AbortSignal | undefined): Promise<Matrix> {
    const { components } = this.#state('embed').model;
    const { data, rows, cols } = await truncatedSvdTransform(weights, components, {
      ...this.#machine,
      signal,
    });
    if (this.#settings.normalize) normalizeRows({ data, rows, cols });
    return { data, rows, cols };
  }

  async *#windows(
    stream: AsyncGenerator<string[], void, void>,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<EmbeddedWindow, void, void> {
    for await (const texts of stream) {
      const { weights, tokens } = await this.#weights('embedToFile', texts, signal);
      yield { texts, vectors: (await this.#project(weights, signal)).data, tokens, truncated: [] };
    }
  }
}

const joined = (words: readonly (readonly string[])[]) => ({
  lemmas: words.map((list) => list.join(' ')),
  tokens: words.reduce((sum, list) => sum + list.length, 0),
});

const normalizeRows = (m: Matrix): void => {
  for (let i = 0; i < m.rows; i++) normalizeRow(row(m, i));
};
