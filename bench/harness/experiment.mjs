// Runs one experiment: every contender in a process of its own for every trial, the contenders taking turns, so that a
// slow minute of the machine falls on all of them alike.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { busySeconds, ownSeconds } from './machine.mjs';
import { peerPython, root } from './paths.mjs';
import { median } from './timing.mjs';

/**
 * @typedef {object} Contender
 * @property {string} id
 * @property {string} title as the table shows it
 * @property {string} module file under bench/: a .mjs that exports trial(job), or a .py that defines trial(job)
 * @property {(job: any) => object} [job] changes the case's job for this contender
 * @property {(spec: Case) => string | undefined} [skip] why it does not take part in a case
 */

/**
 * @typedef {object} Case
 * @property {string} label
 * @property {any} job what the contenders get, as JSON
 * @property {number} trials
 */

/**
 * @typedef {object} Experiment
 * @property {string} name
 * @property {string} title
 * @property {string} unit of the value that a trial returns
 * @property {'lower' | 'higher'} better
 * @property {string} method how the value comes about, for the reader of the results
 * @property {Contender[]} contenders ours first
 * @property {(mode: { full: boolean, threads: number }) => Case[] | Promise<Case[]>} cases
 * @property {(spec: Case, results: ContenderResult[], ceilings: any) => void | Promise<void>} [finish] adds quality or ceilings to `facts`
 */

/**
 * @typedef {object} ContenderResult
 * @property {string} id
 * @property {string} title
 * @property {number[]} values in trial order
 * @property {number} median
 * @property {number} min
 * @property {number} max
 * @property {number} [foreignShare] the largest share of the machine that other processes took during a trial
 * @property {any} facts what its first trial said beside the value
 * @property {string} [skipped] why there are no values
 * @property {boolean} [failed] whether that is because a trial broke
 */

/** Of a case, at most, in a quick run; and none begins there once the case has taken as long. */
const QUICK_TRIALS = 3;
const QUICK_SECONDS = 5;

const environment = (threads) => ({
  ...process.env,
  MATOMARI_THREADS: String(threads),
  OMP_NUM_THREADS: String(threads),
  OPENBLAS_NUM_THREADS: String(threads),
});

/** Why a contender cannot run here, or undefined. */
function missing(contender, spec) {
  if (contender.module.endsWith('.py') && !existsSync(peerPython))
    return 'the Python peers are not set up: npm run bench:peers';
  return contender.skip?.(spec);
}

/** @returns {Promise<any>} what the contender's trial returned, with the share of the machine others took */
async function runTrial(contender, job, threads) {
  const file = join(root, 'bench', contender.module);
  const [command, args] = file.endsWith('.py')
    ? [peerPython, [join(root, 'bench', 'peers', 'trial.py'), file, JSON.stringify(job)]]
    : [process.execPath, [join(root, 'bench', 'harness', 'trial.mjs'), file, JSON.stringify(job)]];
  const busyBefore = busySeconds();
  const ownBefore = ownSeconds();
  const start = performance.now();
  const child = spawn(command, args, { env: environment(threads), stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const status = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  const last = stdout.trim().split('\n').at(-1) ?? '';
  if (status !== 0 || !last.startsWith('{'))
    throw new Error(
      `failed (exit ${status}): ${stderr.split('\n').find((line) => line.includes('Error')) ?? stderr.trim()}`,
    );
  const wall = (performance.now() - start) / 1000;
  const result = JSON.parse(last);
  if (busyBefore !== undefined && ownBefore !== undefined) {
    const foreign = busySeconds() - busyBefore - (ownSeconds() - ownBefore);
    result.foreignShare = Math.max(0, foreign / wall / os.cpus().length);
  }
  return result;
}

/**
 * @param {Experiment} experiment
 * @param {{ full: boolean, threads: number, only: string, trials: number, ceilings: any, say: (line: string) => void }} options
 */
export async function runExperiment(experiment, { full, threads, only, trials, ceilings, say }) {
  const cases = [];
  for (const one of await experiment.cases({ full, threads })) {
    if (!one.label.includes(only)) continue;
    const spec = { ...one, trials: Math.min(one.trials, trials, full ? Infinity : QUICK_TRIALS) };
    say(`${experiment.name} ${spec.label}`);
    /** @type {ContenderResult[]} */
    const results = experiment.contenders.map((contender) => ({
      id: contender.id,
      title: contender.title,
      values: [],
      median: Number.NaN,
      min: Number.NaN,
      max: Number.NaN,
      facts: {},
      skipped: missing(contender, spec),
    }));
    const began = performance.now();
    const seconds = () => (performance.now() - began) / 1000;
    let trial = 0;
    for (; trial < spec.trials && (full || seconds() < QUICK_SECONDS); trial++)
      for (let turn = 0; turn < results.length; turn++) {
        // Who goes first rotates too.
        const which = (turn + trial) % results.length;
        const contender = experiment.contenders[which];
        const result = results[which];
        if (result.skipped) continue;
        const job = {
          ...spec.job,
          threads,
          ...contender.job?.({ ...spec.job, threads }),
          first: trial === 0,
        };
        try {
          const { value, foreignShare, ...facts } = await runTrial(contender, job, threads);
          result.values.push(value);
          if (trial === 0) result.facts = facts;
          if (foreignShare !== undefined)
            result.foreignShare = Math.max(result.foreignShare ?? 0, foreignShare);
        } catch (error) {
          result.skipped = error.message;
          result.failed = true;
        }
      }
    say(`  ${trial} trials in ${seconds().toFixed(1)} s`);
    for (const result of results) {
      if (result.values.length === 0) continue;
      result.median = median(result.values);
      result.min = Math.min(...result.values);
      result.max = Math.max(...result.values);
    }
    await experiment.finish?.(spec, results, ceilings);
    for (const result of results)
      say(
        `  ${result.title}: ${result.skipped ? result.skipped : `${result.median.toPrecision(4)} ${experiment.unit}`}`,
      );
    cases.push({ label: spec.label, trials: trial, contenders: results });
  }
  const { name, title, unit, better, method } = experiment;
  return { name, title, unit, better, method, cases };
}
