import type { NativeUnigram } from '../../binding.js';
import { native } from '../binding.js';
import { runJob } from '../job.js';
import { type FlatTexts, flatten, unflatten } from './flat-texts.js';
import type { UnigramPlan } from './sentencepiece.js';

/** Token ids of many texts, without special tokens: those of text i are ids[ends[i − 1]] … ids[ends[i] − 1]. */
export interface Ids {
  ids: Int32Array<ArrayBuffer>;
  ends: Uint32Array<ArrayBuffer>;
}

/** A Unigram tokenizer in native memory; `threads` share the texts of a call. */
export class Unigram {
  readonly #tokenizer: NativeUnigram;
  readonly #before: UnigramPlan['before'];
  readonly #threads: number;

  private constructor(tokenizer: NativeUnigram, before: UnigramPlan['before'], threads: number) {
    this.#tokenizer = tokenizer;
    this.#before = before;
    this.#threads = threads;
  }

  static async create({ vocabulary, before, ...parts }: UnigramPlan, threads: number): Promise<Unigram> {
    const { units, ends } = flatten(vocabulary.map(([piece]) => piece));
    const scores = new Float64Array(vocabulary.map(([, score]) => score));
    const args = { ...parts, units, ends, scores };
    const { tokenizer } = await run([units, ends, scores], threads, (job) => native().unigram(args, job));
    return new Unigram(tokenizer, before, threads);
  }

  encode(texts: FlatTexts): Promise<Ids> {
    return this.#before ? this.#encodeSections(texts, this.#before) : this.#encode(texts);
  }

  #encode(texts: FlatTexts & { kinds?: Int32Array }): Promise<Ids> {
    const args = { ...texts, tokenizer: this.#tokenizer };
    return run(Object.values(texts), this.#threads, (job) =>
      native().unigramEncode(args, job),
    ) as Promise<Ids>;
  }

  /** Where the normaliser begins with steps that only JavaScript has, they see what lies between added tokens. */
  async #encodeSections({ units, ends }: FlatTexts, before: (text: string) => string): Promise<Ids> {
    const args = { units, ends, tokenizer: this.#tokenizer };
    const sections = await run([units, ends], 1, (job) => native().unigramSplit(args, job));
    const { kinds, texts } = sections;
    const parts = unflatten({ units, ends: sections.ends as FlatTexts['ends'] });
    const prepared = flatten(parts.map((part, i) => (kinds[i]! < 0 ? before(part) : '')));
    const found = await this.#encode({ ...prepared, kinds });
    return { ids: found.ids, ends: Uint32Array.from(texts, (end) => (end === 0 ? 0 : found.ends[end - 1]!)) };
  }
}

const run = <T>(
  arrays: Parameters<typeof runJob>[2],
  threads: number,
  start: Parameters<typeof runJob<T>>[3],
): Promise<T> => runJob('tokenize', { device: 'cpu', threads }, arrays, start);
