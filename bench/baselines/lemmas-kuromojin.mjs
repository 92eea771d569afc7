// What one would write by hand: kuromojin's tokenizer over the texts, one after the other.
import { readFileSync } from 'node:fs';
import { getTokenizer } from 'kuromojin';
import { timed } from '../harness/timing.mjs';

export async function trial({ texts: path }) {
  const texts = JSON.parse(readFileSync(path, 'utf8'));
  const tokenizer = await getTokenizer();
  const lemmas = (text) =>
    tokenizer
      .tokenize(text.normalize('NFKC'))
      .map((token) => (token.basic_form === '*' ? token.surface_form : token.basic_form));
  texts.forEach(lemmas);
  const { seconds, result } = await timed(1, () => texts.map(lemmas));
  return { value: texts.length / seconds, lemmas: result.reduce((sum, list) => sum + list.length, 0) };
}
