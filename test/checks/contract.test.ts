import { describe, expect, test } from 'vitest';
import { native } from '#dist/binding.js';
import { contractProblems, declared } from './contract.js';
import { filesUnder, load, read } from './tree.js';

const contract = read('binding.d.ts');
const binding = load(filesUnder('native/binding', (path) => path.endsWith('.cc')));

/** The files with one piece of text replaced, which must be there. */
function change(from: string, to: string): Map<string, string> {
  const changed = new Map([...binding].map(([path, text]) => [path, text.replace(from, to)]));
  expect([...changed.values()]).not.toEqual([...binding.values()]);
  return changed;
}

describe('binding.d.ts and the addon', () => {
  test('agree in every function, argument and result', () => {
    expect(declared(contract).size).toBeGreaterThan(5);
    expect(declared(contract).get('kmeans')?.args).toContain('sampleWeight');
    expect(declared(contract).get('kmeans')?.results).toContain('inertia');
    expect(contractProblems(contract, binding)).toEqual([]);
  });

  test('agree in the addon that is built', () => {
    expect(Object.keys(native()).sort()).toEqual([...declared(contract).keys()].sort());
  });

  test.each([
    ['exports.Set("kmeans", ', 'exports.Set("kMeans", ', 'registers kMeans, which binding.d.ts does not'],
    ['exports.Set("pca", ', '// ("pca", ', 'declares pca, which addon.cc does not register'],
    ['args.number("tol")', 'args.number("tolerance")', 'reads tolerance of kmeans'],
    ['result.Set("nIter"', 'result.Set("iterations"', 'declares nIter of kmeans, which the addon never sets'],
    ['args.size("weightCols")', 'args.size("weightColumns")', 'declares weightCols of weightedMean'],
  ])('would not agree with %s → %s', (from, to, problem) => {
    expect(contractProblems(contract, change(from, to))).toContainEqual(expect.stringContaining(problem));
  });

  test('would not agree with a function or an argument declared and not built', () => {
    const more = contract.replace(
      'export interface Binding {',
      'export interface Binding {\n  isomap(args: { points: Float32Array }): void;',
    );
    expect(contractProblems(more, binding)).toEqual([
      'binding.d.ts declares isomap, which addon.cc does not register',
    ]);
    const wider = contract.replace('nInit: number;', 'nInit: number;\n      nTrials: number;');
    expect(contractProblems(wider, binding)).toEqual([
      'binding.d.ts declares nTrials of kmeans, which the addon never reads',
    ]);
  });
});
