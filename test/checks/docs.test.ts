import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { commandProblems, type Known, linkProblems, pathProblems } from './docs.js';
import { filesUnder, load, read, root } from './tree.js';

const documents = load(filesUnder('.', (path) => path.endsWith('.md') && !path.startsWith('models/')));
const exists = (path: string) => existsSync(join(root, path));

function help(...words: string[]): string {
  const cli = join(root, 'dist', 'esm', 'cli', 'main.js');
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...words, '--help'], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`matomari ${words.join(' ')} --help exits ${status}: ${stderr}`);
  return stdout;
}

/** Verbs as `matomari --help` lists them, flags as `matomari VERB --help` does. */
function commands(): Known['verbs'] {
  const listed = /^Commands:\n((?: {2}.*\n?)+)/m.exec(help())?.[1] ?? '';
  const verbs = [...listed.matchAll(/^ {2}([a-z][\w-]*)/gm)]
    .map((match) => match[1]!)
    .filter((verb) => verb !== 'help');
  return new Map(verbs.map((verb) => [verb, new Set(help(verb).match(/--[a-z][\w-]*/g))]));
}

const known = (): Known => ({
  exists,
  scripts: Object.keys(JSON.parse(read('package.json')).scripts),
  verbs: commands(),
});

describe('the documents', () => {
  test('are there', () => {
    for (const name of [
      'README.md',
      'ARCHITECTURE.md',
      'CONTRIBUTING.md',
      'CHANGELOG.md',
      'docs/workflows/japanese-news.md',
      'docs/workflows/theorems.md',
    ])
      expect([...documents.keys()], name).toContain(name);
  });

  test('link only to what exists', () => {
    expect(linkProblems(documents, exists)).toEqual([]);
  });

  test('name only npm scripts, commands and options that exist', () => {
    const all = known();
    expect(all.verbs.size).toBeGreaterThan(5);
    expect(commandProblems(documents, all)).toEqual([]);
  });

  test('speak only of files that exist', () => {
    expect(pathProblems(documents, exists)).toEqual([]);
  });
});

describe('the checks themselves', () => {
  const some: Known = {
    exists: (path) => ['a.md', 'docs/b.md', 'src/kmeans.ts'].includes(path),
    scripts: ['demo'],
    verbs: new Map([['run', new Set(['--text', '--out'])]]),
  };
  const broken = (text: string) =>
    new Map([
      ['docs/b.md', text],
      ['a.md', '# One & two\n## `x` of y'],
    ]);

  test.each([
    ['[a](../a.md) [b](b.md) [c](https://x.org/y) `[d](d.md)`', []],
    ['[one](../a.md#one--two) [x](../a.md#x-of-y)', []],
    ['[gone](../gone.md)', ['docs/b.md links to ../gone.md, which does not exist']],
    ['![out](../../a.md)', ['docs/b.md links to ../../a.md, which does not exist']],
    ['[three](../a.md#three)', ['docs/b.md links to ../a.md#three, but a.md has no such heading']],
  ])('links: %s', (text, problems) => {
    expect(linkProblems(broken(text), some.exists)).toEqual(problems);
  });

  test.each([
    ['`npm run demo`', []],
    ['`npm run dmeo`', ['docs/b.md: npm run dmeo is no script of package.json']],
    ['```sh\nnpx matomari run x.csv --text t \\\n  --out o | jq --raw\n```', []],
    ['```sh\nnpx matomari run x.csv \\\n  --txet t\n```', ['docs/b.md: matomari run has no option --txet']],
    ['run `matomari walk`', ['docs/b.md: matomari walk is no command']],
    ["```ts\nimport 'matomari walk';\n```", []],
  ])('commands: %s', (text, problems) => {
    expect(commandProblems(broken(text), some)).toEqual(problems);
  });

  test('paths', () => {
    const text =
      '`src/kmeans.ts` `src/gone.ts` `src/<name>.ts` `test/*.ts` `bench/NAME.bench.mjs` src/prose.ts';
    expect(pathProblems(broken(text), some.exists)).toEqual([
      'docs/b.md speaks of src/gone.ts, which does not exist',
    ]);
  });
});
