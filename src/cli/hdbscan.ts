import { join } from 'node:path';
import type { Command } from 'commander';
import { resolveThreads } from '../device.js';
import { HDBSCAN_METRICS, type HdbscanMetric, hdbscan, type SingleLinkageTree } from '../hdbscan.js';
import { readMatrix, writeNpy } from '../io/index.js';
import { countLabels, countNoise } from '../pipeline/cluster.js';
import { inDirectory } from '../pipeline/directory.js';
import type { Context } from './context.js';
import {
  type HdbscanFlags,
  hdbscanFlags,
  hdbscanOptions,
  number,
  type OperationFlags,
  oneOf,
  operationFlags,
  operationOptions,
} from './flags.js';
import { count, duration, tsv } from './format.js';

interface Flags extends OperationFlags, HdbscanFlags {
  metric: HdbscanMetric;
  alpha: number;
  out: string;
  json?: boolean;
}

export function define(command: Command, context: Context): void {
  const points = command
    .description(
      'Clusters the rows of an .npy file by HDBSCAN, and writes labels.npy (-1: noise), probabilities.npy, outlier-scores.npy and single-linkage.npy.',
    )
    .argument('<points>', '.npy file of two dimensions, one point a row');
  operationFlags(
    hdbscanFlags(points)
      .addOption(oneOf('--metric <metric>', 'how to measure', HDBSCAN_METRICS).default('euclidean'))
      .addOption(
        number('--alpha <x>', 'divides distances before core distances are compared', 1e-6).default(1),
      )
      .requiredOption('--out <dir>', 'folder for the four files'),
  )
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
Examples:
  matomari hdbscan out/map/map.npy --min-cluster-size 2 --cluster-selection-epsilon 0.1 --out out/hdbscan
  matomari hdbscan embeddings.npy --min-cluster-size 20 --min-samples 5 --metric cosine --out out/hdbscan`,
    )
    .action((path: string, flags: Flags) => inDirectory(flags.out, () => run(path, flags, context)));
}

async function run(path: string, flags: Flags, context: Context): Promise<void> {
  const { metric, alpha, out, json } = flags;
  const points = await readMatrix(path);
  const start = performance.now();
  const found = await hdbscan(points, {
    ...hdbscanOptions(flags),
    metric,
    alpha,
    ...operationOptions(flags, context),
  });
  const elapsed = performance.now() - start;
  const { labels, probabilities, outlierScores, singleLinkageTree, nClusters, device, simd } = found;
  await writeNpy(join(out, 'labels.npy'), labels);
  await writeNpy(join(out, 'probabilities.npy'), probabilities);
  await writeNpy(join(out, 'outlier-scores.npy'), outlierScores);
  await writeNpy(join(out, 'single-linkage.npy'), linkage(singleLinkageTree));
  context.bars.clear();
  const sizes = [...countLabels(labels, nClusters)];
  const noise = countNoise(labels);
  const { rows, cols } = points;
  if (json) {
    const threads = resolveThreads(flags.threads);
    const seconds = { total: elapsed / 1000 };
    context.print(
      JSON.stringify({ rows, cols, clusters: nClusters, sizes, noise, device, simd, threads, seconds, out }),
    );
    return;
  }
  context.print([...sizes.map((size, id) => tsv(id, size)), tsv(-1, noise)].join('\n'));
  context.note(
    `${count(rows)} × ${cols}: ${nClusters} clusters, ${count(noise)} points of noise, ${duration(elapsed)} on ${device} ${simd}`,
  );
}

/** The tree as SciPy's linkage matrix: left, right, distance, size. */
function linkage({ left, right, distance, size }: SingleLinkageTree) {
  const data = new Float64Array(4 * left.length);
  for (let s = 0; s < left.length; s++) data.set([left[s]!, right[s]!, distance[s]!, size[s]!], 4 * s);
  return { data, shape: [left.length, 4] };
}
