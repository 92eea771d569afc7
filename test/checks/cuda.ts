import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'vitest';
import { root } from './tree.js';

/** The plugin of the build that the tests run against. */
export const plugin = join(root, 'build', 'Release', 'matomari_cuda.so');

/** A tool of the CUDA toolkit: on the PATH, or where `npm run setup:cuda` puts it. */
function find(tool: string): string | undefined {
  if (!spawnSync(tool, ['--version']).error) return tool;
  const lib = join(root, '.cuda', 'lib');
  return (existsSync(lib) ? readdirSync(lib) : [])
    .map((python) => join(lib, python, 'site-packages', 'nvidia', 'cu13', 'bin', tool))
    .find((path) => existsSync(path));
}

const printed = new Map<string, string>();

/** What cuobjdump prints of the plugin, which takes it some seconds the first time; skips the test where either is missing. */
export function cuobjdump(ctx: TestContext, ...args: string[]): string {
  const known = printed.get(args.join(' '));
  if (known !== undefined) return known;
  if (!existsSync(plugin)) ctx.skip('no CUDA plugin: it was not built here (npm run setup:cuda)');
  const tool = find('cuobjdump');
  if (!tool) ctx.skip('no cuobjdump on this machine (npm run setup:cuda)');
  const { status, stdout, stderr } = spawnSync(tool, [...args, plugin], {
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
  });
  if (status !== 0) throw new Error(`cuobjdump: ${stderr}`);
  printed.set(args.join(' '), stdout);
  return stdout;
}

/** The functions in what `cuobjdump -sass` prints. */
export function functionsOf(sass: string): { name: string; lines: string[] }[] {
  return sass
    .split(/^\s*Function : /m)
    .slice(1)
    .map((body) => {
      const [name, ...lines] = body.split('\n');
      return { name: name!.trim(), lines };
    });
}

/** Instructions that move registers to local memory or back. */
export function spillsOf({ lines }: { lines: string[] }): string[] {
  return lines.filter((line) => /\b(STL|LDL)\b/.test(line)).map((line) => line.trim());
}
