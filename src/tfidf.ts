import { checkOptions, show } from './check.js';
import { MatomariError } from './errors.js';
import { OPERATION_OPTIONS, type OperationOptions } from './job.js';
import { allocate, type SparseMatrix } from './matrix.js';
import { Counter, type Counts } from './text/counts.js';
import { Interner } from './text/interner.js';
import { selectTerms } from './text/select.js';
import { Slices } from './text/slices.js';
import { readJson, type TfidfJson, writeJson } from './text/tfidf-json.js';
import { checkTfidfOptions, type TfidfOptions } from './text/tfidf-options.js';
import { TokenBuffer } from './text/token-buffer.js';
import { appendWeighted, type Filling } from './text/weights.js';

export type { TfidfJson, TfidfOptions };

/** Texts, or documents that are already cut into words. */
export type TfidfDocuments = readonly string[] | ReadonlyArray<readonly string[]>;

const bad = (message: string) => new MatomariError('bad_input', `TfidfVectorizer: ${message}`);
const many = (n: number, noun: string) => `${n} ${noun}${n === 1 ? '' : 's'}`;

/**
 * TF-IDF weights of texts, or of documents already cut into words: the vocabulary, the sparse structure and the numbers
 * of scikit-learn's TfidfVectorizer under the same options.
 *
 * Texts are lower-cased and searched for words. Documents given as arrays of words are taken as they are, word by word
 * (scikit-learn's `tokenizer=identity, lowercase=False`); stopWords and ngramRange apply to both. Columns stand in the
 * code point order of their terms, as Python sorts, which is not JavaScript's UTF-16 order. A document without terms
 * gives an empty row. Weights are computed in float64 and rounded once, to float32. The same input gives the same
 * result whatever the machine.
 *
 * Cost: linear in the text, in slices of 15 ms on the thread that calls, whatever `device` and `threads` say (500,000
 * short texts a second); memory: 8 bytes for every distinct term of every document, and as much again for the result.
 */
export class TfidfVectorizer {
  readonly #settings: ReturnType<typeof checkTfidfOptions>;
  #fitted: { featureNames: string[]; idf: Float64Array } | undefined;
  /** The vocabulary numbered by column, made when transform first needs it. */
  #columns: Interner | undefined;

  /** @throws MatomariError `bad_option` for an unknown option, a value out of range, tokenPattern beside tokenizer */
  constructor(options: TfidfOptions = {}) {
    this.#settings = checkTfidfOptions(options);
  }

  /** The term of each column. @throws MatomariError `bad_input` before fitting */
  get featureNames(): string[] {
    return this.#state('featureNames').featureNames;
  }

  /** The factor of each column; all 1 with useIdf false. @throws MatomariError `bad_input` before fitting */
  get idf(): Float64Array {
    return this.#state('idf').idf;
  }

  /**
   * Learns the vocabulary and idf of the documents, and returns their weights: [documents × terms].
   *
   * @throws MatomariError `bad_input` for no documents, for one that is not text, for minDf above maxDf, and when no term
   *   is left; `cancelled`
   */
  async fitTransform(documents: TfidfDocuments, options: OperationOptions = {}): Promise<SparseMatrix> {
    const slices = begin('fitTransform', options);
    const parts: Counts[] = [];
    const { idf, columnOf, entries } = await this.#fit(documents, options, slices, parts);
    return this.#weigh(parts, { rows: documents.length, idf, columnOf, entries }, slices);
  }

  /** Learns the vocabulary and idf of the documents. @throws what fitTransform throws */
  async fit(documents: TfidfDocuments, options: OperationOptions = {}): Promise<this> {
    await this.#fit(documents, options, begin('fit', options), undefined);
    return this;
  }

