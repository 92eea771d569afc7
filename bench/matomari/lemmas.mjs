import { readFileSync } from 'node:fs';
import { createTokenizer } from '../../dist/esm/text/index.js';
import { timed } from '../harness/timing.mjs';

export async function trial({ texts: path, threads }) {
  const texts = JSON.parse(readFileSync(path, 'utf8'));
  const tokenizer = await createTokenizer({ language: 'ja', workers: threads });
  await tokenizer.tokenize(texts);
  const { seconds, result } = await timed(1, () => tokenizer.tokenize(texts));
  return { value: texts.length / seconds, lemmas: result.reduce((sum, lemmas) => sum + lemmas.length, 0) };
}
