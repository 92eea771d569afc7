// What a figure needs to be read: the machine, its load, and its own measured ceilings.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { root } from './paths.mjs';

const output = (command, args) =>
  spawnSync(command, args, { cwd: root, encoding: 'utf8' }).stdout?.trim() || undefined;

/** @returns facts of the machine and of the source that is measured */
export function machine() {
  const changed = output('git', [
    'status',
    '--porcelain',
    '--untracked-files=no',
    '--',
    ':!bench/results',
    ':!bench/RESULTS.md',
  ]);
  return {
    date: new Date().toISOString(),
    commit: output('git', ['rev-parse', '--short=9', 'HEAD']) ?? 'unknown',
    /** Whether tracked files differ from that commit. */
    modified: changed !== undefined,
    cpu: os.cpus()[0]?.model ?? 'unknown',
    processors: os.availableParallelism(),
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    node: process.version,
    loadAverage: os.loadavg().map((load) => Number(load.toFixed(2))),
  };
}

/** Seconds that all processors together have worked since boot; undefined where the kernel does not tell. */
export function busySeconds() {
  if (!existsSync('/proc/stat')) return undefined;
  const [user, nice, system, , , irq, softirq] = (readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '')
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + irq + softirq) / 100;
}

/** Seconds of processor time of this process and of every child that has ended; undefined as above. */
export function ownSeconds() {
  if (!existsSync('/proc/self/stat')) return undefined;
  // The command, in brackets, may hold spaces: fields are counted from behind it.
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ')[1]?.split(' ') ?? [];
  const [user, system, childUser, childSystem] = fields.slice(11, 15).map(Number);
  return (user + system + childUser + childSystem) / 100;
}

/**
 * The peak rates of products in float32, float64, bf16 and int8 (null where the processor has no such products), and the read bandwidth, measured now by a small C++ program; `…1` with one thread.
 * @param {number} threads
 * @returns {{ gflops1: number, gflops: number, gflops641: number, gflops64: number, gopsBf161: number | null, gopsBf16: number | null, gopsInt81: number | null, gopsInt8: number | null, readGBs1: number, readGBs: number, threads: number } | { skipped: string }}
 */
export function ceilings(threads) {
  const source = join(root, 'bench', 'ceilings', 'ceilings.cc');
  const binary = join(root, 'build', 'bench', 'ceilings');
  if (!existsSync(binary) || statSync(binary).mtimeMs < statSync(source).mtimeMs) {
    mkdirSync(join(root, 'build', 'bench'), { recursive: true });
    const { error, status, stderr } = spawnSync(
      'g++',
      ['-O3', '-march=native', '-std=c++20', '-pthread', source, '-o', binary],
      { encoding: 'utf8' },
    );
    if (error) return { skipped: 'no g++ on this machine' };
    if (status !== 0) return { skipped: `g++ failed: ${stderr.split('\n')[0]}` };
  }
  const run = spawnSync(binary, [String(threads)], { encoding: 'utf8' });
  return run.status === 0 ? JSON.parse(run.stdout) : { skipped: `the program failed: ${run.stderr.trim()}` };
}
