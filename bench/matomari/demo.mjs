import { join } from 'node:path';
import { runCommand } from '../harness/command.mjs';
import { root } from '../harness/paths.mjs';

export function trial() {
  const { value, memory } = runCommand([join(root, 'scripts', 'demo.mjs')]);
  return { value, memory };
}
