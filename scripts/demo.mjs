// The main job on the bundled corpus of headlines, as a user would run it.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
// The default of --min-df suits corpora of several thousand documents; 1,162 headlines have few words 20 times.
const command =
  'run examples/headlines-ja.csv --id id --text title --category category --clusters 20 --min-df 5 --seed 123 --out out/demo';

console.log(`$ npx matomari ${command}\n`);
const { status } = spawnSync(process.execPath, ['dist/esm/cli/main.js', ...command.split(' ')], {
  cwd: root,
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
