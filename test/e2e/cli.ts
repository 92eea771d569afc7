import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repository = fileURLToPath(new URL('../..', import.meta.url));
const MAIN = join(repository, 'dist/esm/cli/main.js');

export interface Ended {
  status: number | null;
  stdout: string;
  stderr: string;
  /** The last line on stderr. */
  error: string;
}

export interface Started {
  ended: Promise<Ended>;
  kill(signal: NodeJS.Signals): void;
}

interface Surroundings {
  input?: string | Uint8Array | undefined;
  env?: Record<string, string> | undefined;
  cwd?: string | undefined;
}

/** Starts the command line as a user would, in a process of its own, with no terminal. */
export function start(args: readonly string[], { input, env, cwd }: Surroundings = {}): Started {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: cwd ?? repository,
    env: { ...process.env, MATOMARI_SIMD: '', MATOMARI_THREADS: '', MATOMARI_DEBUG: '', ...env },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
  child.stdin.on('error', () => {});
  child.stdin.end(input ?? '');
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) =>
      resolve({ status, stdout, stderr, error: stderr.trimEnd().split('\n').at(-1)! }),
    );
  });
  return { ended, kill: (signal) => child.kill(signal) };
}

export const matomari = (args: readonly string[], surroundings?: Surroundings): Promise<Ended> =>
  start(args, surroundings).ended;

/** Everything in a folder, by name; undefined where there is no folder. */
export const listing = (dir: string): string[] | undefined =>
  existsSync(dir) ? readdirSync(dir).sort() : undefined;

export const jsonLines = (path: string): Record<string, unknown>[] =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/** The first rows of every category of the bundled corpus: documents that cluster well and quickly. */
export function headlines(perCategory: number): { id: string; text: string; category: string }[] {
  const seen = new Map<string, number>();
  return readFileSync(join(repository, 'examples/headlines-ja.csv'), 'utf8')
    .trimEnd()
    .split('\n')
    .slice(1)
    .filter((row) => !row.includes('"'))
    .map((row) => row.split(','))
    .filter((fields) => fields.length === 3)
    .map(([id, text, category]) => ({ id: id!, text: text!, category: category! }))
    .filter(({ category }) => {
      seen.set(category, (seen.get(category) ?? 0) + 1);
      return seen.get(category)! <= perCategory;
    });
}
