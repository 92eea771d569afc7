import type { Command } from 'commander';
import { MAPS, type MapKind, METHODS, type Method } from '../pipeline/clustering-options.js';
import { run as runInto } from '../pipeline/run.js';
import { Stopwatch } from '../pipeline/stages.js';
import type { Topics } from '../pipeline/topics.js';
import type { Context } from './context.js';
import { noteCut } from './embed.js';
import {
  type HdbscanFlags,
  hdbscanFlags,
  hdbscanOptions,
  type InputFlags,
  inputFlags,
  integer,
  modelFlag,
  type NamingFlags,
  namingFlags,
  namingOptions,
  type OperationFlags,
  oneOf,
  operationFlags,
  operationOptions,
  type UmapFlags,
  umapFlags,
  umapOptions,
} from './flags.js';
import { hashInput, inputArgument, readCorpus } from './input.js';
import { summary } from './summary.js';

interface Flags extends InputFlags, NamingFlags, OperationFlags, UmapFlags, HdbscanFlags {
  model: string;
  method: Method;
  clusters?: number;
  reduceDims?: number;
  map: MapKind;
  mapSample?: number;
  seed: number;
  out: string;
  resume?: boolean;
  json?: boolean;
}

export function define(command: Command, context: Context): void {
  const corpus = modelFlag(
    inputFlags(inputArgument(command.description('Embeds, clusters, names, maps and reports a corpus.'))),
  )
    .addOption(oneOf('--method <method>', 'how to cluster', METHODS).default('kmeans'))
    .addOption(integer('--clusters <k>', 'kmeans: how many clusters (default: 20)', 1))
    .addOption(
      integer(
        '--reduce-dims <d>',
        'cluster a UMAP of so many dimensions; 0: the embeddings, 2: the map (default: 0 for kmeans; for hdbscan 2 up to 1,000 documents, else 5)',
        0,
      ),
    )
    .addOption(integer('--seed <n>', 'decides every random choice', 0).default(123));
  hdbscanFlags(umapFlags(corpus))
    .addOption(oneOf('--map <map>', 'what the map is', MAPS).default('umap'))
    .addOption(
      integer(
        '--map-sample <n>',
        'documents that the map is made from; the others are placed in it (default: all up to 200,000, else 50,000)',
        2,
      ),
    );
  operationFlags(namingFlags(corpus))
    .requiredOption('--out <dir>', 'folder for the results; made if need be')
    .option('--resume', 'keep the embeddings that an earlier run of the same texts and model left in --out')
    .option('--json', 'print one JSON object instead of the summary')
    .addHelpText(
      'after',
      `
Examples:
  matomari run headlines.csv --text title --id id --category category --clusters 20 --out out/headlines
  matomari run abstracts.jsonl --text abstract --model models/multilingual-e5-small --min-df 5 --out out/abstracts
  matomari run theorems.txt --method hdbscan --neighbors 5 --min-cluster-size 2 --out out/theorems
  matomari run abstracts.jsonl --text abstract --method hdbscan --reduce-dims 5 --min-cluster-size 20 --out out/abstracts
  matomari run texts/ --out out/texts                    (a folder of .txt files; folder names are categories)
  cat titles.txt | matomari run - --json --out out/titles`,
    )
    .action((input: string, flags: Flags) => run(input, flags, context));
}

async function run(input: string, flags: Flags, context: Context): Promise<void> {
  const {
    model: embedder,
    method,
    clusters: nClusters,
    reduceDims,
    map,
    mapSample,
    seed,
    out,
    resume = false,
  } = flags;
  const operation = operationOptions(flags, context);
  const naming = await namingOptions(flags);
  const read = async () => {
    const documents = await readCorpus(input, flags, context);
    return { documents, input: await hashInput(input, documents) };
  };
  const clustering = {
    method,
    nClusters,
    reduceDims,
    map,
    mapSample,
    umap: umapOptions(flags),
    hdbscan: hdbscanOptions(flags),
  };
  const options = { embedder, ...clustering, seed, ...naming, ...operation };
  const topics = await runInto(out, read, options, { resume, watch: new Stopwatch(0) });
  context.bars.clear();
  const { truncated, maxTokens } = topics.info.model;
  noteCut(context, truncated, maxTokens);
  context.print(flags.json ? JSON.stringify(outcome(topics, out)) : summary(topics, out, context.columns));
}

/** The summary for programs. */
function outcome({ documents, clusters, noise, scores, info, seconds }: Topics, out: string) {
  const { model, device, simd, threads } = info;
  return {
    documents: documents.length,
    clusters: clusters.length,
    noise: noise?.size ?? 0,
    metrics: scores ?? { ari: null, nmi: null, vMeasure: null },
    embedder: model.name,
    device,
    simd,
    threads,
    seconds,
    out,
  };
}
