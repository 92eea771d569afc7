import { basename, dirname, join } from 'node:path/posix';
import { MatomariError } from '../errors.js';

/** Precisions that a model may hold, and how the file of each is named. */
export const DTYPES = {
  fp32: 'model.onnx',
  fp16: 'model_fp16.onnx',
  q8: 'model_quantized.onnx',
  int8: 'model_int8.onnx',
  uint8: 'model_uint8.onnx',
  q4: 'model_q4.onnx',
  q4f16: 'model_q4f16.onnx',
  bnb4: 'model_bnb4.onnx',
} as const;
export type Dtype = keyof typeof DTYPES;

/**
 * The graph of the precision asked for among the files of a model; without one onnx/model.onnx, else the only graph
 * there is.
 *
 * @param files paths relative to the model, with /
 * @param base folder of the transformer in the model, '' where it is the model's own
 */
export function chooseGraph(
  files: readonly string[],
  base: string,
  dtype: Dtype | undefined,
  model: string,
): string {
  const folders = [...new Set([join('onnx'), join(base, 'onnx'), '.'])];
  const found = folders.flatMap((folder) =>
    files.filter((file) => file.endsWith('.onnx') && dirname(file) === folder).sort(),
  );
  if (found.length === 0)
    throw new MatomariError(
      'model_not_found',
      `model "${model}" has no .onnx file (looked for onnx/*.onnx): export it (optimum-cli export onnx --task feature-extraction --model ID DIR) or download its onnx folder`,
    );
  const list = found.map((file) => basename(file)).join(', ');
  const named = (name: string) => found.find((file) => basename(file) === name);
  if (dtype !== undefined) {
    const graph = named(DTYPES[dtype]);
    if (graph !== undefined) return graph;
    throw new MatomariError(
      'model_not_found',
      `model "${model}" has no ${DTYPES[dtype]} for dtype "${dtype}": there is ${list}`,
    );
  }
  const graph = named('model.onnx') ?? (found.length === 1 ? found[0] : undefined);
  if (graph !== undefined) return graph;
  throw new MatomariError(
    'bad_option',
    `model "${model}" has several graphs: choose one with the option dtype (there is ${list})`,
  );
}
