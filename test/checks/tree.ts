import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository. */
export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** What is made here, fetched here or private to a checkout: no part of the source. */
const NOT_SOURCE = /^(node_modules|build|build-.*|dist|prebuilds|out|coverage|\.git|\.peers|\.cuda|\.venv)$/;

/** Paths of the files under a folder of the repository, relative to the repository, in order of name. */
export function filesUnder(folder: string, accept: (path: string) => boolean = () => true): string[] {
  if (!existsSync(join(root, folder))) return [];
  const found: string[] = [];
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    if (NOT_SOURCE.test(entry.name)) continue;
    const path = folder === '.' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) found.push(...filesUnder(path, accept));
    else if (entry.isFile() && accept(path)) found.push(path);
  }
  return found.sort();
}

export const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** Files with their text, as the checks take them: so that a test can hand them a broken one. */
export const load = (paths: string[]): Map<string, string> =>
  new Map(paths.map((path) => [path, read(path)]));
