import { join } from 'node:path';
import type { Command } from 'commander';
import { resolveThreads } from '../device.js';
import { readMatrix, writeNpy } from '../io/index.js';
import { inDirectory } from '../pipeline/directory.js';
import { UMAP_METRICS, UMAP_STARTS, type UmapMetric, type UmapStart, umap } from '../umap.js';
import type { Context } from './context.js';
import {
  integer,
  number,
  type OperationFlags,
  oneOf,
  operationFlags,
  operationOptions,
  type UmapFlags,
  umapFlags,
  umapOptions,
} from './flags.js';
import { count, duration } from './format.js';

interface Flags extends OperationFlags, UmapFlags {
  components: number;
  metric: UmapMetric;
  spread: number;
  epochs?: number;
  init: string;
  seed: number;
  out: string;
  json?: boolean;
}

const isStart = (init: string): init is UmapStart => (UMAP_STARTS as readonly string[]).includes(init);

export function define(command: Command, context: Context): void {
  const points = command
    .description('Lays the rows of an .npy file out in few dimensions by UMAP, and writes map.npy.')
    .argument('<points>', '.npy file of two dimensions, one point a row')
    .addOption(integer('--components <d>', 'dimensions of the map', 1, 4096).default(2));
  operationFlags(
    umapFlags(points)
      .addOption(oneOf('--metric <metric>', 'how to measure', UMAP_METRICS).default('euclidean'))
      .addOption(number('--spread <x>', 'the scale of the map', 1e-3).default(1))
      .addOption(
        integer('--epochs <n>', 'rounds of the layout (default: 500, and 200 beyond 10,000 rows)', 0, 1e6),
      )
      .option('--init <how>', 'spectral, pca, random, or an .npy file of places to start from', 'spectral')
      .addOption(integer('--seed <n>', 'decides every random choice', 0).default(123))
      .requiredOption('--out <dir>', 'folder for map.npy'),
  )
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
Examples:
  matomari umap embeddings.npy --neighbors 5 --min-dist 0.1 --seed 42 --out out/map
  matomari umap embeddings.npy --components 5 --min-dist 0 --metric cosine --out out/reduced`,
    )
    .action((path: string, flags: Flags) => inDirectory(flags.out, () => run(path, flags, context)));
}

async function run(path: string, flags: Flags, context: Context): Promise<void> {
  const { components: nComponents, metric, spread, epochs: nEpochs, init, seed, out, json } = flags;
  const points = await readMatrix(path);
  const start = performance.now();
  const { embedding, initUsed, device, simd } = await umap(points, {
    ...umapOptions(flags),
    nComponents,
    metric,
    spread,
    nEpochs,
    init: isStart(init) ? init : await readMatrix(init),
    seed,
    ...operationOptions(flags, context),
  });
  const elapsed = performance.now() - start;
  await writeNpy(join(out, 'map.npy'), embedding);
  context.bars.clear();
  const { rows, cols } = points;
  if (json) {
    const threads = resolveThreads(flags.threads);
    const seconds = { total: elapsed / 1000 };
    context.print(
      JSON.stringify({
        rows,
        cols,
        components: nComponents,
        init: initUsed,
        device,
        simd,
        threads,
        seconds,
        out,
      }),
    );
    return;
  }
  context.print(join(out, 'map.npy'));
  context.note(
    `${count(rows)} × ${cols} in ${nComponents} dimensions from a ${initUsed} start, ${duration(elapsed)} on ${device} ${simd}`,
  );
}
