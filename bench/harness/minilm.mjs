import { spawnSync } from 'node:child_process';
import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { peerPython, root } from './paths.mjs';

const script = join(root, 'bench', 'peers', 'make_minilm.py');
const tokenizer = join(root, 'models', 'builtin', 'tokenizer.json');

/**
 * Encoders of MiniLM's shape with random weights, in float32 and int8, made once by the Python peers.
 * @returns {string | undefined} a folder of the repository that holds fp32/ and int8/, or undefined without peers
 */
export function minilm() {
  const path = join('build', 'bench', 'minilm');
  const folder = join(root, path);
  if (existsSync(folder)) return path;
  if (!existsSync(peerPython)) return undefined;
  const made = spawnSync(peerPython, [script, `${folder}.partial`, tokenizer], { encoding: 'utf8' });
  if (made.status !== 0) {
    console.warn(
      `no encoders of MiniLM's shape: npm run bench:peers (${made.stderr.trim().split('\n').at(-1)})`,
    );
    return undefined;
  }
  renameSync(`${folder}.partial`, folder);
  return path;
}
