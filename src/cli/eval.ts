import { join } from 'node:path';
import type { Command } from 'commander';
import { MatomariError } from '../errors.js';
import { DOCUMENT_FORMATS, type DocumentFormat, readDocuments } from '../io/documents.js';
import { readLabels, readRunDocuments } from '../pipeline/read-run.js';
import { agreement } from '../pipeline/scores.js';
import type { Document } from '../types.js';
import type { Context } from './context.js';
import { oneOf } from './flags.js';
import { tsv } from './format.js';
import { isFolder } from './input.js';

interface Flags {
  truth?: string;
  category?: string;
  format?: DocumentFormat;
  json?: boolean;
}

export function define(command: Command, context: Context): void {
  command
    .description(
      'Scores clusters against known categories: ARI, NMI and V-measure as scikit-learn defines them.',
    )
    .argument('<labels>', 'run folder, or .npy file of labels')
    .option(
      '--truth <input>',
      'file with a category a document, in the order of the labels (default: those of the run)',
    )
    .option('--category <field>', 'column or field of the category in --truth')
    .addOption(oneOf('--format <format>', 'what --truth is, where its name does not tell', DOCUMENT_FORMATS))
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
Examples:
  matomari eval out/headlines
  matomari eval out/kmeans/labels.npy --truth headlines.csv --category category`,
    )
    .action((labels: string, flags: Flags) => run(labels, flags, context));
}

async function run(path: string, flags: Flags, context: Context): Promise<void> {
  const isRun = isFolder(path);
  const labels = await readLabels(isRun ? join(path, 'labels.npy') : path);
  const truth = await readTruth(path, isRun, flags, context);
  if (truth.length !== labels.length)
    throw new MatomariError(
      'bad_input',
      `${path} has ${labels.length} labels, but there are ${truth.length} documents in ${flags.truth ?? path}: give the file that was clustered`,
    );
  const scores = await agreement(truth, labels);
  if (scores === undefined)
    throw new MatomariError(
      'bad_input',
      `no document of ${flags.truth ?? path} has a category: name a file that has them with --truth FILE --category FIELD`,
    );
  if (flags.json) context.print(JSON.stringify(scores));
  else
    context.print(
      [tsv('ari', scores.ari), tsv('nmi', scores.nmi), tsv('vMeasure', scores.vMeasure)].join('\n'),
    );
}

async function readTruth(path: string, isRun: boolean, flags: Flags, context: Context): Promise<Document[]> {
  const { truth, category, format } = flags;
  if (truth === undefined) {
    if (isRun) return readRunDocuments(path);
    throw new MatomariError(
      'bad_option',
      `${path} holds labels only: name the categories with --truth FILE --category FIELD`,
    );
  }
  // A folder knows its categories by itself; of any other file the category column is all that is wanted.
  if (!isFolder(truth) && category === undefined)
    throw new MatomariError(
      'bad_option',
      `--truth ${truth} needs --category FIELD: the column or field of the category`,
    );
  return readDocuments(truth, { text: category, category, format, signal: context.signal });
}
