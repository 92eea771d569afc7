// Builds everything on `npm ci` in a clone. `npx matomari` in a clone makes npm link the folder into its cache, and
// prepare it once more: what is built already is left alone then, or the first call would take half a minute.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const built = existsSync('dist/esm/cli/main.js') && existsSync('build/Release/matomari.node');
if (process.env.npm_command !== 'exec' || !built)
  process.exitCode = spawnSync('npm', ['run', 'build'], { stdio: 'inherit' }).status ?? 1;
