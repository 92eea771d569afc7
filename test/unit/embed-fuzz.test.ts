import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createEncoder } from '#dist/embed/encode.js';
import { flatten } from '#dist/embed/flat-texts.js';
import root from '#dist/root.cjs';
import { FIXTURES, readJson, temporaryFolder } from './embed-helpers.js';

type Range = [first: number, last: number];
const isRange = (pool: Range | string[]): pool is Range => typeof pool[0] === 'number';

interface Fuzz {
  /** What texts are made of: the first and last code point of a range, or strings. */
  pools: (Range | string[])[];
  block: number;
  longest: number;
  cases: { name: string; tokenizer: string | null; seed: number; texts: number; hashes: number[] }[];
}
const { pools, block, longest, cases } = readJson<Fuzz>(join(FIXTURES, 'fuzz-ids.json'));
const small = readJson<{ cases: { name: string; tokenizer: object }[] }>(join(FIXTURES, 'tokenizers.json'));

/** The texts of fuzz.py. */
function randomTexts(seed: number, count: number): string[] {
  let state = seed;
  const pick = (n: number): number => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) % n;
  };
  return Array.from({ length: count }, () => {
    const chosen = Array.from({ length: 1 + pick(4) }, () => pools[pick(pools.length)]!);
    let text = '';
    for (let left = pick(longest); left > 0; left--) {
      const pool = chosen[pick(chosen.length)]!;
      if (isRange(pool)) text += String.fromCodePoint(pool[0] + pick(pool[1] - pool[0] + 1));
      else text += pool[pick(pool.length)];
      if (pick(6) === 0) text += ' ';
    }
    return text;
  });
}

/** FNV-1a over number and ids of every text, a block of texts each. */
function hashes(ids: Int32Array, ends: Uint32Array): number[] {
  const found: number[] = [];
  let value = 0;
  const add = (id: number) => {
    value = Math.imul(value ^ id, 0x01000193) >>> 0;
  };
  ends.forEach((end, i) => {
    if (i % block === 0) value = 0x811c9dc5;
    const begin = i === 0 ? 0 : ends[i - 1]!;
    add(end - begin);
    ids.subarray(begin, end).forEach(add);
    if (i % block === block - 1) found.push(value);
  });
  return found;
}

describe('random texts of mixed scripts', () => {
  it.each(cases)(
    '$name: the ids of Python on $texts',
    async ({ name, tokenizer, seed, texts, hashes: wanted }) => {
      let json = join(root, 'models', 'builtin', 'tokenizer.json');
      if (tokenizer !== null) {
        json = join(temporaryFolder(), 'tokenizer.json');
        writeFileSync(json, JSON.stringify(small.cases.find((one) => one.name === name)!.tokenizer));
      }
      const encoder = await createEncoder({ json, config: {}, lowercase: false }, 2);
      const { ids, ends } = await encoder.encode(flatten(randomTexts(seed, texts)));
      expect(wanted.length).toBe(texts / block);
      expect(hashes(ids, ends)).toEqual(wanted);
    },
  );
});
