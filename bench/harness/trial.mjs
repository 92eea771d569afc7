// One trial of one contender, alone in this process: node trial.mjs MODULE JOB. Prints its result as one JSON line.
import { pathToFileURL } from 'node:url';

const [module, job] = process.argv.slice(2);
const { trial } = await import(pathToFileURL(module).href);
const result = await trial(JSON.parse(job));
const memory = process.resourceUsage().maxRSS / 1024;
process.stdout.write(`\n${JSON.stringify({ memory, ...result })}\n`);
process.exit(0);
