import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadEmbedder } from '../../dist/esm/embed/index.js';
import { root } from '../harness/paths.mjs';
import { timed } from '../harness/timing.mjs';

export async function trial({ texts: path, model, dtype, warm }) {
  const texts = JSON.parse(readFileSync(path, 'utf8'));
  const dir = model === undefined ? 'builtin' : join(root, model);
  const embedder = await loadEmbedder(dir, { dtype, device: 'cpu' });
  await embedder.embed(texts.slice(0, warm));
  const { seconds, result } = await timed(1, () => embedder.embed(texts));
  await embedder.close();
  return {
    value: texts.length / seconds,
    tokens: result.tokens,
    device: result.device,
    first: [...result.data.slice(0, 8)],
  };
}
