import { open, statfs } from 'node:fs/promises';
import { freemem } from 'node:os';
import { join } from 'node:path';
import { loadEmbedder } from 'matomari/embed';
import { expect, it } from 'vitest';
import { difference, FIXTURES, lookupModel, readJson } from './embed-helpers.js';

const GIB = 2 ** 30;
/** Of graphs/large.onnx: so many floats of zeros, and then the table of the lookup model. */
const ZEROS = 92_000_000 * 6;

it('reads weights of more than 2 GiB in a file beside the graph', async (context) => {
  if (freemem() < 6 * GIB)
    context.skip(`${(freemem() / GIB).toFixed(1)} GiB of memory are free: 6 are wanted`);
  const dir = lookupModel({ 'onnx/model.onnx': 'graphs/large.onnx', 'onnx/model_fp16.onnx': null });
  const { bavail, bsize } = await statfs(dir);
  if (bavail * bsize < 3 * GIB)
    context.skip(`${((bavail * bsize) / GIB).toFixed(1)} GiB of disk are free: 3 are wanted`);
  const { table } = readJson<{ table: number[][] }>(join(FIXTURES, 'lookup', 'expected.json'));
  const file = await open(join(dir, 'onnx', 'large.onnx_data'), 'w');
  // The zeros are a hole in the file.
  await file.write(new Uint8Array(Float32Array.from(table.flat()).buffer), 0, undefined, 4 * ZEROS);
  expect((await file.stat()).size).toBeGreaterThan(2 * GIB);
  await file.close();

  const embedder = await loadEmbedder(dir, { device: 'cpu', pooling: 'mean' });
  const texts = ['あい', 'かきくけこ', 'ん'];
  const { data, cols } = await embedder.embed(texts);
  const { inputIds } = await embedder.tokenize(texts);
  for (const [i, ids] of inputIds.entries()) {
    const mean = table[0]!.map((_, d) => ids.reduce((sum, id) => sum + table[id]![d]!, 0) / ids.length);
    expect(difference(data.subarray(i * cols, (i + 1) * cols), mean)).toBeLessThan(1e-5);
  }
  await embedder.close();
});
