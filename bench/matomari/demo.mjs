import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../harness/paths.mjs';

export function trial() {
  const start = performance.now();
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'scripts', 'demo.mjs')], {
    cwd: root,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`the demo failed: ${stderr.trim().split('\n').at(-1)}`);
  return { value: (performance.now() - start) / 1000 };
}
