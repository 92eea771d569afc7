import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { describe, expect, test } from 'vitest';
import { makeProject, typeProblems } from './examples.js';
import { read, root } from './tree.js';

interface Conditions {
  types: string;
  default: string;
}
const manifest = JSON.parse(read('package.json')) as {
  exports: Record<string, { import: Conditions; require: Conditions } | string>;
  bin: Record<string, string>;
};
const entries = Object.entries(manifest.exports).filter(([name]) => name !== './package.json') as [
  string,
  { import: Conditions; require: Conditions },
][];
const specifier = (name: string) => name.replace('.', 'matomari');

function run(folder: string, file: string, text: string): string {
  writeFileSync(join(folder, file), text);
  const { status, stdout, stderr } = spawnSync(process.execPath, [file], { cwd: folder, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

describe('the package', () => {
  test('has nothing that publint warns of', async () => {
    const { messages, pkg } = await publint({ pkgDir: root, pack: false, level: 'warning' });
    expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([]);
  });

  test.each(entries)('exports %s alike as ES module and CommonJS', (name) => {
    const { folder, remove } = makeProject();
    const print = 'console.log(JSON.stringify(Object.keys(all).filter((key) => key !== "default").sort()))';
    const esm = run(folder, 'a.mjs', `import * as all from '${specifier(name)}'; ${print}`);
    const cjs = run(folder, 'a.cjs', `const all = require('${specifier(name)}'); ${print}`);
    remove();
    expect(JSON.parse(esm).length).toBeGreaterThan(0);
    expect(JSON.parse(cjs)).toEqual(JSON.parse(esm));
  });

  test.each(entries)('has types of %s for both', (name, conditions) => {
    for (const kind of ['import', 'require'] as const)
      for (const file of Object.values(conditions[kind]))
        expect(existsSync(join(root, file)), file).toBe(true);
    const { folder, remove } = makeProject();
    const use = `import * as all from '${specifier(name)}';\nexport const nothing: { no: 1 } = all;\n`;
    for (const extension of ['mts', 'cts']) {
      const file = join(folder, `types.${extension}`);
      writeFileSync(file, use);
      // The one problem shows that the types were found and are not `any`.
      expect(typeProblems(file), extension).toEqual([
        expect.stringMatching(/^line 2: Property 'no' is missing/),
      ]);
    }
    remove();
  });

  test('brings what it needs and no more', () => {
    const { status, stdout, stderr } = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    });
    expect(status, stderr).toBe(0);
    const [{ files, unpackedSize }] = JSON.parse(stdout) as [
      { files: { path: string }[]; unpackedSize: number },
    ];
    const paths = files.map(({ path }) => path);
    for (const path of [
      'README.md',
      'LICENSE',
      'CMakeLists.txt',
      'binding.d.ts',
      'native/binding/addon.cc',
      'native/simd/kernels.inl',
      'dist/binding.d.ts',
      'dist/cjs/package.json',
      'models/builtin/README.md',
      'models/builtin/NOTICE',
      ...Object.values(manifest.bin).map((file) => file.replace('./', '')),
      ...entries.flatMap(([, { import: esm, require: cjs }]) =>
        [...Object.values(esm), ...Object.values(cjs)].map((file) => file.replace('./', '')),
      ),
    ])
      expect(paths).toContain(path);
    expect(paths.some((path) => /^models\/builtin\/.*\.onnx$/.test(path))).toBe(true);
    expect(paths.filter((path) => /^(test|bench|docs|src|build|out|\.)/.test(path))).toEqual([]);
    expect(unpackedSize).toBeLessThan(40 * 2 ** 20);
  });
});
