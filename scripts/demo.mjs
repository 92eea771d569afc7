// The main job on the bundled corpus of headlines, as a user would run it.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
// 1,162 headlines have few words 20 times, the default of --min-df; content words make the clearest names.
const command =
  'run examples/headlines-ja.csv --id id --text title --category category --clusters 20 --min-df 3 --pos 名詞,動詞,形容詞 --stop-words japanese --seed 123 --out out/demo';

console.log(`$ npx matomari ${command}\n`);
const { status } = spawnSync(process.execPath, ['dist/esm/cli/main.js', ...command.split(' ')], {
  cwd: root,
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
