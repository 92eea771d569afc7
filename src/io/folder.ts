import type { Stats } from 'node:fs';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MatomariError } from '../errors.js';
import { badFile, fileError } from './file-error.js';
import type { Row } from './rows.js';
import { MAX_TEXT_BYTES, TextGuard } from './text-guard.js';

const FILES_AT_ONCE = 32;

/**
 * Every `.txt` file in a folder and the folders below it, by code point of its path: the text is the whole file, the id
 * its path within the folder (with `/`), the category the name of the folder that holds it, if it is not the outermost.
 * Names that start with a dot are passed over. Symbolic links are followed.
 */
export async function* folderRows(
  folder: string,
  onProgress: (done: number, total: number) => void,
): AsyncGenerator<Row[]> {
  const { texts, others } = await findTexts(folder);
  if (texts.length === 0)
    throw new MatomariError(
      'bad_input',
      `${folder} holds no documents: a folder of texts needs .txt files, in it or in a folder per category${others ? ` (it has ${others} other files)` : ''}`,
    );
  // The order of the bytes in UTF-8 is the order of the code points.
  const paths = texts
    .map((path) => Buffer.from(path))
    .sort(Buffer.compare)
    .map(String);
  for (let start = 0; start < paths.length; start += FILES_AT_ONCE) {
    const some = paths.slice(start, start + FILES_AT_ONCE);
    yield await Promise.all(
      some.map(async (path) => ({ ...place(path), text: await readText(join(folder, path)), line: 1 })),
    );
    onProgress(start + some.length, paths.length);
  }
}

function place(path: string): { id: string; category: string | undefined } {
  return { id: path, category: path.split('/').at(-2) };
}

async function findTexts(folder: string): Promise<{ texts: string[]; others: number }> {
  const texts: string[] = [];
  let others = 0;
  const walk = async (relative: string, above: readonly string[]) => {
    const path = join(folder, relative);
    const real = await realpath(path);
    // A link to a folder above: its texts are being read already.
    if (above.includes(real)) return;
    for (const entry of await readdir(path, { withFileTypes: true })) {
      if (entry.name.startsWith('.')) continue;
      const inside = relative === '' ? entry.name : `${relative}/${entry.name}`;
      const facts = entry.isSymbolicLink() ? await stat(join(folder, inside)).catch(() => undefined) : entry;
      if (facts?.isDirectory()) await walk(inside, [...above, real]);
      else if (/\.txt$/i.test(entry.name)) texts.push(inside);
      else others++;
    }
  };
  try {
    await walk('', []);
  } catch (error) {
    throw fileError(error, (error as NodeJS.ErrnoException).path ?? folder, 'read');
  }
  return { texts, others };
}

async function readText(path: string): Promise<string> {
  let facts: Stats;
  let bytes: Buffer;
  try {
    facts = await stat(path);
    if (!facts.isFile()) throw badFile(path, 'is not a regular file: remove it from the folder');
    if (facts.size > MAX_TEXT_BYTES)
      throw badFile(path, `has ${facts.size} bytes, and one document may have ${MAX_TEXT_BYTES}: split it`);
    bytes = await readFile(path);
  } catch (error) {
    throw fileError(error, path, 'read');
  }
  return new TextGuard(path).push(bytes, true).toString();
}
