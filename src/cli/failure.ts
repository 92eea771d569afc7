import { CommanderError } from 'commander';
import { environment } from '../check.js';
import { type ErrorCode, MatomariError } from '../errors.js';

/** Exit status of every error code; what is not listed here exits 1. */
const STATUS: Partial<Record<ErrorCode, number>> = {
  bad_option: 2,
  bad_input: 3,
  bad_file: 3,
  model_not_found: 3,
  no_device: 4,
  out_of_memory: 4,
};

/** Status of a process that was stopped by a signal, as shells report it: 128 + the signal's number. */
export const STOPPED = { SIGINT: 130, SIGTERM: 143 } as const;
export type StopSignal = keyof typeof STOPPED;

/** The `cause` of a cancellation that came from the keyboard or from a supervisor. */
export class Stopped extends Error {
  constructor(readonly signal: StopSignal) {
    super(`stopped by ${signal}`);
  }
}

/** What the library calls an option, and the flag it comes from, so that a message names what the user typed. */
const FLAGS: Record<string, string> = {
  nClusters: '--clusters',
  minDf: '--min-df',
  nTerms: '--terms',
  nExemplars: '--exemplars',
  maxIter: '--max-iter',
  nInit: '--n-init',
  stopWords: '--stop-words',
  reduceDims: '--reduce-dims',
  mapSample: '--map-sample',
  nNeighbors: '--neighbors',
  minDist: '--min-dist',
  minClusterSize: '--min-cluster-size',
  minSamples: '--min-samples',
  clusterSelectionEpsilon: '--cluster-selection-epsilon',
  clusterSelectionMethod: '--cluster-selection-method',
  allowSingleCluster: '--allow-single-cluster',
  maxClusterSize: '--max-cluster-size',
};

const inFlags = (message: string): string =>
  message
    .replace(/^(discoverTopics|kmeans|umap|hdbscan|readDocuments|TfidfVectorizer|matomari): /, '')
    .replace(/\b[a-z]+[A-Z][a-zA-Z]+\b/g, (name) => FLAGS[name] ?? name);

/** Commander's complaint, which may have two lines, as one sentence. */
function usage(error: CommanderError, verb: string | undefined): string {
  const help = `\`matomari ${verb === undefined ? '' : `${verb} `}--help\``;
  if (error.code === 'commander.help') return `name what to do; ${help} lists the verbs`;
  const [first = '', hint] = error.message
    .replace(/^error: /, '')
    .replaceAll("'", '"')
    .split('\n');
  const near = hint && /^\(Did you mean (.+)\?\)$/.exec(hint)?.[1];
  return `${first.replace(/\.$/, '')}${near ? `: did you mean ${near}?` : `; ${help} lists what there is`}`;
}

export interface Failure {
  status: number;
  /** What goes to stderr: one line, or with MATOMARI_DEBUG=1 a stack and that line. Undefined: nothing to say. */
  text: string | undefined;
}

/** How the process ends because of `error`. */
export function describe(error: unknown, verb?: string): Failure {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return { status: 0, text: undefined };
    return { status: 2, text: line('bad_option', usage(error, verb)) };
  }
  const stack = environment('MATOMARI_DEBUG') && error instanceof Error ? `${error.stack}\n` : '';
  if (!(error instanceof MatomariError)) {
    const message = error instanceof Error ? error.message : String(error);
    return { status: 1, text: stack + line('internal', `${message} (MATOMARI_DEBUG=1 shows where)`) };
  }
  if (error.code === 'cancelled' && error.cause instanceof Stopped)
    return { status: STOPPED[error.cause.signal], text: stack + line('cancelled', error.cause.message) };
  return { status: STATUS[error.code] ?? 1, text: stack + line(error.code, inFlags(error.message)) };
}

const line = (code: string, message: string) => `error [${code}]: ${message.replace(/\s*\n\s*/g, ' ')}\n`;
