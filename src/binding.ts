import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Binding } from '../binding.js';
import { MatomariError } from './errors.js';
import root from './root.cjs';

let loaded: Binding | undefined;

/** The native addon: found in build/Release or prebuilds/, loaded once, on first use. */
export function native(): Binding {
  loaded ??= load();
  return loaded;
}

function load(): Binding {
  const require = createRequire(join(root, 'package.json'));
  try {
    return (require('node-gyp-build') as (dir: string) => Binding)(root);
  } catch (cause) {
    throw new MatomariError(
      'no_addon',
      `the native addon of matomari could not be loaded for ${process.platform}-${process.arch}: install g++ and cmake and run \`npm rebuild matomari\` (${(cause as Error).message.split('\n')[0]})`,
      { cause },
    );
  }
}
