import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { filesUnder, root } from './tree.js';

/** What must not stand anywhere: paths of somebody's machine, and how the text came to be written. */
const FORBIDDEN: [RegExp, string][] = [
  [/(?<![\w.$}-])\/(work|root|home|Users|mnt)\/\w/, 'a path of one machine'],
  [/\b(claude|anthropic|chatgpt|openai|copilot|llm)\b/i, 'a writing tool'],
  [/\b(sub-?agents?|this session|our session|worktrees?|the brief|as an ai)\b/i, 'how the work was done'],
];
/** Data, lock files, and this list. */
const EXEMPT =
  /^(package-lock\.json|test\/checks\/prose\.test\.ts|test\/fixtures\/.*\.json|models\/.*\.json|examples\/.*\.csv)$/;

function problems(path: string, text: string): string[] {
  return text.split('\n').flatMap((line, at) =>
    FORBIDDEN.flatMap(([pattern, what]) => {
      const found = pattern.exec(line)?.[0];
      return found === undefined ? [] : [`${path}:${at + 1} holds ${what}: ${found}`];
    }),
  );
}

test('no file names a machine’s paths or the way it was written', () => {
  const files = filesUnder('.', (path) => !EXEMPT.test(path));
  expect(files.length).toBeGreaterThan(100);
  const found = files.flatMap((path) => {
    const bytes = readFileSync(join(root, path));
    // A zero byte near the start: no text.
    return bytes.subarray(0, 8192).includes(0) ? [] : problems(path, bytes.toString());
  });
  expect(found).toEqual([]);
});

test('the check itself', () => {
  expect(problems('a.md', 'see /home/me/x and\n/work/shared')).toEqual([
    'a.md:1 holds a path of one machine: /home/m',
    'a.md:2 holds a path of one machine: /work/s',
  ]);
  expect(problems('a.md', 'written in this session')).toHaveLength(1);
  expect(
    problems('a.md', 'https://example.org/home/page, an ONNX session, ../shared, user agent, $HOME/x'),
  ).toEqual([]);
});
