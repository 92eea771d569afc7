// npm run bench [-- --full] [-- --threads N] [-- --case TEXT] [-- --trials N] [-- NAME …]: runs the experiments, writes bench/results/*.json and
// renders bench/RESULTS.md from them.
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runExperiment } from './harness/experiment.mjs';
import { ceilings, machine } from './harness/machine.mjs';
import { root } from './harness/paths.mjs';
import { render, table } from './render.mjs';

const known = readdirSync(join(root, 'bench'))
  .filter((file) => file.endsWith('.bench.mjs'))
  .map((file) => file.replace('.bench.mjs', ''));

function usage(problem) {
  console.error(
    `${problem}\nusage: npm run bench -- [--full] [--threads N] [--case TEXT] [--trials N] [NAME …]   names: ${known.join(', ')}`,
  );
  process.exit(2);
}

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        full: { type: 'boolean', default: false },
        threads: { type: 'string' },
        case: { type: 'string', default: '' },
        trials: { type: 'string' },
      },
    });
    const threads = values.threads === undefined ? os.availableParallelism() : Number(values.threads);
    if (!Number.isInteger(threads) || threads < 1)
      usage(`--threads must be a whole number from 1, not ${values.threads}`);
    for (const name of positionals)
      if (!known.includes(name))
        usage(`there is no benchmark "${name}"; the nearest is ${nearestName(name, known) ?? 'none'}`);
    const trials = values.trials === undefined ? Infinity : Number(values.trials);
    if (!(trials >= 1)) usage(`--trials must be a whole number from 1, not ${values.trials}`);
    const names = positionals.length ? positionals : known;
    return { full: values.full, threads, only: values.case, trials, names };
  } catch (error) {
    return usage(error.message);
  }
}

const { full, threads, only, trials, names } = readArguments();
if (!existsSync(join(root, 'dist', 'esm', 'index.js'))) usage('dist is missing: npm run build');
const say = (line) => console.error(line);
const facts = machine();
say(
  `${facts.cpu}, ${facts.processors} processors, ${facts.memoryGiB} GiB, node ${facts.node}, commit ${facts.commit}`,
);
if (facts.loadAverage[0] > 0.3)
  say(
    `the machine is busy (load ${facts.loadAverage[0]}): the figures below will be too slow, and unequally so`,
  );
const measured = ceilings(threads);
say(
  'skipped' in measured
    ? `ceilings: skipped, ${measured.skipped}`
    : `ceilings: ${measured.gflops} GFLOP/s, ${measured.readGBs} GB/s read`,
);

mkdirSync(join(root, 'bench', 'results'), { recursive: true });
for (const name of names) {
  const { default: experiment } = await import(`./${name}.bench.mjs`);
  const result = await runExperiment(experiment, { full, threads, only, trials, ceilings: measured, say });
  if (result.cases.length === 0) continue;
  const record = {
    machine: { ...facts, threads, ceilings: measured, loadAfter: os.loadavg()[0] },
    full,
    ...result,
  };
  const when = facts.date.slice(0, 19).replaceAll(':', '');
  const file = `${when}-${facts.commit}${facts.modified ? '-modified' : ''}-${name}.json`;
  writeFileSync(join(root, 'bench', 'results', file), `${JSON.stringify(record, null, 1)}\n`);
  console.log(table(record));
  if (result.cases.some((one) => one.contenders.some((contender) => contender.failed))) process.exitCode = 1;
}
render();
say('written to bench/results; bench/RESULTS.md is up to date');
