import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const dist = (path: string) => fileURLToPath(new URL(`dist/esm/${path}`, import.meta.url));

// Tests run against dist, as users do; `npm test` builds it first. `#dist/x.js` reaches a module that is not public.
export default defineConfig({
  resolve: {
    alias: [
      { find: /^matomari$/, replacement: dist('index.js') },
      { find: /^matomari\/(embed|io|text)$/, replacement: dist('$1/index.js') },
      { find: /^#dist\/(.*)$/, replacement: dist('$1') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    server: { deps: { external: [/\/dist\//] } },
    reporters: ['default', './test/tally.ts'],
  },
});
