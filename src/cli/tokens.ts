import type { Command } from 'commander';
import { withEmbedder } from '../pipeline/embed-texts.js';
import type { Context } from './context.js';
import {
  type InputFlags,
  inputFlags,
  modelFlag,
  type OperationFlags,
  operationFlags,
  operationOptions,
} from './flags.js';
import { count, tsv } from './format.js';
import { inputArgument, readCorpus } from './input.js';

interface Flags extends InputFlags, OperationFlags {
  model: string;
  json?: boolean;
}

export function define(command: Command, context: Context): void {
  const texts = inputArgument(
    command.description(
      'Counts the tokens of every text, special ones included and before any cut, and prints id and count.',
    ),
  );
  operationFlags(modelFlag(inputFlags(texts)))
    .option('--json', 'print a JSON object a line instead of tab-separated values')
    .addHelpText(
      'after',
      `
Examples:
  matomari tokens headlines.csv --text title --id id
  matomari tokens abstracts.jsonl --text abstract --model models/multilingual-e5-small`,
    )
    .action((input: string, flags: Flags) => run(input, flags, context));
}

async function run(input: string, flags: Flags, context: Context): Promise<void> {
  const documents = await readCorpus(input, flags, context);
  const texts = documents.map(({ text }) => text);
  const { signal } = context;
  const { tokens, maxTokens } = await withEmbedder(
    flags.model,
    operationOptions(flags, context),
    async (embedder) => ({
      tokens: await embedder.countTokens(texts, { signal }),
      maxTokens: embedder.maxTokens,
    }),
  );
  context.bars.clear();
  context.print(
    documents
      .map(({ id }, i) => (flags.json ? JSON.stringify({ id, tokens: tokens[i] }) : tsv(id, tokens[i]!)))
      .join('\n'),
  );
  context.note(spread(tokens, maxTokens));
}

/** What a reader wants to know before choosing a model: how long the texts are, and how many would be cut. */
function spread(tokens: Int32Array, maxTokens: number): string {
  const sorted = Int32Array.from(tokens).sort();
  const total = sorted.reduce((sum, n) => sum + n, 0);
  const over = sorted.length - sorted.filter((n) => n <= maxTokens).length;
  const limit = Number.isFinite(maxTokens)
    ? `; ${count(over)} over the limit of ${count(maxTokens)}`
    : '; the model has no limit';
  return `${count(sorted.length)} texts, ${count(total)} tokens: median ${sorted[sorted.length >> 1]}, longest ${sorted.at(-1)}${limit}`;
}
