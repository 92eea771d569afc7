import { execFile, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it, type TestContext } from 'vitest';

/*
 * Compiles the CUDA plugin for the CPU, against the emulator beside this file, and runs the C++ tests of the device on it:
 * the very kernels and host code, with the machine instructions by their definition. What only a device can show (races,
 * whether the definitions were read aright) is left to `npm run test:gpu`.
 */

const root = fileURLToPath(new URL('../..', import.meta.url));
const out = mkdtempSync(join(tmpdir(), 'matomari-cuda-'));
afterAll(() => rmSync(out, { recursive: true, force: true }));

const files = (folder: string, extension: string): string[] =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith(extension))
    .map((name) => join(root, folder, name));

const FLAGS = ['-std=c++20', '-O2', '-fPIC', '-ffp-contract=off', '-fvisibility=hidden', '-pthread'];
// Conversions of halves and fused multiply-adds as instructions, not calls, to the same bits.
const EMULATED = [
  ...FLAGS,
  '-march=native',
  '-I',
  join(root, 'test/cuda/emulator'),
  '-I',
  join(root, 'native'),
];

/** What a program prints. Not synchronous, or the test runner would take this worker for lost. */
async function run(command: string, args: string[], env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const result = await promisify(execFile)(command, args, { env, maxBuffer: 2 ** 28 }).catch(
    (error: Error & { stdout: string }) => {
      throw new Error(`${error.message}\n${error.stdout}`);
    },
  );
  return result.stdout;
}

describe('the CUDA plugin on an emulated device', () => {
  const archive = join(root, 'build', 'libmatomari_core.a');
  const program = join(out, 'cuda_test');

  async function build(ctx: TestContext): Promise<void> {
    if (process.platform !== 'linux' || process.arch !== 'x64')
      ctx.skip('the emulator is for Linux on x86-64');
    if (spawnSync('g++', ['--version']).error) ctx.skip('no g++ on this machine');
    if (!existsSync(archive)) ctx.skip(`no ${archive}: this addon was not built here`);
    if (existsSync(program)) return;
    const sources = [...files('native/cuda', '.cu'), join(root, 'test/cuda/emulator/emulator.cc')];
    const object = (source: string) => join(out, `${basename(source)}.o`);
    const waiting = [...sources];
    const compile = async () => {
      for (let source = waiting.pop(); source; source = waiting.pop())
        await run('g++', [...EMULATED, '-x', 'c++', '-c', source, '-o', object(source)]);
    };
    await Promise.all([compile(), compile()]);
    await run('g++', ['-shared', '-pthread', ...sources.map(object), '-o', join(out, 'matomari_cuda.so')]);
    await run('g++', [
      ...FLAGS,
      '-I',
      join(root, 'native'),
      ...files('test/cuda', '.cc'),
      archive,
      '-o',
      program,
    ]);
  }

  it.for([
    ['sm_90a', '9', []],
    // Only the screens differ.
    ['sm_80', '8', ['--quick']],
  ] as const)(
    'of %s gives the results of the CPU, to the bit',
    { timeout: 900_000 },
    async ([, capability, args], ctx) => {
      await build(ctx);
      const printed = await run(program, [...args], {
        ...process.env,
        MATOMARI_EMULATED_CAPABILITY: capability,
      });
      expect(printed).toMatch(/^device emulated$/m);
      expect(printed).toMatch(/^\d{3,} checks, 0 failed$/m);
      expect(printed).not.toContain('FAILED');
    },
  );

  it('serves the operations of the addon', { timeout: 300_000 }, async (ctx) => {
    await build(ctx);
    const addon = join(root, 'build', 'Release', 'matomari.node');
    if (!existsSync(addon)) ctx.skip('this addon was not built here');
    const folder = join(out, 'addon', 'build', 'Release');
    mkdirSync(folder, { recursive: true });
    copyFileSync(addon, join(folder, 'matomari.node'));
    copyFileSync(join(out, 'matomari_cuda.so'), join(folder, 'matomari_cuda.so'));
    const printed = await run(process.execPath, [join(root, 'test/cuda/both-devices.mjs')], {
      ...process.env,
      MATOMARI_PREBUILD: join(out, 'addon'),
    });
    expect(printed.trim().split('\n')).toEqual([
      'assign cpu cuda f16 same',
      'distances cpu cuda  same',
      'kmeans cpu cuda f16 same',
      'nearest cpu cuda f16 same',
      'weightedMean cpu cuda  same',
      expect.stringMatching(
        /^out_of_memory distances: \d+ MiB were asked of a CUDA device that has \d+ MiB free of the 1 MiB/,
      ),
      'auto cpu',
      'cancelled',
    ]);
  });
});
