import { dirname, join, normalize } from 'node:path/posix';
import { anchors, blocks, links } from './markdown.js';

/** What the documents may speak of. */
export interface Known {
  exists: (path: string) => boolean;
  /** Names of package.json's scripts. */
  scripts: readonly string[];
  /** The verbs of the command line, each with its flags. */
  verbs: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Links to files and anchors that are not there. */
export function linkProblems(documents: Map<string, string>, exists: Known['exists']): string[] {
  const problems: string[] = [];
  for (const [path, text] of documents)
    for (const target of links(text)) {
      const [file, anchor] = target.split('#') as [string, string | undefined];
      const to = file === '' ? path : normalize(join(dirname(path), decodeURIComponent(file)));
      if (to.startsWith('..') || !exists(to))
        problems.push(`${path} links to ${target}, which does not exist`);
      else if (anchor !== undefined && documents.has(to) && !anchors(documents.get(to)!).has(anchor))
        problems.push(`${path} links to ${target}, but ${to} has no such heading`);
    }
  return problems;
}

/** Code spans and shell lines of the documents: where commands and paths stand. */
function code(text: string): string[] {
  const spans = [...text.replace(/^(\s*)(```+)[\s\S]*?^\s*\2\s*$/gm, '').matchAll(/`([^`\n]+)`/g)].map(
    (match) => match[1]!,
  );
  const shell = blocks(text)
    .filter(({ language }) => ['sh', 'bash', 'shell', 'console', ''].includes(language))
    .flatMap((block) => block.text.replace(/\\\n\s*/g, ' ').split('\n'));
  return [...spans, ...shell];
}

/** npm scripts, verbs and flags that do not exist. */
export function commandProblems(documents: Map<string, string>, { scripts, verbs }: Known): string[] {
  const problems: string[] = [];
  for (const [path, text] of documents)
    for (const line of code(text)) {
      for (const [, script] of line.matchAll(/\bnpm run (?:-{1,2}[\w-]+ )*([\w:-]+)/g))
        if (!scripts.includes(script!))
          problems.push(`${path}: npm run ${script} is no script of package.json`);
      // `matomari VERB …` up to the end of the command; `matomari/embed` and `matomari-x` are no commands.
      for (const [, verb, rest] of line.matchAll(/(?:^|[\s(])matomari ([a-z][\w-]*)([^|;&#]*)/g)) {
        const flags = verbs.get(verb!);
        if (!flags) problems.push(`${path}: matomari ${verb} is no command`);
        else
          for (const [, flag] of rest!.matchAll(/(?:^|[\s[(])(--[a-z][\w-]*)/g))
            if (!flags.has(flag!)) problems.push(`${path}: matomari ${verb} has no option ${flag}`);
      }
    }
  return problems;
}

/** Paths of this repository in code spans that do not exist. Placeholders (capitals, `<…>`, `*`, `…`) are left alone. */
export function pathProblems(documents: Map<string, string>, exists: Known['exists']): string[] {
  const problems: string[] = [];
  for (const [path, text] of documents)
    for (const [, span] of text.matchAll(
      /`((?:src|native|test|bench|docs|examples|models|scripts|\.ci)\/[^`\s]*)`/g,
    )) {
      const plain = span!.replace(/[/,.:]+$/, '');
      if (!/[A-Z<*…{]/.test(plain) && !exists(plain))
        problems.push(`${path} speaks of ${span}, which does not exist`);
    }
  return problems;
}
