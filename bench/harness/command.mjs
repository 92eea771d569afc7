// A command of the project, run as a user would: its wall time, and the most that one of its processes held.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './paths.mjs';

const peak = pathToFileURL(join(root, 'bench', 'harness', 'peak.mjs')).href;

/** @param {string[]} args of node @returns {{ value: number, memory: number, stdout: string }} seconds and MiB */
export function runCommand(args) {
  const start = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: `--import ${peak}` },
  });
  const value = (performance.now() - start) / 1000;
  const peaks = [...stderr.matchAll(/^peak-kibibytes (\d+)$/gm)].map(([, kibibytes]) => Number(kibibytes));
  if (status !== 0) throw new Error(`node ${args.join(' ')} failed: ${stderr.trim()}`);
  return { value, memory: Math.max(...peaks) / 1024, stdout };
}
