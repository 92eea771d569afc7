import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Example, examples, makeProject, matches, runExample } from './examples.js';
import { filesUnder, read } from './tree.js';

const documents = ['README.md', ...filesUnder('docs', (path) => path.endsWith('.md'))];

describe.each(documents)('the examples of %s run', (document) => {
  const found = examples(read(document));
  let project: ReturnType<typeof makeProject>;
  beforeAll(() => {
    project = makeProject();
  });
  afterAll(() => project.remove());

  // One after the other in one folder: a later example may use what an earlier one wrote.
  for (const example of found)
    test(`line ${example.line}`, { timeout: 130_000 }, () => {
      expect(runExample(example, project.folder)).toEqual([]);
    });

  test(
    document === 'README.md' ? 'and there are some for the library and the command line' : 'as marked',
    () => {
      const languages = found.map(({ language }) => language);
      if (document === 'README.md') expect(languages).toEqual(expect.arrayContaining(['ts', 'sh']));
      else expect(languages.every((language) => ['js', 'ts', 'sh'].includes(language))).toBe(true);
    },
  );
});

describe('the checks themselves', () => {
  const markdown = [
    '```ts run',
    "import { matrix } from 'matomari';",
    'const rows: number = matrix([[1, 2]]).rows;',
    "console.log('rows', rows);",
    '```',
    'prints',
    '```text output',
    'rows …',
    '```',
    '```sh',
    'not run',
    '```',
    '  ```sh run',
    '  echo one; cat examples/headlines-ja.csv | head -1 >&2',
    '  ```',
  ].join('\n');

  test('finds what is marked', () => {
    expect(examples(markdown).map(({ line, language, output }) => ({ line, language, output }))).toEqual([
      { line: 1, language: 'ts', output: 'rows …' },
      { line: 13, language: 'sh', output: undefined },
    ]);
  });

  test('holds what is printed against what is said', () => {
    expect(matches('a 1.5 s\nb\nc\n', 'a … s\n…\nc')).toBe(true);
    expect(matches('a (x)\n', 'a (x)')).toBe(true);
    expect(matches('a\nb', 'a')).toBe(false);
  });

  const wrong: [string, Partial<Example>, RegExp | undefined][] = [
    ['a good one', { language: 'ts', text: examples(markdown)[0]!.text, output: 'rows …' }, undefined],
    [
      'a wrong type',
      { language: 'ts', text: "import { matrix } from 'matomari';\nconst s: string = matrix([[1]]).rows;" },
      /line 2.*number/,
    ],
    [
      'a name that is not exported',
      { language: 'ts', text: "import { matrixx } from 'matomari';" },
      /matrixx/,
    ],
    ['an exception', { language: 'js', text: "throw new Error('no luck');" }, /exits 1[\s\S]*no luck/],
    ['other output', { language: 'sh', text: 'echo two', output: 'one' }, /prints\ntwo/],
    ['a failing command', { language: 'sh', text: 'false; true' }, /exits 1/],
    ['a language that cannot run', { language: 'py', text: 'pass' }, /must be js, ts or sh/],
  ];
  test.each(wrong)('judges %s', (_, example, problem) => {
    const project = makeProject();
    const found = runExample(
      { line: 1, language: '', text: '', output: undefined, ...example },
      project.folder,
    );
    project.remove();
    if (problem) expect(found.join('\n')).toMatch(problem);
    else expect(found).toEqual([]);
  });
});