  /**
   * The weights of other documents under the vocabulary and idf learnt before; words that are not in it are passed over.
   *
   * @throws MatomariError `bad_input` before fitting, or for a document that is not text; `cancelled`
   */
  async transform(documents: TfidfDocuments, options: OperationOptions = {}): Promise<SparseMatrix> {
    const { featureNames, idf } = this.#state('transform');
    const slices = begin('transform', options);
    this.#columns ??= Interner.of(featureNames);
    const counter = new Counter(this.#columns, true, this.#settings.ngramRange);
    const parts: Counts[] = [];
    await this.#count(documents, counter, options, slices, (part) => parts.push(part));
    const columnOf = allocate(Int32Array, featureNames.length).map((_, column) => column);
    const entries = parts.reduce((sum, part) => sum + part.ids.length, 0);
    return this.#weigh(parts, { rows: documents.length, idf, columnOf, entries }, slices);
  }

  /** @throws MatomariError `bad_input` before fitting, `bad_option` with a tokenizer function */
  toJSON(): TfidfJson {
    const { featureNames, idf } = this.#state('toJSON');
    return writeJson(this.#settings.given, featureNames, idf);
  }

  /** The vectorizer that toJSON wrote. @throws MatomariError `bad_input` when the value is something else */
  static fromJSON(json: unknown): TfidfVectorizer {
    const { options, featureNames, idf } = readJson(json);
    const vectorizer = new TfidfVectorizer(options);
    vectorizer.#fitted = { featureNames, idf };
    return vectorizer;
  }

  #state(member: string) {
    if (this.#fitted) return this.#fitted;
    throw bad(`${member} needs a fitted vectorizer: call fit or fitTransform first`);
  }

  /** Learns, and keeps the counts in `parts` where they are wanted; `entries` of them have a column. */
  async #fit(
    documents: TfidfDocuments,
    options: OperationOptions,
    slices: Slices,
    parts: Counts[] | undefined,
  ): Promise<{ idf: Float64Array; columnOf: Int32Array; entries: number }> {
    const { vocabulary, ngramRange, maxFeatures } = this.#settings;
    checkDocuments(documents);
    if (documents.length === 0) throw bad('there are no documents to fit: give at least one');
    const bounds = vocabulary ? undefined : this.#bounds(documents.length);

    const terms = vocabulary ? Interner.of(vocabulary) : new Interner();
    const counter = new Counter(terms, vocabulary !== undefined, ngramRange);
    const totals = new Totals(maxFeatures !== undefined);
    await this.#count(documents, counter, options, slices, (part) => {
      totals.add(part, terms.size);
      parts?.push(part);
    });

    const frequency = counter.documentFrequency;
    const ids = bounds
      ? await selectTerms(terms, frequency, totals.of, { ...bounds, limit: maxFeatures }, slices)
      : frequency.map((_, id) => id);
    if (ids.length === 0) throw this.#emptyVocabulary(frequency, documents.length);

    const featureNames: string[] = [];
    const idf = new Float64Array(ids.length).fill(1);
    const columnOf = allocate(Int32Array, terms.size).fill(-1);
    let entries = 0;
    for (const [column, id] of ids.entries()) {
      const name = terms.string(id);
      featureNames.push(name);
      columnOf[id] = column;
      entries += frequency[id]!;
      if (this.#settings.useIdf) idf[column] = this.#inverseFrequency(name, frequency[id]!, documents.length);
      if (column % 256 === 0 && slices.over) await slices.next();
    }
    this.#fitted = { featureNames, idf };
    this.#columns = undefined;
    return { idf, columnOf, entries };
  }

