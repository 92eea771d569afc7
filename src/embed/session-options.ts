import { link, mkdtemp, readdir, realpath, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { InferenceSession } from 'onnxruntime-node';
import { MatomariError } from '../errors.js';
import type { EmbedDevice } from './devices.js';

/** What ONNX Runtime is told about a session; `folder` is where the graph's external weights are. */
export function sessionOptions(
  device: EmbedDevice,
  threads: number,
  folder: string,
): InferenceSession.SessionOptions {
  return {
    executionProviders: [device],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 4,
    extra: {
      // On the CPU the two kernels that it joins take 8 % less of a MiniLM's time apart.
      ...(device === 'cpu' ? { optimization: { disable_specified_optimizers: 'SkipLayerNormFusion' } } : {}),
      session: {
        // Threads that wait by spinning take the processor from everything else: on a busy machine a run took
        // four times as long.
        intra_op: { allow_spinning: '0' },
        // Weights in files beside the graph are looked for there, as the graph itself is given as bytes.
        model_external_initializers_file_folder_path: folder,
      },
    },
  };
}

/**
 * Runs `work` with a folder in which ONNX Runtime can open the external weights of a graph. It refuses symbolic links
 * that lead out of the folder, as those of Python's model cache do; beside the files that they lead to, hard links
 * stand for them while the weights are opened. Nothing is copied or read.
 */
export async function withWeights<T>(graph: string, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = dirname(graph);
  const entries = await readdir(folder, { withFileTypes: true });
  const weights = entries.filter(
    (entry) => !entry.isDirectory() && !/\.(onnx|json|txt|md)$/.test(entry.name),
  );
  const linked = weights.filter((entry) => entry.isSymbolicLink()).map(({ name }) => name);
  if (linked.length === 0) return work(folder);
  let links: string | undefined;
  try {
    const files = await Promise.all(weights.map(({ name }) => realpath(join(folder, name))));
    links = await mkdtemp(join(dirname(files[0]!), '.matomari-'));
    for (const [i, file] of files.entries()) await link(file, join(links, weights[i]!.name));
    return await work(links);
  } catch (cause) {
    if (!(cause as NodeJS.ErrnoException).syscall) throw cause;
    throw new MatomariError(
      'bad_file',
      `${join(folder, linked[0]!)} is a symbolic link, which ONNX Runtime does not follow, and cannot be linked otherwise (${(cause as Error).message}): copy the model to a folder of its own (cp -rL)`,
    );
  } finally {
    if (links !== undefined) await rm(links, { recursive: true, force: true });
  }
}
