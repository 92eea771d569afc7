import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import root from '../root.cjs';

const versionIn = (path: string) => (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;

/** The version of this package. */
export const version = (): string => versionIn(join(root, 'package.json'));

/** The versions that a result can depend on. */
export function versions(): Record<string, string> {
  const require = createRequire(join(root, 'package.json'));
  const found: Record<string, string> = { matomari: version(), node: process.versions.node };
  for (const name of ['onnxruntime-node', '@huggingface/tokenizers', 'kuromojin']) {
    const at = require.resolve.paths(name)?.map((dir) => join(dir, name, 'package.json')) ?? [];
    for (const path of at)
      try {
        found[name] = versionIn(path);
        break;
      } catch {
        // Not in this folder: the next one up is tried.
      }
  }
  return found;
}
