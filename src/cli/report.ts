import { join } from 'node:path';
import type { Command } from 'commander';
import { loadTopics } from '../pipeline/read-run.js';
import { writeReport } from '../pipeline/write-run.js';
import type { Context } from './context.js';

export function define(command: Command, context: Context): void {
  command
    .description('Writes the HTML report of a finished run again.')
    .argument('<rundir>', 'the --out folder of a run')
    .addHelpText('after', '\nExample:\n  matomari report out/headlines')
    .action(async (dir: string) => {
      const { input, ...topics } = await loadTopics(dir);
      await writeReport(dir, topics, { input, signal: context.signal });
      context.print(join(dir, 'report.html'));
    });
}
