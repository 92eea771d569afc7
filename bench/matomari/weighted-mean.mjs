import { weightedMean } from '../../dist/esm/index.js';
import { readMatrix, readNpy } from '../harness/npy.mjs';
import { timed } from '../harness/timing.mjs';

export async function trial({ weights: files, vectors: path, repeat, threads }) {
  const vectors = readMatrix(path);
  const weights = {
    indptr: readNpy(files.indptr).data,
    indices: readNpy(files.indices).data,
    data: readNpy(files.data).data,
    rows: files.rows,
    cols: files.cols,
  };
  const run = () => weightedMean(weights, vectors, { threads });
  await run();
  const { seconds, result } = await timed(repeat, run);
  const norm = Math.sqrt(result.data.reduce((sum, value) => sum + value * value, 0));
  return { value: 1000 * seconds, simd: result.simd, norm };
}
