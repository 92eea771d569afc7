import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, type TestContext, test } from 'vitest';
import { cuobjdump, functionsOf, plugin, spillsOf } from './cuda.js';
import { root } from './tree.js';

describe('the CUDA plugin', () => {
  test('holds machine code for sm_80 and sm_90a, and PTX for what comes later', (ctx) => {
    const elf = cuobjdump(ctx, '-lelf');
    expect(elf).toMatch(/\.sm_80\.cubin/);
    expect(elf).toMatch(/\.sm_90a\.cubin/);
    expect(cuobjdump(ctx, '-lptx')).toMatch(/\.sm_80\.ptx/);
  });

  test('exports one symbol and needs nothing but libc', (ctx) => {
    if (!existsSync(plugin)) ctx.skip('no CUDA plugin: it was not built here (npm run setup:cuda)');
    const nm = spawnSync('nm', ['-D', '--defined-only', plugin], { encoding: 'utf8' });
    if (nm.error) ctx.skip('no nm on this machine (binutils)');
    expect(nm.stdout.trim()).toMatch(/^[0-9a-f]+ T matomari_cuda_api$/);
    const needed = spawnSync('objdump', ['-p', plugin], { encoding: 'utf8' }).stdout;
    const libraries = [...needed.matchAll(/NEEDED\s+(\S+)/g)].map((match) => match[1]);
    expect(
      libraries.filter((name) => !/^(libc|libm|librt|libdl|libpthread|ld-linux-x86-64)\.so/.test(name!)),
    ).toEqual([]);
  });
});

describe('machine code', () => {
  const machineCode = (ctx: TestContext, arch: string) => functionsOf(cuobjdump(ctx, '-sass', '-arch', arch));

  test.for([
    ['sm_80', /ampere6screen/, 2, /\bHMMA\.16816\.F32\b/, 64],
    ['sm_90a', /hopper6screen/, 4, /\bHGMMA\.64x256x16\.F32\b/, 4],
    ['sm_80', /narrow6screen/, 1, /\bHMMA\.16816\.F32\b/, 16],
    ['sm_90a', /narrow6screen/, 1, /\bHMMA\.16816\.F32\b/, 16],
  ] as const)('of %s: %s multiplies on tensor cores', ([arch, name, count, product, least], ctx) => {
    const kernels = machineCode(ctx, arch).filter((kernel) => name.test(kernel.name));
    expect(kernels.map((kernel) => kernel.name)).toHaveLength(count);
    for (const kernel of kernels)
      expect(kernel.lines.filter((line) => product.test(line)).length, kernel.name).toBeGreaterThanOrEqual(
        least,
      );
  });

  // Exact sums, which few rows need, are longer than the registers.
  const EXACT = /decide_(few|all)|measure(_all)?_kernelE.*NearPoints/;

  test.for(['sm_80', 'sm_90a'])('of %s keeps everything in registers but exact sums', (arch, ctx) => {
    const kernels = machineCode(ctx, arch);
    expect(kernels.length).toBeGreaterThan(30);
    const spilling = kernels.filter((kernel) => spillsOf(kernel).length > 0).map((kernel) => kernel.name);
    expect(spilling.filter((name) => !EXACT.test(name))).toEqual([]);
  });

  test('the check itself knows a spill and a function', () => {
    const [kernel] = functionsOf(
      [
        '\t\tFunction : a_kernel',
        '        /*0010*/  STL [R1], R2 ;',
        '        /*0020*/  STS [R1], R2 ;',
      ].join('\n'),
    );
    expect(kernel!.name).toBe('a_kernel');
    expect(spillsOf(kernel!)).toEqual(['/*0010*/  STL [R1], R2 ;']);
  });
});

describe('an addon', () => {
  const addon = join(root, 'build', 'Release', 'matomari.node');
  const reason = (folder: string) => {
    const script = `console.log(require(${JSON.stringify(join(folder, 'matomari.node'))}).cuda().reason)`;
    return spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' }).stdout.trim();
  };

  test('without its plugin, or with a wrong one, says so', (ctx) => {
    if (!existsSync(addon)) ctx.skip('this addon was not built here');
    const folder = mkdtempSync(join(tmpdir(), 'matomari-cuda-'));
    copyFileSync(addon, join(folder, 'matomari.node'));
    expect(reason(folder)).toMatch(
      /^this installation has no CUDA plugin \(.*matomari_cuda\.so: cannot open/,
    );
    writeFileSync(join(folder, 'matomari_cuda.so'), 'no library');
    expect(reason(folder)).toMatch(
      /^this installation has no CUDA plugin \(.*invalid ELF header|file too short/,
    );
    // Any addon is a library without the plugin's symbol.
    copyFileSync(addon, join(folder, 'matomari_cuda.so'));
    expect(reason(folder)).toMatch(/belongs to another version of matomari/);
    rmSync(folder, { recursive: true });
  });
});
