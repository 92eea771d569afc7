#!/usr/bin/env node
import { Command } from 'commander';
import { throwIfAborted } from '../errors.js';
import { version } from '../pipeline/versions.js';
import { Context } from './context.js';
import { describe } from './failure.js';

interface Verb {
  /** Adds arguments, flags, examples and the action. */
  define(command: Command, context: Context): void;
}

/** Each verb is a file of its own that is loaded only when it is called or asked about. */
const VERBS: Record<string, { summary: string; load: () => Promise<Verb> }> = {
  run: { summary: 'embed, cluster, name, map and report a corpus', load: () => import('./run.js') },
  embed: { summary: 'embed texts into an .npy file', load: () => import('./embed.js') },
  tokens: { summary: 'count the tokens of every text', load: () => import('./tokens.js') },
  kmeans: { summary: 'cluster the rows of an .npy file', load: () => import('./kmeans.js') },
  umap: { summary: 'lay the rows of an .npy file out on a map', load: () => import('./umap.js') },
  hdbscan: { summary: 'cluster the rows of an .npy file by density', load: () => import('./hdbscan.js') },
  label: { summary: 'name clusters anew', load: () => import('./label.js') },
  assign: { summary: 'find the cluster of new texts', load: () => import('./assign.js') },
  reassign: { summary: 'give the noise of a run to its clusters', load: () => import('./reassign.js') },
  eval: { summary: 'score clusters against known categories', load: () => import('./eval.js') },
  report: { summary: 'write the HTML report of a run again', load: () => import('./report.js') },
  doctor: {
    summary: 'tell what this machine and this installation can do',
    load: () => import('./doctor.js'),
  },
};

const EXAMPLES = `
Examples:
  matomari run headlines.csv --text title --clusters 20 --out out/headlines
  cat titles.txt | matomari run - --format lines --out out/titles
  matomari assign out/headlines more.csv --text title
  matomari doctor`;

async function main(argv: string[]): Promise<number> {
  const context = new Context();
  const verb = argv.find((argument) => Object.hasOwn(VERBS, argument));
  context.catchSignals();
  try {
    const program = new Command('matomari')
      .description('Turns a large pile of texts into named, mapped clusters.')
      .version(version())
      .exitOverride()
      .configureOutput({ outputError: () => {} })
      .addHelpText('after', EXAMPLES);
    for (const [name, { summary, load }] of Object.entries(VERBS)) {
      const command = program.command(name).summary(summary).description(summary);
      if (name === verb) (await load()).define(command, context);
    }
    await program.parseAsync(argv, { from: 'user' });
    context.bars.clear();
    // Some last steps are too short to be stopped in the middle.
    throwIfAborted(context.signal, 'matomari');
    return 0;
  } catch (error) {
    context.bars.clear();
    return tell(error, verb);
  }
}

/** Says on stderr why the process ends, and returns its status. */
function tell(error: unknown, verb?: string): number {
  const { status, text } = describe(error, verb);
  if (text) process.stderr.write(text);
  return status;
}

// A reader that has seen enough (`| head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : tell(error));
});
process.on('uncaughtException', (error) => process.exit(tell(error)));
// Worker threads may not keep a process alive; the verb does, until it has ended one way or the other. Then nothing is
// cut short: a thread that is ended inside ONNX Runtime would take the process down with it. What hangs all the same is
// left behind.
const alive = setInterval(() => {}, 2 ** 30);
main(process.argv.slice(2)).then((status) => {
  clearInterval(alive);
  process.exitCode = status;
  setTimeout(() => process.exit(), 10_000).unref();
});
