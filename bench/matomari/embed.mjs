import { readFileSync } from 'node:fs';
import { loadEmbedder } from '../../dist/esm/embed/index.js';
import { timed } from '../harness/timing.mjs';

export async function trial({ texts: path }) {
  const texts = JSON.parse(readFileSync(path, 'utf8'));
  const embedder = await loadEmbedder('builtin');
  await embedder.embed(texts);
  const { seconds, result } = await timed(1, () => embedder.embed(texts));
  const { device } = embedder;
  await embedder.close();
  return { value: texts.length / seconds, tokens: result.tokens, device };
}
