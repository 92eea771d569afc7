// node --import peak.mjs: says on standard error, at the end, how much memory the process held at most.
import { writeSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

if (isMainThread)
  process.on('exit', () => writeSync(2, `\npeak-kibibytes ${process.resourceUsage().maxRSS}\n`));
