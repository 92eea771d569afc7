import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

// The package's own folder, found from this file in both builds (dist/esm and dist/cjs): ES modules have no
// __dirname and CommonJS has no import.meta, but a .cts file is CommonJS in either. (dist/cjs has a package.json and a
// binding.d.ts too, so those do not tell the folder.)
function findRoot(): string {
  for (let dir = __dirname; ; dir = dirname(dir))
    if (existsSync(join(dir, 'CMakeLists.txt')) && existsSync(join(dir, 'package.json'))) return dir;
    else if (dir === dirname(dir))
      throw new Error(`the package folder of matomari was not found above ${__dirname}`);
}

const root: string = findRoot();
export = root;
