import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, type TestContext, test } from 'vitest';
import { forbiddenSymbols, spills, WIDE, wideInstructions } from './objects.js';
import { root } from './tree.js';

const build = join(root, 'build', 'CMakeFiles');
const objects = existsSync(build)
  ? readdirSync(build, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.cc.o'))
      .map((path) => join(build, path))
  : [];

/** What a program of binutils prints; skips the test where it or the objects are missing. */
function inspect(ctx: TestContext, command: string, args: string[]): string {
  if (objects.length === 0) ctx.skip('no objects in build: this addon was not built here');
  const { error, status, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
  });
  if (error) ctx.skip(`no ${command} on this machine (binutils)`);
  if (status !== 0) throw new Error(`${command}: ${stderr}`);
  return stdout;
}

describe('objects of a wider target', () => {
  test('define no symbol that the linker could take for the whole addon', (ctx) => {
    const wide = objects.filter((path) => WIDE.test(path));
    for (const path of wide)
      expect(forbiddenSymbols(inspect(ctx, 'nm', ['-C', '--defined-only', path])), path).toEqual([]);
    expect(wide.length, 'at least one').toBeGreaterThan(0);
  });

  test('keep the accumulators of the tile kernels in registers', (ctx) => {
    if (process.arch !== 'x64') ctx.skip('reads x86-64 instructions');
    for (const path of objects.filter((object) => WIDE.test(object))) {
      const screen = /avx512_/.test(path);
      const found = spills(
        inspect(ctx, 'objdump', ['-d', '-C', '--no-show-raw-insn', path]),
        screen
          ? /::low_(best|below|both)_of</
          : /::(score_(best|store)(_of<\d>)?|dot64|tile64|dot_few|add_weighted64)\(/,
        screen ? /\bvdpb/ : undefined,
      );
      expect(found.stores, path).toEqual([]);
      // The compiler may inline a width of a tile into the function that chooses among them.
      expect(found.functions, path).toBeGreaterThanOrEqual(screen ? 9 : 8);
    }
  });
});

test('all other objects hold no instruction above the floor of the platform', (ctx) => {
  if (process.arch !== 'x64') ctx.skip('the floor of this platform has every instruction that is used');
  const floor = objects.filter((path) => !WIDE.test(path));
  for (const path of floor) {
    const code = inspect(ctx, 'objdump', ['-d', '--no-show-raw-insn', path]);
    expect(wideInstructions(code).slice(0, 5), path).toEqual([]);
  }
  expect(floor.length).toBeGreaterThan(10);
});

describe('the checks themselves', () => {
  test('know a weak symbol and a function of the standard library', () => {
    const nm = [
      '0000000000000000 V DW.ref.__gxx_personality_v0',
      '0000000000000000 t matomari::simd::avx2::center(float const*)',
      '0000000000000000 W std::vector<float>::~vector()',
      '0000000000000000 W matomari::half(float)',
      '0000000000000010 t std::min(int, int)',
      '                 U memcpy',
    ].join('\n');
    expect(forbiddenSymbols(nm)).toEqual([
      'W std::vector<float>::~vector()',
      'W matomari::half(float)',
      't std::min(int, int)',
    ]);
  });

  test('know instructions above SSE2', (ctx) => {
    const lines = [
      '   0:\tmovaps %xmm0,%xmm1',
      '   4:\ttzcnt  %eax,%edx',
      '   8:\tvmovups (%rdi),%ymm0',
      '   c:\tvaddsd %xmm0,%xmm1,%xmm2',
      '  10:\tpopcnt %rax,%rax',
      '  14:\tvpord  %zmm1,%zmm2,%zmm3',
    ];
    expect(wideInstructions(lines.join('\n'))).toEqual(lines.slice(2).map((line) => line.trim()));
    const avx2 = objects.find((path) => path.endsWith('simd/avx2.cc.o'));
    if (avx2)
      expect(wideInstructions(inspect(ctx, 'objdump', ['-d', '--no-show-raw-insn', avx2]))).not.toEqual([]);
  });

  test('know an accumulator that goes to the stack', () => {
    const code = (middle: string) =>
      [
        '0000000000000000 <simd::score_best(float)>:',
        '   0:\tvmovaps %ymm9,0x20(%rsp)',
        ...Array.from({ length: 20 }, () => '   4:\tadd    $0x1,%rax'),
        '   8:\tvfmadd231ps %ymm0,%ymm1,%ymm2',
        middle,
        '  10:\tvfmadd231ps %ymm0,%ymm1,%ymm3',
        '',
      ].join('\n');
    expect(spills(code('   c:\tvbroadcastss (%rsi),%ymm4'), /score_best/)).toEqual({
      functions: 1,
      stores: [],
    });
    for (const spill of ['c:\tvmovaps %ymm2,0x40(%rsp)', 'c:\tvfmadd231ps 0x40(%rsp),%ymm1,%ymm2'])
      expect(spills(code(`   ${spill}`), /score_best/).stores).toEqual([spill]);
  });
});
