import { createHash } from 'node:crypto';
import { createReadStream, existsSync, statSync } from 'node:fs';
import type { Command } from 'commander';
import { readDocuments } from '../io/index.js';
import { toDocuments } from '../pipeline/documents.js';
import type { InputFacts } from '../pipeline/write-run.js';
import type { Document } from '../types.js';
import type { Context } from './context.js';
import type { InputFlags } from './flags.js';

export const INPUT_HELP =
  'CSV, TSV, JSONL or plain-lines file, a folder of .txt files, or - for standard input';

/** The INPUT argument of a verb that reads texts. */
export const inputArgument = (command: Command): Command => command.argument('<input>', INPUT_HELP);

export const isFolder = (path: string): boolean => existsSync(path) && statSync(path).isDirectory();

/** The documents of INPUT. */
export async function readCorpus(input: string, flags: InputFlags, context: Context): Promise<Document[]> {
  const { text, id, category, format } = flags;
  const { signal, bars } = context;
  const read = await readDocuments(input, { text, id, category, format, signal, onProgress: bars.update });
  return toDocuments('matomari', read);
}

/** What tells one corpus from another: a hash of the file, or of the documents where there is no single file. */
export async function hashInput(input: string, documents: readonly Document[]): Promise<InputFacts> {
  const hash = createHash('sha256');
  const isFile = input !== '-' && statSync(input).isFile();
  if (isFile) for await (const chunk of createReadStream(input)) hash.update(chunk as Uint8Array);
  else for (const document of documents) hash.update(`${JSON.stringify(document)}\n`);
  return { path: input, sha256: hash.digest('hex') };
}
