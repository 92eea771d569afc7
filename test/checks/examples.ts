import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ts from 'typescript';
import { blocks } from './markdown.js';
import { root } from './tree.js';

/** A fenced block that is marked `run`, and what the block marked `output` right behind it says it prints. */
export interface Example {
  line: number;
  language: string;
  text: string;
  output: string | undefined;
}

/** The examples of a document, in order. */
export function examples(markdown: string): Example[] {
  const all = blocks(markdown);
  return all.flatMap(({ language, words, text, line }, at) => {
    if (!words.includes('run')) return [];
    const next = all[at + 1];
    return [{ line, language, text, output: next?.words.includes('output') ? next.text : undefined }];
  });
}

/**
 * A folder in which examples run as they would in a user's project: matomari is installed there (a link to this
 * repository), its command is on the path, and `examples` and `models` are at hand; with `shared` beside the repository a
 * small decoder too.
 */
export function makeProject(): { folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'matomari-example-'));
  mkdirSync(join(folder, 'node_modules', '.bin'), { recursive: true });
  mkdirSync(join(folder, 'node_modules', '@types'));
  symlinkSync(root, join(folder, 'node_modules', 'matomari'));
  symlinkSync(join(root, 'node_modules', '@types', 'node'), join(folder, 'node_modules', '@types', 'node'));
  symlinkSync(join(root, 'dist', 'esm', 'cli', 'main.js'), join(folder, 'node_modules', '.bin', 'matomari'));
  symlinkSync(join(root, 'examples'), join(folder, 'examples'));
  mkdirSync(join(folder, 'models'));
  symlinkSync(join(root, 'models', 'builtin'), join(folder, 'models', 'builtin'));
  const decoder = join(root, '..', 'shared', 'models', 'tiny-qwen2');
  if (existsSync(decoder)) symlinkSync(decoder, join(folder, 'models', 'my-decoder'));
  writeFileSync(join(folder, 'package.json'), '{ "name": "example", "private": true, "type": "module" }\n');
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** What is wrong with the types of a file, in words. */
export function typeProblems(path: string): string[] {
  const program = ts.createProgram([path], {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    lib: ['lib.es2023.d.ts'],
    types: ['node'],
    typeRoots: [join(root, 'node_modules', '@types')],
    strict: true,
    noEmit: true,
  });
  return ts.getPreEmitDiagnostics(program).map((problem) => {
    const line = problem.file ? problem.file.getLineAndCharacterOfPosition(problem.start ?? 0).line + 1 : 0;
    return `line ${line}: ${ts.flattenDiagnosticMessageText(problem.messageText, ' ')}`;
  });
}

/** Whether `printed` holds the lines of `expected` in order, where `…` stands for anything, whole lines included. */
export function matches(printed: string, expected: string): boolean {
  const pattern = expected
    .trim()
    .split('…')
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('[\\s\\S]*?');
  return new RegExp(`^${pattern}$`).test(printed.trim());
}

/** Runs an example in a project; returns what is wrong, or an empty list. */
export function runExample({ language, text, output, line }: Example, folder: string): string[] {
  const path = (extension: string) => join(folder, `example-${line}.${extension}`);
  let command: [string, string[]];
  if (language === 'sh') command = ['bash', ['-euo', 'pipefail', '-c', text]];
  else if (language === 'ts' || language === 'js') {
    writeFileSync(path(language === 'ts' ? 'mts' : 'mjs'), text);
    if (language === 'ts') {
      const wrong = typeProblems(path('mts'));
      if (wrong.length > 0) return wrong;
      const options = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext };
      writeFileSync(path('mjs'), ts.transpileModule(text, { compilerOptions: options }).outputText);
    }
    command = [process.execPath, [path('mjs')]];
  } else return [`a block marked run must be js, ts or sh, not "${language}"`];

  const { status, stdout, stderr, error } = spawnSync(command[0], command[1], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 120_000,
    env: { ...process.env, npm_config_offline: 'true', npm_config_yes: 'false' },
  });
  if (error) return [error.message];
  if (status !== 0) return [`exits ${status}: ${stderr.trim().slice(0, 2000)}`];
  if (output !== undefined && !matches(stdout, output)) return [`prints\n${stdout}\nnot\n${output}`];
  return [];
}
