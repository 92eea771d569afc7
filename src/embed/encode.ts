import { readFile } from 'node:fs/promises';
import { MatomariError } from '../errors.js';
import { type FlatTexts, unflatten } from './flat-texts.js';
import { parseModelJson } from './model-json.js';
import { type SentencePieceConfig, sentencePiece } from './sentencepiece.js';
import { type Ids, Unigram } from './unigram.js';

/** What the tokenizer of a model directory needs to be told. */
export interface TokenizerSpec {
  /** Path of tokenizer.json. */
  json: string;
  /** The contents of tokenizer_config.json, or an empty object. */
  config: Record<string, unknown>;
  /** `do_lower_case` of sentence_bert_config.json. */
  lowercase: boolean;
}

/** Turns texts into token ids, exactly as the tokenizer.json means in Python. */
export interface Encoder {
  encode(texts: FlatTexts): Promise<Ids>;
  /** Whether the texts of a call are shared out among threads; else a second encoder is worth having. */
  threaded: boolean;
  /** Special tokens before and after the text, as the post-processor adds them. */
  prefix: number[];
  suffix: number[];
  /** The highest id of the model's vocabulary; added tokens may have higher ones. */
  lastId: number;
}

/**
 * An encoder from a tokenizer.json. WordPiece and BPE are the JavaScript tokenizers library's; Unigram models are the
 * addon's, because the library's ids differ from Python's now and then (it has fixed rules in place of the compiled
 * character map, and breaks ties otherwise), it overflows the stack on a text of some 200,000 characters, and it is far
 * slower. The file's own truncation and padding are ignored.
 *
 * @param threads that may share the texts of a call
 */
export async function createEncoder(spec: TokenizerSpec, threads: number): Promise<Encoder> {
  const json = parse(spec.json, await readFile(spec.json, 'utf8'));
  if (spec.lowercase)
    json.normalizer = {
      type: 'Sequence',
      normalizers: [{ type: 'Lowercase' }, ...(json.normalizer ? [json.normalizer] : [])],
    };
  try {
    const isUnigram = json.model.type === 'Unigram' || Array.isArray(json.model.vocab);
    const plan = isUnigram ? sentencePiece(json) : undefined;
    const special = specialTokens(json.post_processor);
    const lastId = highestId(json.model.vocab);
    const encoder = plan ? await Unigram.create(plan, threads) : await library(json, spec.config);
    return { encode: (texts) => encoder.encode(texts), threaded: plan !== undefined, lastId, ...special };
  } catch (cause) {
    const { code, message } = cause as MatomariError;
    throw new MatomariError(
      code === 'no_addon' ? code : 'bad_file',
      `${spec.json} cannot be used: ${message}`,
      { cause },
    );
  }
}

/** The parts of a tokenizer.json that are read here. */
interface TokenizerJson extends SentencePieceConfig {
  model: SentencePieceConfig['model'] & { type?: string };
  post_processor?: PostProcessor | null;
}

interface PostProcessor {
  type: string;
  processors?: PostProcessor[];
  cls?: [token: string, id: number];
  sep?: [token: string, id: number];
  single?: ({ SpecialToken: { id: string } } | { Sequence: { id: string } })[];
  special_tokens?: Record<string, { ids: number[] }>;
}

function parse(path: string, text: string): TokenizerJson {
  const json = parseModelJson<TokenizerJson>(path, text);
  if (json?.model?.vocab) return json;
  throw new MatomariError(
    'bad_file',
    `${path} is not a tokenizer.json: it has no model.vocab; get the file again`,
  );
}

/** Of a Unigram's list of pieces, or of a table from tokens to ids. */
function highestId(vocab: readonly unknown[] | Record<string, number>): number {
  if (Array.isArray(vocab)) return vocab.length - 1;
  return Object.values(vocab as Record<string, number>).reduce((most, id) => Math.max(most, id), 0);
}

async function library(json: TokenizerJson, config: object): Promise<Pick<Encoder, 'encode'>> {
  const { Tokenizer } = await import('@huggingface/tokenizers');
  const defaults = { added_tokens: [], normalizer: null, pre_tokenizer: null };
  // Special tokens are added after truncation, so not by the library.
  const tokenizer = new Tokenizer({ ...defaults, ...json, post_processor: null, decoder: null }, config);
  return {
    async encode(texts) {
      const rows: number[][] = unflatten(texts).map((text) => tokenizer.encode(text).ids);
      let end = 0;
      const ends = Uint32Array.from(rows, (row) => (end += row.length));
      const ids = new Int32Array(end);
      for (const [i, row] of rows.entries()) ids.set(row, ends[i]! - row.length);
      return { ids, ends };
    },
  };
}

/** What the post-processor puts before and after a single text. */
function specialTokens(processor: PostProcessor | null | undefined): { prefix: number[]; suffix: number[] } {
  const prefix: number[] = [];
  const suffix: number[] = [];
  switch (processor?.type) {
    case undefined:
    case 'ByteLevel':
      break;
    case 'Sequence':
      for (const part of (processor!.processors ?? []).map(specialTokens)) {
        prefix.unshift(...part.prefix);
        suffix.push(...part.suffix);
      }
      break;
    case 'BertProcessing':
    case 'RobertaProcessing':
      prefix.push(processor!.cls![1]);
      suffix.push(processor!.sep![1]);
      break;
    case 'TemplateProcessing': {
      let side = prefix;
      for (const item of processor!.single ?? [])
        if ('Sequence' in item) side = suffix;
        else {
          const token = processor!.special_tokens?.[item.SpecialToken.id];
          if (!token)
            throw new Error(
              `its post-processor names a special token without an id, ${item.SpecialToken.id}`,
            );
          side.push(...token.ids);
        }
      break;
    }
    default:
      throw new Error(
        `its post-processor is ${processor!.type}; TemplateProcessing, BertProcessing, RobertaProcessing and ByteLevel are known`,
      );
  }
  return { prefix, suffix };
}
