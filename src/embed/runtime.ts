import { MatomariError } from '../errors.js';

export type Runtime = typeof import('onnxruntime-node');

/** ONNX Runtime; `no_addon` when its library cannot be loaded. For worker threads only: a run blocks its thread. */
export async function loadRuntime(): Promise<Runtime> {
  try {
    const module = (await import('onnxruntime-node')) as Runtime & { default?: Runtime };
    return module.default ?? module;
  } catch (cause) {
    throw new MatomariError(
      'no_addon',
      `onnxruntime-node could not be loaded on ${process.platform}-${process.arch}: install the packages again with \`npm ci\` (${(cause as Error).message.split('\n')[0]})`,
    );
  }
}
