import type { Command } from 'commander';
import { countNoise } from '../pipeline/cluster.js';
import { reassignNoise, restoreNoise } from '../pipeline/noise.js';
import { loadTopics } from '../pipeline/read-run.js';
import { forgetRun, writeFiles, writeRun } from '../pipeline/write-run.js';
import type { Context } from './context.js';
import { type OperationFlags, operationFlags, operationOptions } from './flags.js';
import { count } from './format.js';
import { scoreText } from './summary.js';

interface Flags extends OperationFlags {
  undo?: boolean;
  json?: boolean;
}

export function define(command: Command, context: Context): void {
  operationFlags(
    command
      .description(
        'Gives every document of the noise of a run to the cluster whose centroid its embedding is nearest; labels-original.npy keeps what the clustering found.',
      )
      .argument('<rundir>', 'the --out folder of a run'),
  )
    .option('--undo', 'give the run the labels back that the clustering found')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
Examples:
  matomari reassign out/theorems
  matomari reassign out/theorems --undo`,
    )
    .action((dir: string, flags: Flags) => run(dir, flags, context));
}

async function run(dir: string, flags: Flags, context: Context): Promise<void> {
  const operation = operationOptions(flags, context);
  const { input, ...before } = await loadTopics(dir);
  const topics = await (flags.undo ? restoreNoise : reassignNoise)(before, operation);
  const moved = Math.abs(countNoise(topics.labels) - countNoise(before.labels));
  if (moved > 0) {
    await forgetRun(dir);
    await writeFiles(dir, topics, { input, embeddings: false });
    await writeRun(dir, topics, input);
  }
  context.bars.clear();
  const { scores, noise } = topics;
  if (flags.json) {
    const metrics = scores ?? { ari: null, nmi: null, vMeasure: null };
    context.print(JSON.stringify({ moved, noise: noise?.size ?? 0, metrics, out: dir }));
    return;
  }
  context.print(
    [
      `${count(moved)} document${moved === 1 ? '' : 's'} ${flags.undo ? 'went back to the noise' : 'of the noise went to clusters'}`,
      ...(scores ? [`scores against the categories: ${scoreText(scores)}`] : []),
    ].join('\n'),
  );
}
