import { mkdir, readFile, rm, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { show } from '../check.js';
import { MatomariError } from '../errors.js';
import { badFile, fileError } from '../io/file-error.js';
import { readMatrix, writeAtomic, writeNpy } from '../io/index.js';
import type { Matrix } from '../matrix.js';
import type { TokenizerOptions } from '../text/index.js';
import type { TfidfJson } from '../tfidf.js';

/** What an LSA embedder has learnt from its corpus. */
export interface LsaModel {
  /** How texts are cut into words, as createTokenizer takes it. */
  words: Pick<TokenizerOptions, 'language' | 'pos' | 'stopWords'>;
  /** Whether vectors are divided by their length. */
  normalize: boolean;
  /** Vocabulary and idf. */
  tfidf: TfidfJson;
  /** [dimensions × terms]: right singular vectors of the corpus. */
  components: Matrix;
}

const MODEL = 'lsa.json';
const COMPONENTS = 'components.npy';

/** Whether a folder holds a saved LSA embedder. */
export const holdsLsa = (dir: string): Promise<boolean> =>
  stat(join(dir, MODEL)).then(
    (file) => file.isFile(),
    () => false,
  );

/** Writes `components.npy`, then `lsa.json`: where the second stands, the model is complete. */
export async function writeLsa(dir: string, { components, ...rest }: LsaModel): Promise<void> {
  try {
    await mkdir(dir, { recursive: true });
  } catch (cause) {
    throw fileError(cause, dir, 'write');
  }
  await writeNpy(join(dir, COMPONENTS), components);
  await writeAtomic(join(dir, MODEL), `${JSON.stringify({ format: 'matomari.lsa', version: 1, ...rest })}\n`);
}

/** Takes away what writeLsa wrote, and the folder where it held nothing else. */
export async function removeLsa(dir: string): Promise<void> {
  for (const name of [MODEL, COMPONENTS]) await rm(join(dir, name), { force: true });
  await rmdir(dir).catch(() => {});
}

/** Reads what writeLsa wrote; `bad_file` when it is not that. */
export async function readLsa(dir: string): Promise<LsaModel> {
  const path = join(dir, MODEL);
  const text = await readFile(path, 'utf8').catch((cause) => {
    throw fileError(cause, path, 'read');
  });
  const components = await readMatrix(join(dir, COMPONENTS));
  const { format, version, words, normalize, tfidf } = parse(path, text);
  if (format !== 'matomari.lsa' || version !== 1)
    throw badFile(
      path,
      `is not an LSA model that this matomari reads (format ${show(format)}, version ${show(version)})`,
    );
  if (typeof words !== 'object' || typeof normalize !== 'boolean' || !Array.isArray(tfidf?.featureNames))
    throw badFile(path, 'lacks words, normalize or tfidf: save the model again');
  if (components.cols !== tfidf.featureNames.length)
    throw badFile(
      path,
      `has ${tfidf.featureNames.length} terms, but ${COMPONENTS} beside it ${components.cols}: the files are not of one model`,
    );
  return { words, normalize, tfidf, components };
}

function parse(path: string, text: string): Partial<LsaModel> & { format?: unknown; version?: unknown } {
  try {
    return JSON.parse(text) ?? {};
  } catch (cause) {
    throw new MatomariError('bad_file', `${path} is not JSON: save the model again`, { cause });
  }
}
