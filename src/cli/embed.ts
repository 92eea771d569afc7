import type { Command } from 'commander';
import type { EmbedFacts, EmbedOptions, LsaEmbedder } from '../embed/index.js';
import { streamDocuments, writeNpy } from '../io/index.js';
import type { Progress } from '../job.js';
import { asLsa, withEmbedder } from '../pipeline/embed-texts.js';
import type { Context } from './context.js';
import {
  type InputFlags,
  inputFlags,
  modelFlag,
  type OperationFlags,
  operationFlags,
  operationOptions,
} from './flags.js';
import { count } from './format.js';
import { inputArgument } from './input.js';

interface Flags extends InputFlags, OperationFlags {
  model: string;
  prompt?: string;
  out: string;
  resume?: boolean;
  json?: boolean;
}

export function define(command: Command, context: Context): void {
  const texts = inputArgument(
    command.description(
      'Embeds every text into one row of an .npy file, in memory that does not grow with the corpus (but for lsa).',
    ),
  );
  operationFlags(modelFlag(inputFlags(texts)))
    .option('--prompt <name>', 'prompt of the model to put before every text, e.g. query or passage')
    .requiredOption('--out <file>', '.npy file to write')
    .option('--resume', 'go on where a stopped run to the same file was')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
Examples:
  matomari embed headlines.csv --text title --out embeddings.npy
  matomari embed abstracts.jsonl --text abstract --model models/multilingual-e5-small --prompt passage --out e5.npy
  matomari embed abstracts.jsonl --text abstract --model lsa --out lsa.npy     (what it learns goes to lsa.model,
  matomari embed more.jsonl --text abstract --model lsa.model --out more.npy    which is a model itself)`,
    )
    .action((input: string, flags: Flags) => run(input, flags, context));
}

async function run(input: string, flags: Flags, context: Context): Promise<void> {
  const { text, id, category, format, model, prompt, out, resume = false, json } = flags;
  const operation = operationOptions(flags, context);
  const { signal } = operation;
  const documents = () => streamDocuments(input, { text, id, category, format, signal });
  const start = performance.now();
  // A first pass finds what is wrong with the input before the long work, and tells how much there is to do.
  let total = 0;
  if (input !== '-') for await (const _ of documents()) total++;
  const onProgress = ({ stage, done }: Progress) => context.bars.update({ stage, done, total });
  const found = await withEmbedder(model, operation, async (embedder) => {
    const lsa = asLsa(embedder);
    const facts = await (lsa && !lsa.fitted
      ? learn(lsa, textsOf(documents()), out, { prompt, signal, onProgress })
      : embedder.embedToFile(textsOf(documents()), out, { prompt, resume, signal, onProgress }));
    return { ...facts, embedder: embedder.model, device: embedder.device, maxTokens: embedder.maxTokens };
  });
  const seconds = (performance.now() - start) / 1000;
  const { rows, cols, tokens, truncated, maxTokens, embedder, device } = found;
  if (json)
    context.print(
      JSON.stringify({ rows, cols, tokens, truncated, embedder, device, seconds: { total: seconds }, out }),
    );
  else {
    const said = tokens === null ? '' : `${count(tokens)} tokens in `;
    context.note(
      `${count(rows)} × ${cols} in ${out}: ${said}${seconds.toFixed(1)} s (${count(Math.round(rows / seconds))} texts/s, ${device})`,
    );
  }
  noteCut(context, truncated, maxTokens);
}

/** Fits to all the texts, and keeps what was learnt beside their vectors. */
async function learn(
  lsa: LsaEmbedder,
  stream: AsyncIterable<string>,
  out: string,
  options: EmbedOptions,
): Promise<EmbedFacts & { rows: number; cols: number }> {
  const texts: string[] = [];
  for await (const text of stream) texts.push(text);
  const { data, ...facts } = await lsa.fitEmbed(texts, options);
  await writeNpy(out, { data, rows: facts.rows, cols: facts.cols });
  await lsa.save(`${out.replace(/\.npy$/, '')}.model`);
  return facts;
}

/** Says that texts were cut, because nothing in the result shows it. */
export function noteCut(context: Context, truncated: number | null, maxTokens: number): void {
  if (truncated === null) context.note('note: the server does not tell whether it cut long texts');
  else if (truncated > 0)
    context.note(
      `note: ${count(truncated)} text${truncated === 1 ? ' was' : 's were'} longer than the model's ${count(maxTokens)} tokens and cut`,
    );
}

async function* textsOf(documents: AsyncIterable<{ text: string }>): AsyncGenerator<string> {
  for await (const { text } of documents) yield text;
}
