import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { env, pipeline } from '@huggingface/transformers';
import { root } from '../harness/paths.mjs';
import { timed } from '../harness/timing.mjs';

/** transformers.js's pipeline, as its documentation has it: `batch` texts a call, in the order in which they come. */
export async function trial({ texts: path, model, dtype, warm, batch, threads }) {
  const texts = JSON.parse(readFileSync(path, 'utf8'));
  const dir = join(root, model);
  Object.assign(env, { allowRemoteModels: false, localModelPath: `${dirname(dir)}/` });
  const session_options = { intraOpNumThreads: threads };
  const pipe = await pipeline('feature-extraction', basename(dir), { dtype, device: 'cpu', session_options });
  const run = async (list) => {
    const vectors = [];
    for (let i = 0; i < list.length; i += batch)
      vectors.push((await pipe(list.slice(i, i + batch), { pooling: 'mean', normalize: true })).data);
    return vectors;
  };
  await run(texts.slice(0, warm));
  const { seconds, result } = await timed(1, () => run(texts));
  return { value: texts.length / seconds, first: [...result[0].slice(0, 8)] };
}
