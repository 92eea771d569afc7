import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../harness/command.mjs';
import { root } from '../harness/paths.mjs';

export function trial({ texts, nClusters }) {
  const out = mkdtempSync(join(root, 'build', 'bench', 'run-'));
  try {
    const options = [
      '--text',
      'text',
      '--category',
      'category',
      '--language',
      'en',
      '--clusters',
      `${nClusters}`,
    ];
    const { value, memory, stdout } = runCommand([
      join(root, 'dist', 'esm', 'cli', 'main.js'),
      ...['run', texts, ...options, '--json', '--out', out],
    ]);
    const { seconds, metrics } = JSON.parse(stdout);
    return { value, memory, seconds, ari: metrics.ari };
  } finally {
    rmSync(out, { recursive: true });
  }
}
