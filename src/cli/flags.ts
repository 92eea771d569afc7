import { type Command, Option } from 'commander';
import { checkInteger, checkNumber, checkOneOf } from '../check.js';
import { checkDevice, type Device } from '../device.js';
import { type HdbscanOptions, SELECTION_METHODS } from '../hdbscan.js';
import { DOCUMENT_FORMATS, type DocumentFormat, readDocuments } from '../io/documents.js';
import type { OperationOptions } from '../job.js';
import type { GivenNaming, StopWords } from '../pipeline/options.js';
import type { UmapOptions } from '../umap.js';
import type { Context } from './context.js';

/** A flag whose value is an integer of at least `min`. */
export function integer(flags: string, description: string, min: number, max?: number): Option {
  const option = new Option(flags, description);
  return option.argParser((value) => checkInteger(option.long!, numeric(value), min, max));
}

/** A flag whose value is a number of at least `min`. */
export function number(flags: string, description: string, min: number): Option {
  const option = new Option(flags, description);
  return option.argParser((value) => checkNumber(option.long!, numeric(value), min));
}

/** A flag whose value is one of a list of words. */
export function oneOf<T extends string>(flags: string, description: string, allowed: readonly T[]): Option {
  const option = new Option(flags, `${description}: ${allowed.join(', ')}`);
  return option.argParser((value) => checkOneOf(option.long!, value, allowed));
}

/** A flag whose value is a comma-separated list. */
export function list(flags: string, description: string): Option {
  return new Option(flags, description).argParser((value) =>
    value
      .split(',')
      .map((item) => item.trim())
      .filter(Boolean),
  );
}

/** What Number makes of a word, and the word itself where it makes nothing of it, for the message. */
const numeric = (value: string): unknown =>
  value.trim() !== '' && !Number.isNaN(Number(value)) ? Number(value) : value;

export interface InputFlags {
  text?: string;
  id?: string;
  category?: string;
  format?: DocumentFormat;
}

export function inputFlags(command: Command): Command {
  return command
    .option('--text <field>', 'column or field that holds the text (not needed for plain lines and folders)')
    .option('--id <field>', 'column or field that identifies a document (default: its number)')
    .option('--category <field>', 'column or field with a known label, used for scores only')
    .addOption(oneOf('--format <format>', 'what INPUT is, where its name does not tell', DOCUMENT_FORMATS));
}

export const modelFlag = (command: Command): Command =>
  command.option(
    '--model <model>',
    'embedding model: builtin, lsa (learns from the texts), the folder of a model, its id on the hub (OWNER/NAME, OWNER/NAME@REVISION), or the address of a server (http://…)',
    'builtin',
  );

export interface OperationFlags {
  device?: Device;
  threads?: number;
}

export function operationFlags(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--device <device>',
        'where to compute: auto, cpu, cuda, or cuda:1 for the second GPU',
      ).argParser((value) => checkDevice('--device', value)),
    )
    .addOption(integer('--threads <n>', 'threads to use (default: every processor)', 1, 1024));
}

export function operationOptions({ device, threads }: OperationFlags, context: Context): OperationOptions {
  return { device, threads, signal: context.signal, onProgress: context.bars.update };
}

export interface NamingFlags {
  language?: string;
  minDf?: number;
  terms?: number;
  exemplars?: number;
  pos?: string[];
  stopWords?: string;
}

export function namingFlags(command: Command): Command {
  return command
    .option('--language <code>', 'language of the texts, e.g. ja or en (default: auto)')
    .addOption(
      number(
        '--min-df <n>',
        'drop words in fewer documents than this; below 1: than this share of them (default: 20, or 1 in 50 below 1,000 documents)',
        0,
      ),
    )
    .addOption(integer('--terms <n>', 'terms that name a cluster', 1).default(30))
    .addOption(integer('--exemplars <n>', 'nearest documents shown for a cluster', 0).default(5))
    .addOption(list('--pos <list>', 'keep only words of these parts of speech (Japanese), e.g. 名詞,動詞'))
    .option('--stop-words <words>', 'words to leave out: japanese, english, or a file with one a line');
}

/** The naming flags as the library's options. */
export async function namingOptions(flags: NamingFlags): Promise<GivenNaming> {
  const { language, minDf, terms: nTerms, exemplars: nExemplars, pos } = flags;
  return { language, minDf, nTerms, nExemplars, pos, stopWords: await readStopWords(flags.stopWords) };
}

async function readStopWords(words: string | undefined): Promise<StopWords | undefined> {
  if (words === undefined || words === 'japanese' || words === 'english') return words;
  return (await readDocuments(words, { format: 'lines' })).map(({ text }) => text.trim());
}

export interface UmapFlags {
  neighbors?: number;
  minDist?: number;
}

export function umapFlags(command: Command): Command {
  return command
    .addOption(
      integer('--neighbors <n>', 'UMAP: neighbours of a point, itself included (default: 15)', 2, 1e6),
    )
    .addOption(number('--min-dist <x>', 'UMAP: how close points may lie in the map (default: 0.1)', 0));
}

export const umapOptions = ({
  neighbors,
  minDist,
}: UmapFlags): Pick<UmapOptions, 'nNeighbors' | 'minDist'> => ({
  nNeighbors: neighbors,
  minDist,
});

export interface HdbscanFlags {
  minClusterSize?: number;
  minSamples?: number;
  clusterSelectionEpsilon?: number;
  clusterSelectionMethod?: (typeof SELECTION_METHODS)[number];
  allowSingleCluster?: boolean;
  maxClusterSize?: number;
}

export function hdbscanFlags(command: Command): Command {
  return command
    .addOption(integer('--min-cluster-size <n>', 'HDBSCAN: the smallest cluster (default: 5)', 2))
    .addOption(
      integer(
        '--min-samples <n>',
        'HDBSCAN: how many others make a place dense; more make more noise (default: --min-cluster-size)',
        1,
      ),
    )
    .addOption(
      number(
        '--cluster-selection-epsilon <x>',
        'HDBSCAN: clusters nearer than this stay together (default: 0)',
        0,
      ),
    )
    .addOption(
      oneOf(
        '--cluster-selection-method <method>',
        'HDBSCAN: the most stable clusters or the finest',
        SELECTION_METHODS,
      ),
    )
    .option('--allow-single-cluster', 'HDBSCAN: all documents may be one cluster')
    .addOption(integer('--max-cluster-size <n>', 'HDBSCAN: the largest cluster (default: no limit)', 1));
}

export function hdbscanOptions(flags: HdbscanFlags): Omit<HdbscanOptions, keyof OperationOptions> {
  const { minClusterSize, minSamples, clusterSelectionEpsilon, clusterSelectionMethod } = flags;
  const { allowSingleCluster, maxClusterSize } = flags;
  return {
    minClusterSize,
    minSamples,
    clusterSelectionEpsilon,
    clusterSelectionMethod,
    allowSingleCluster,
    maxClusterSize,
  };
}
