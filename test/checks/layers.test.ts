import { describe, expect, test } from 'vitest';
import { nativeProblems, typescriptProblems } from './layers.js';
import { filesUnder, load } from './tree.js';

const src = load(filesUnder('src', (path) => /\.c?ts$/.test(path)));
const native = load(filesUnder('native', (path) => /\.(h|cc|inl|cu|cuh)$/.test(path)));

describe('layers of src', () => {
  test('hold', () => {
    expect(src.size).toBeGreaterThan(10);
    expect(typescriptProblems(src)).toEqual([]);
  });

  test.each([
    ['src/kmeans/steps.ts', "import { run } from '../pipeline/discover.js';", 'points up'],
    ['src/metrics/extra.ts', "import type { Options } from '../cli/main.js';", 'points up'],
    ['src/pipeline/extra.ts', "import {\n  a,\n  b,\n} from '../cli/run.js';", 'points up'],
    ['src/umap.ts', "import { readNpy } from './io/npy.js';", 'sideways'],
    ['src/distances/extra.ts', "export { nearest } from '../nearest.js';", 'sideways'],
    ['src/io/extra.ts', "const { embed } = await import('../embed/index.js');", 'sideways'],
    ['src/device/extra.ts', "import { kmeans } from '../kmeans.js';", 'points up'],
    ['src/check/extra.ts', "import { native } from '../binding.js';", 'a leaf uses no layer'],
    ['src/types.ts', "import type { KMeans } from './kmeans.js';", 'a leaf uses no layer'],
  ])('would not hold with %s: %s', (path, text, problem) => {
    const before = typescriptProblems(src);
    const after = typescriptProblems(new Map([...src, [path, text]]));
    expect(after.filter((one) => !before.includes(one))).toEqual([expect.stringContaining(problem)]);
  });

  test('a cycle of imports is found', () => {
    const ring = new Map([
      ['src/text/a.ts', "import { b } from './b.js';"],
      ['src/text/b.ts', "export { c } from './c.js';"],
      ['src/text/c.ts', "import type { A } from './a.js';"],
    ]);
    expect(typescriptProblems(ring)).toEqual([
      'imports go round: src/text/a.ts → src/text/b.ts → src/text/c.ts → src/text/a.ts',
    ]);
  });
});

describe('layers of native', () => {
  test('hold', () => {
    expect(native.size).toBeGreaterThan(10);
    expect(nativeProblems(native)).toEqual([]);
  });

  test.each([
    ['native/kmeans/extra.cc', '#include <napi.h>', 'belongs to native/binding/'],
    ['native/core/extra.h', '#include <immintrin.h>', 'belongs to native/simd/'],
    ['native/nearest/extra.cc', '#include <arm_neon.h>', 'belongs to native/simd/'],
    ['native/binding/extra.cc', '#include <cuda_runtime.h>', 'belongs to native/cuda/'],
    ['native/core/extra.cc', '#include "simd/kernels.h"', 'points up'],
    ['native/simd/extra.cc', '#include "kmeans/kmeans.h"', 'points up'],
    ['native/distances/extra.cc', '  #  include "binding/args.h"', 'points up'],
    ['native/pca/extra.cc', '#include "nearest/nearest.h"', 'sideways'],
    ['native/pca/extra.cc', '#include "eigen/dense.h"', 'no file of native'],
  ])('would not hold with %s: %s', (path, text, problem) => {
    const before = nativeProblems(native);
    const after = nativeProblems(new Map([...native, [path, text]]));
    expect(after.filter((one) => !before.includes(one))).toEqual([expect.stringContaining(problem)]);
  });
});
