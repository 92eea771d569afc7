import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it, type TestContext } from 'vitest';
import { native } from '#dist/binding.js';

/*
 * Compiles the C++ tests beside this file against the very archive that the addon was linked from, and runs them. Then the
 * same for 64-bit Arm where a cross compiler and qemu are there: its results must be ours. `npm run test:neon` does that
 * with the release build and all of the data.
 */

const root = fileURLToPath(new URL('../..', import.meta.url));
const out = mkdtempSync(join(tmpdir(), 'matomari-native-'));
afterAll(() => rmSync(out, { recursive: true, force: true }));

const sources = (folder: string): string[] =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.cc'))
    .map((name) => join(root, folder, name));

const FLAGS = ['-std=c++20', '-O1', '-ffp-contract=off', '-pthread', '-I', join(root, 'native')];

/** What a program prints. Not synchronous, or the test runner would take this worker for lost. */
async function run(command: string, args: string[]): Promise<string> {
  const result = await promisify(execFile)(command, args, { maxBuffer: 2 ** 28 }).catch(
    (error: Error & { stdout: string; stderr: string }) => {
      throw new Error(`${error.message}\n${error.stdout.replace(/^ok .*\n/gm, '')}`);
    },
  );
  return result.stdout;
}

function need(ctx: TestContext, ...commands: string[]): void {
  for (const command of commands)
    if (spawnSync(command, ['--version']).error) ctx.skip(`no ${command} on this machine`);
}

/** The levels that the program found, and its hash of the results of each operation. */
function results(output: string): { levels: string[]; hashes: string[] } {
  const lines = output.split('\n');
  expect(lines[lines.length - 2]).toMatch(/^\d{5,} checks, 0 failed$/);
  expect(output).not.toContain('FAILED');
  return {
    levels: lines[0]!.split(' ').slice(1),
    hashes: lines.filter((line) => line.startsWith('hash ')),
  };
}

describe('the core without Node', () => {
  const archive = join(root, 'build', 'libmatomari_core.a');
  const here = join(out, 'here');
  const build = async (ctx: TestContext) => {
    need(ctx, 'g++');
    if (!existsSync(archive)) ctx.skip(`no ${archive}: this addon was not built here`);
    if (!existsSync(here)) await run('g++', [...FLAGS, ...sources('test/native'), archive, '-o', here]);
  };

  it('passes its own tests at every level of this machine', async (ctx) => {
    await build(ctx);
    const { levels, hashes } = results(await run(here, []));
    expect(levels).toEqual(native().info().simdLevels);
    expect(hashes.length).toBeGreaterThanOrEqual(8);
  });

  it('gives the same results on 64-bit Arm, at scalar and NEON', async (ctx) => {
    need(ctx, 'aarch64-linux-gnu-g++', 'qemu-aarch64-static');
    await build(ctx);
    const arm = join(out, 'arm');
    const folders = readdirSync(join(root, 'native')).filter(
      (name) => !['binding', 'simd', 'cuda'].includes(name),
    );
    await run('aarch64-linux-gnu-g++', [
      ...FLAGS,
      '-static',
      ...sources('test/native'),
      ...folders.flatMap((folder) => sources(join('native', folder))),
      ...['dispatch', 'scalar', 'neon'].map((name) => join(root, 'native', 'simd', `${name}.cc`)),
      '-o',
      arm,
    ]);
    const emulated = results(await run('qemu-aarch64-static', [arm, '--quick']));
    expect(emulated.levels).toEqual(['scalar', 'neon']);
    expect(emulated.hashes).toEqual(results(await run(here, ['--quick'])).hashes);
  }, 180_000);
});
