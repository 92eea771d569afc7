import { join } from 'node:path';
import type { Command } from 'commander';
import { resolveThreads } from '../device.js';
import { readMatrix, writeNpy } from '../io/index.js';
import { isInit, KMEANS_METRICS, type KMeansMetric } from '../kmeans/options.js';
import { type KMeansOptions, kmeans } from '../kmeans.js';
import { inDirectory } from '../pipeline/directory.js';
import type { Context } from './context.js';
import { integer, number, type OperationFlags, oneOf, operationFlags, operationOptions } from './flags.js';
import { count, duration, tsv } from './format.js';

interface Flags extends OperationFlags {
  clusters: number;
  init: string;
  metric: KMeansMetric;
  maxIter: number;
  tol: number;
  nInit: number;
  seed: number;
  out: string;
  json?: boolean;
}

export function define(command: Command, context: Context): void {
  operationFlags(
    command
      .description('Clusters the rows of an .npy file by k-means, and writes centroids.npy and labels.npy.')
      .argument('<points>', '.npy file of two dimensions, one point a row')
      .addOption(integer('--clusters <k>', 'how many clusters', 1).makeOptionMandatory())
      .option('--init <how>', 'k-means++, random, or an .npy file of starting centroids', 'k-means++')
      .addOption(oneOf('--metric <metric>', 'how to measure', KMEANS_METRICS).default('euclidean'))
      .addOption(integer('--max-iter <n>', 'iterations at most', 1).default(300))
      .addOption(
        number('--tol <x>', 'smallest shift of the centroids to go on, relative to the variance', 0).default(
          1e-4,
        ),
      )
      .addOption(integer('--n-init <n>', 'runs of which the best is kept', 1).default(1))
      .addOption(integer('--seed <n>', 'decides every random choice', 0).default(123))
      .requiredOption('--out <dir>', 'folder for centroids.npy and labels.npy'),
  )
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
Examples:
  matomari kmeans embeddings.npy --clusters 20 --out out/kmeans
  matomari kmeans embeddings.npy --clusters 100 --n-init 5 --metric cosine --out out/kmeans
  matomari kmeans more.npy --clusters 20 --init out/kmeans/centroids.npy --out out/again`,
    )
    .action((points: string, flags: Flags) => run(points, flags, context));
}

async function run(path: string, flags: Flags, context: Context): Promise<void> {
  await inDirectory(flags.out, () => cluster(path, flags, context));
}

async function cluster(path: string, flags: Flags, context: Context): Promise<void> {
  const { clusters, init, metric, maxIter, tol, nInit, seed, out, json } = flags;
  const operation = operationOptions(flags, context);
  const points = await readMatrix(path);
  const options: KMeansOptions = { nClusters: clusters, metric, maxIter, tol, nInit, seed, ...operation };
  options.init = isInit(init) ? init : await readMatrix(init);
  const start = performance.now();
  const found = await kmeans(points, options);
  const elapsed = performance.now() - start;
  await writeNpy(join(out, 'centroids.npy'), found.centroids);
  await writeNpy(join(out, 'labels.npy'), found.labels);
  const { inertia, nIter, converged, device, simd, recheckedShare } = found;
  const sizes = [...found.sizes];
  if (json) {
    const { rows, cols } = points;
    const threads = resolveThreads(flags.threads);
    const seconds = { total: elapsed / 1000 };
    const facts = { rows, cols, clusters, sizes, inertia, nIter, converged, recheckedShare };
    context.print(JSON.stringify({ ...facts, device, simd, threads, seconds, out }));
    return;
  }
  context.print(sizes.map((size, id) => tsv(id, size)).join('\n'));
  context.note(
    `${count(points.rows)} × ${points.cols}: inertia ${inertia}, ${nIter} iterations${converged ? '' : ' (not settled: raise --max-iter)'}, ${duration(elapsed)} on ${device} ${simd}`,
  );
}
