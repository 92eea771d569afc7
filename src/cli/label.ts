import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { MatomariError } from '../errors.js';
import { readMatrix } from '../io/index.js';
import type { OperationOptions } from '../job.js';
import { inDirectory } from '../pipeline/directory.js';
import { countClusters, meansOf } from '../pipeline/means.js';
import type { Clustered } from '../pipeline/name.js';
import { resolveMachine, resolveNaming } from '../pipeline/options.js';
import { loadTopics, readLabels } from '../pipeline/read-run.js';
import { relabel } from '../pipeline/relabel.js';
import { clusterJson, writeNames } from '../pipeline/write-run.js';
import type { Context } from './context.js';
import {
  type InputFlags,
  inputFlags,
  type NamingFlags,
  namingFlags,
  namingOptions,
  type OperationFlags,
  operationFlags,
  operationOptions,
} from './flags.js';
import { inputArgument, readCorpus } from './input.js';
import { clusterText } from './summary.js';

interface Flags extends InputFlags, NamingFlags, OperationFlags {
  embeddings?: string;
  labels?: string;
  out?: string;
  json?: boolean;
}

export function define(command: Command, context: Context): void {
  const corpus = inputArgument(
    command.description(
      'Names clusters anew: those of a finished run, or any labels for a corpus and its embeddings. Prints the names.',
    ),
  );
  operationFlags(namingFlags(inputFlags(corpus)))
    .option('--embeddings <file>', '.npy file with a vector a document (INPUT is then a corpus)')
    .option('--labels <file>', '.npy file with a cluster a document; -1 is none')
    .option('--out <dir>', 'also write clusters.jsonl, vocabulary.json, tfidf.npz and term-vectors.npy there')
    .option('--json', 'print a JSON object a cluster')
    .addHelpText(
      'after',
      `
Examples:
  matomari label out/headlines --terms 10 --min-df 5 --pos noun
  matomari label headlines.csv --text title --embeddings embeddings.npy --labels out/kmeans/labels.npy`,
    )
    .action(async (input: string, flags: Flags) => {
      if (flags.out === undefined) await run(input, flags, context);
      else await inDirectory(flags.out, () => run(input, flags, context));
    });
}

async function run(input: string, flags: Flags, context: Context): Promise<void> {
  const operation = operationOptions(flags, context);
  resolveMachine(operation);
  const clustered = await readClustered(input, flags, context, operation);
  const named = await relabel(
    clustered,
    resolveNaming(await namingOptions(flags), clustered.documents.length),
    operation,
  );
  if (flags.out !== undefined) await writeNames(flags.out, named);
  context.bars.clear();
  const clusters = [...named.clusters, ...(named.noise ? [named.noise] : [])];
  if (flags.json) context.print(clusters.map(clusterJson).join('\n'));
  else context.print(clusters.map((cluster) => clusterText(cluster, context.columns)).join('\n'));
}

async function readClustered(
  input: string,
  flags: Flags,
  context: Context,
  operation: OperationOptions,
): Promise<Clustered> {
  if (flags.embeddings === undefined && flags.labels === undefined) {
    if (existsSync(join(input, 'run.json'))) return loadTopics(input);
    throw new MatomariError(
      'bad_option',
      `${input} is no folder of a finished run: name one, or name a corpus with --embeddings FILE and --labels FILE`,
    );
  }
  if (flags.embeddings === undefined || flags.labels === undefined)
    throw new MatomariError(
      'bad_option',
      '--embeddings and --labels are needed both, or neither for a run folder',
    );
  const documents = await readCorpus(input, flags, context);
  const embeddings = await readMatrix(flags.embeddings);
  const labels = await readLabels(flags.labels);
  for (const [path, rows] of [
    [flags.embeddings, embeddings.rows],
    [flags.labels, labels.length],
  ] as const)
    if (rows !== documents.length)
      throw new MatomariError(
        'bad_input',
        `${path} has ${rows} rows, but ${input} has ${documents.length} documents: give files of the same documents`,
      );
  const means = await meansOf(embeddings, labels, countClusters(labels), operation);
  return { documents, embeddings, labels, ...means };
}