  /** Fewest and most documents a term may occur in. */
  #bounds(documents: number): { least: number; most: number } {
    const { minDf, maxDf } = this.#settings;
    const least = minDf < 1 ? minDf * documents : minDf;
    const most = maxDf <= 1 ? maxDf * documents : maxDf;
    if (most >= least) return { least, most };
    if (maxDf === 1)
      throw bad(`minDf ${minDf} asks for more documents than the ${documents} there are: lower minDf`);
    throw bad(
      `minDf ${minDf} asks for at least ${Math.ceil(least)} of ${many(documents, 'document')}, but maxDf ${maxDf} allows at most ${Math.floor(most)}: lower minDf or raise maxDf`,
    );
  }

  #emptyVocabulary(frequency: Int32Array, documents: number): MatomariError {
    const { minDf, maxDf } = this.#settings;
    if (frequency.length === 0)
      return bad(
        `no terms were found in ${many(documents, 'document')}: they are empty, hold only stop words, or have no word that tokenPattern takes (the default takes words of two or more characters)`,
      );
    const most = frequency.reduce((a, b) => Math.max(a, b), 0);
    const [bounds, cure] =
      maxDf === 1
        ? [`minDf ${minDf} leaves`, 'lower minDf']
        : [`minDf ${minDf} and maxDf ${maxDf} leave`, 'lower minDf or raise maxDf'];
    return bad(
      `${bounds} none of the ${many(frequency.length, 'term')} in ${many(documents, 'document')} (the commonest occurs in ${most}): ${cure}`,
    );
  }

  #inverseFrequency(term: string, frequency: number, documents: number): number {
    if (this.#settings.smoothIdf) return Math.log((documents + 1) / (frequency + 1)) + 1;
    if (frequency === 0)
      throw bad(
        `the vocabulary's term ${show(term)} occurs in no document, so its idf is infinite: leave it out or set smoothIdf to true`,
      );
    return Math.log(documents / frequency) + 1;
  }

  /** Counts the documents, and hands over the counts once a slice. */
  async #count(
    documents: TfidfDocuments,
    counter: Counter,
    { onProgress }: OperationOptions,
    slices: Slices,
    onPart: (part: Counts) => void,
  ): Promise<void> {
    checkDocuments(documents);
    const tokens = new TokenBuffer();
    const { splitter, lowercase, stopWords } = this.#settings;
    const stop = stopWords && Interner.of(stopWords);
    const wordsGiven = Array.isArray(documents[0]);
    for (let i = 0; i < documents.length; i++) {
      const document = documents[i] as unknown;
      if (wordsGiven) tokens.readTokens(checkWords(document, i));
      else {
        const text = lowercase ? checkText(document, i).toLowerCase() : checkText(document, i);
        if ('shortest' in splitter) tokens.readText(text, splitter.shortest);
        else tokens.readTokens(checkSplit(splitter.split(text), i));
      }
      if (stop) tokens.filter((start, end) => stop.find(tokens.units, start, end) < 0);
      counter.add(tokens);
      if (slices.over) {
        onPart(counter.take());
        onProgress?.({ stage: 'tfidf', done: i + 1, total: documents.length });
        await slices.next();
      }
    }
    onPart(counter.take());
    onProgress?.({ stage: 'tfidf', done: documents.length, total: documents.length });
  }

  async #weigh(
    parts: Counts[],
    {
      rows,
      idf,
      columnOf,
      entries,
    }: { rows: number; idf: Float64Array; columnOf: Int32Array; entries: number },
    slices: Slices,
  ): Promise<SparseMatrix> {
    const { sublinearTf, useIdf, norm } = this.#settings;
    if (entries > 2 ** 31 - 1)
      throw new MatomariError(
        'out_of_memory',
        `TfidfVectorizer: the matrix would have ${entries} entries, more than 2^31 − 1: raise minDf or work in smaller parts`,
      );
    const out = {
      indptr: allocate(Int32Array, rows + 1),
      indices: allocate(Int32Array, entries),
      data: allocate(Float32Array, entries),
      rows: 0,
    } satisfies Filling;
    const tf = new Float64Array(idf.length);
    for (const part of parts) {
      appendWeighted(out, part, columnOf, { sublinearTf, norm, idf: useIdf ? idf : undefined }, tf);
      if (slices.over) await slices.next();
    }
    const { indptr, indices, data } = out;
    return { indptr, indices, data, rows, cols: idf.length };
  }
}

/** How often each term occurs in all; counted only where a limit on the vocabulary needs it. */
class Totals {
  of = new Float64Array(0);
  constructor(private readonly wanted: boolean) {}
  add(part: Counts, terms: number): void {
    if (!this.wanted) return;
    if (terms > this.of.length) {
      const larger = allocate(Float64Array, terms * 2);
      larger.set(this.of);
      this.of = larger;
    }
    for (let p = 0; p < part.ids.length; p++) this.of[part.ids[p]!]! += part.counts[p]!;
  }
}

function begin(method: string, options: OperationOptions): Slices {
  checkOptions(`TfidfVectorizer.${method}`, options, OPERATION_OPTIONS);
  return new Slices(`TfidfVectorizer.${method}`, options.signal);
}

function checkDocuments(documents: unknown): void {
  if (!Array.isArray(documents))
    throw bad(`documents must be an array of texts or of arrays of words, not ${show(documents)}`);
}

function checkText(document: unknown, i: number): string {
  if (typeof document === 'string') return document;
  throw bad(`documents[${i}] must be a string, as documents[0] is, not ${show(document)}`);
}

function checkWords(document: unknown, i: number): readonly string[] {
  if (!Array.isArray(document))
    throw bad(`documents[${i}] must be an array of words, as documents[0] is, not ${show(document)}`);
  return checkStrings(document, `documents[${i}]`);
}

function checkSplit(words: unknown, i: number): readonly string[] {
  if (!Array.isArray(words))
    throw bad(`tokenizer must return an array of words, not ${show(words)} (document ${i})`);
  return checkStrings(words, `the tokenizer's result for documents[${i}]`);
}

function checkStrings(words: unknown[], name: string): string[] {
  for (let t = 0; t < words.length; t++)
    if (typeof words[t] !== 'string') throw bad(`${name}[${t}] must be a string, not ${show(words[t])}`);
  return words as string[];
}
