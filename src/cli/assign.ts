import { join } from 'node:path';
import type { Command } from 'commander';
import { assignTexts } from '../pipeline/assign-texts.js';
import { LSA } from '../pipeline/embed-texts.js';
import { readFitted } from '../pipeline/read-run.js';
import type { Context } from './context.js';
import {
  type InputFlags,
  inputFlags,
  type OperationFlags,
  operationFlags,
  operationOptions,
} from './flags.js';
import { tsv } from './format.js';
import { inputArgument, readCorpus } from './input.js';

interface Flags extends InputFlags, OperationFlags {
  json?: boolean;
}

export function define(command: Command, context: Context): void {
  const texts = inputArgument(
    command
      .description(
        'Finds the cluster of a run for new texts, and prints id, cluster (-1: noise) and distance.',
      )
      .argument('<rundir>', 'the --out folder of a run'),
  );
  operationFlags(inputFlags(texts))
    .option('--json', 'print a JSON object a line instead of tab-separated values')
    .addHelpText(
      'after',
      `
Examples:
  matomari assign out/headlines more.csv --text title --id id
  echo "新型スマートフォンを発売" | matomari assign out/headlines -`,
    )
    .action((dir: string, input: string, flags: Flags) => run(dir, input, flags, context));
}

async function run(dir: string, input: string, flags: Flags, context: Context): Promise<void> {
  const fitted = await readFitted(dir);
  const { model } = fitted.info;
  const documents = await readCorpus(input, flags, context);
  const texts = documents.map(({ text }) => text);
  const { labels, distances, probabilities } = await assignTexts(
    texts,
    fitted,
    model.path ?? (model.name === 'lsa' ? join(dir, LSA) : model.name),
    operationOptions(flags, context),
  );
  context.bars.clear();
  const lines = documents.map(({ id }, i) => {
    const cluster = labels[i]!;
    // Noise has no centroid: null as JSON, an empty field as text.
    const distance = cluster < 0 ? null : Number(distances[i]!.toPrecision(9));
    if (!flags.json) return tsv(id, cluster, distance ?? '');
    const probability = probabilities && Number(probabilities[i]!.toPrecision(9));
    return JSON.stringify({ id, cluster, distance, probability });
  });
  context.print(lines.join('\n'));
}
