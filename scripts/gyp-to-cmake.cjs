#!/usr/bin/env node
// prebuildify runs "node-gyp rebuild --target=… --arch=… --release"; cmake-js takes --target for a CMake target, so
// this passes on only what it needs.
const { spawnSync } = require('node:child_process');

const args = ['rebuild', '--arch', process.env.PREBUILD_ARCH || process.arch];
if (process.argv.includes('--debug')) args.push('--debug');
const cmake = require.resolve('cmake-js/bin/cmake-js');
process.exit(spawnSync(process.execPath, [cmake, ...args], { stdio: 'inherit' }).status ?? 1);
