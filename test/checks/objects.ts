/** Objects compiled for a wider target than the platform's floor. */
export const WIDE = /native\/simd\/(avx2|avx512|avx512_bf16|avx512_vnni|neon)\.cc\.o$/;

/**
 * Symbols that an object of a wider target must not define, from the output of `nm -C --defined-only`. A weak symbol,
 * such as an inline function of the standard library, may be the copy that the linker keeps for the whole addon: then
 * an older processor meets its instructions.
 */
export function forbiddenSymbols(nm: string): string[] {
  return nm
    .split('\n')
    .map((line) => /^[0-9a-f]*\s+([A-Za-z])\s+(.+)$/.exec(line))
    .filter((match) => match !== null)
    .filter(([, type, name]) => /[WwVvu]/.test(type!) || /\bstd::/.test(name!))
    .map(([, type, name]) => `${type} ${name}`)
    .filter((symbol) => symbol !== 'V DW.ref.__gxx_personality_v0');
}

/** x86-64 instructions above SSE2, in the output of `objdump -d --no-show-raw-insn`. */
export function wideInstructions(objdump: string): string[] {
  const wide =
    /%[yz]mm\d|^\s+[0-9a-f]+:\s+(v[a-z0-9]+\s.*%xmm|(popcnt|pshufb|palignr|crc32|aes[a-z]+|mulx|pdep|pext|andn|bzhi|round[sp][sd])\s)/;
  return objdump
    .split('\n')
    .filter((line) => wide.test(line))
    .map((line) => line.trim());
}

/**
 * Vector stores to the stack among the multiply-adds of the functions that match, and multiply-adds with what lies there:
 * accumulators or factors that did not stay in registers, which costs up to half the speed. Stores before and after a loop are
 * no harm.
 */
export function spills(
  objdump: string,
  functions: RegExp,
  product = /\bvfn?m(add|sub)/,
): { functions: number; stores: string[] } {
  const bodies = objdump
    .split(/\n(?=[0-9a-f]+ <.*>:\n)/)
    .filter((body) => functions.test(body.split('\n')[0]!));
  const stores: string[] = [];
  for (const body of bodies) {
    const lines = body.split('\n');
    let last = -Infinity;
    lines.forEach((line, at) => {
      if (!product.test(line)) return;
      if (/\(%r[sb]p/.test(line)) stores.push(line);
      // Further apart than this they are not in the same run of multiply-adds.
      if (at - last <= 12)
        stores.push(
          ...lines
            .slice(last, at)
            .filter((between) => /\bvmov[a-z0-9]*\s+%[yz]mm\d+,.*\(%r[sb]p/.test(between)),
        );
      last = at;
    });
  }
  return { functions: bodies.length, stores: stores.map((line) => line.trim()) };
}
