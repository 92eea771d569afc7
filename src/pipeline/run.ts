import { type ErrorCode, MatomariError, throwIfAborted } from '../errors.js';
import type { Document } from '../types.js';
import { inDirectory } from './directory.js';
import { discover } from './discover.js';
import { EmbeddingStore } from './embedding-store.js';
import { resolveOptions, type TopicOptions } from './options.js';
import type { Stopwatch } from './stages.js';
import { Topics } from './topics.js';
import { forgetRun, type InputFacts, writeFiles, writeRun } from './write-run.js';

export interface Corpus {
  documents: Document[];
  input: InputFacts;
}

export interface RunSettings {
  /** Go on from the embeddings, whole or in part, that an earlier run of the same texts and model left. */
  resume: boolean;
  watch: Stopwatch;
}

/** Errors that come again however often the run is repeated as it is. */
const FINAL: readonly ErrorCode[] = ['bad_input', 'bad_option', 'bad_file', 'model_not_found', 'no_device'];

/**
 * A whole run into a folder: reads, discovers and writes. An old `run.json` is taken away first and the new one written
 * last, so that its presence always means a complete run. A run that is stopped leaves what it has embedded for
 * `resume`; one that the data or the options make impossible leaves nothing of its own.
 *
 * @param read reads the corpus; called once the folder is known to be writable
 */
export function run(
  dir: string,
  read: () => Promise<Corpus>,
  options: TopicOptions & { embedder: string },
  { resume, watch }: RunSettings,
): Promise<Topics> {
  return inDirectory(dir, async () => {
    await forgetRun(dir);
    const { documents, input } = await watch.time('read', read);
    const resolved = resolveOptions(options, documents.length);
    const store = new EmbeddingStore(dir, options.embedder, resume);
    try {
      const found = await discover(documents, resolved, options, (...work) => store.embed(...work), watch);
      await watch.time('write', () =>
        writeFiles(dir, found, { input, embeddings: false, signal: options.signal }),
      );
      throwIfAborted(options.signal, 'the run');
      const topics = new Topics({ ...found, seconds: watch.total() });
      await writeRun(dir, topics, input);
      return topics;
    } catch (error) {
      if (error instanceof MatomariError && FINAL.includes(error.code)) await store.discard();
      throw error;
    }
  });
}
