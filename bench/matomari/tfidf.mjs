import { readFileSync } from 'node:fs';
import { TfidfVectorizer } from '../../dist/esm/index.js';
import { timed } from '../harness/timing.mjs';
import { words } from '../harness/words.mjs';

export async function trial({ texts: path, lists, minDf, repeat }) {
  const texts = JSON.parse(readFileSync(path, 'utf8'));
  const documents = lists ? texts.map(words) : texts;
  const run = () => new TfidfVectorizer({ minDf }).fitTransform(documents);
  await run();
  const { seconds, result } = await timed(repeat, run);
  return {
    value: texts.length / seconds,
    terms: result.cols,
    entries: result.data.length,
    sum: result.data.reduce((sum, value) => sum + value, 0),
  };
}
