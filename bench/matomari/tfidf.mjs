import { readFileSync } from 'node:fs';
import { TfidfVectorizer } from '../../dist/esm/index.js';
import { timed } from '../harness/timing.mjs';

export async function trial({ texts: path, minDf, repeat }) {
  const texts = JSON.parse(readFileSync(path, 'utf8'));
  const run = () => new TfidfVectorizer({ minDf }).fitTransform(texts);
  await run();
  const { seconds, result } = await timed(repeat, run);
  return {
    value: texts.length / seconds,
    terms: result.cols,
    entries: result.data.length,
    sum: result.data.reduce((sum, value) => sum + value, 0),
  };
}
