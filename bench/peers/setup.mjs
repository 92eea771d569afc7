// npm run bench:peers: a virtual environment .peers with the Python peers at the versions of requirements.txt, and the
// packages of package.json beside it.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { peerPython, root } from '../harness/paths.mjs';

const cures = {
  python3: 'install Python 3.11 or later with venv (Debian: apt-get install python3-venv)',
  npm: 'install Node 20 or later with npm',
};

function run(command, args) {
  const { error, status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (error?.code === 'ENOENT') {
    console.error(
      `${command} was not found: ${cures[command] ?? 'remove the folder .peers, and run this again'}`,
    );
    process.exit(1);
  }
  if (status !== 0) process.exit(status ?? 1);
}

if (!existsSync(peerPython)) run('python3', ['-m', 'venv', '.peers']);
run(peerPython, [
  '-m',
  'pip',
  'install',
  '--quiet',
  '--disable-pip-version-check',
  '-r',
  join('bench', 'peers', 'requirements.txt'),
]);
run(peerPython, ['-m', 'pip', 'list', '--disable-pip-version-check']);
run('npm', ['install', '--prefix', join('bench', 'peers'), '--no-package-lock', '--no-audit', '--no-fund']);
