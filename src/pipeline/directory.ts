import { randomBytes } from 'node:crypto';
import { mkdir, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { MatomariError } from '../errors.js';
import { fileError } from '../io/file-error.js';

/**
 * Runs work that writes into a folder. The folder is made and proven writable first; when the work fails, the folders
 * that were made for it and hold nothing are taken away again.
 */
export async function inDirectory<T>(dir: string, work: () => Promise<T>): Promise<T> {
  const made = await makeDirectory(dir);
  try {
    return await work();
  } catch (error) {
    if (made !== undefined) await removeEmpty(resolve(dir), made);
    throw error;
  }
}

/** Makes a folder that can be written; returns the topmost folder that had to be made for it, if any. */
async function makeDirectory(dir: string): Promise<string | undefined> {
  try {
    const made = await makeFolders(resolve(dir));
    const probe = join(dir, `.matomari-${randomBytes(8).toString('hex')}.tmp`);
    await writeFile(probe, '');
    await rm(probe);
    return made;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'EEXIST')
      throw new MatomariError('bad_file', `${dir} is a file, not a folder: name another output folder`, {
        cause,
      });
    if (code === 'ENOENT')
      throw new MatomariError(
        'bad_file',
        `${dir} cannot be made, the system takes no folders there: name another output folder`,
        { cause },
      );
    throw fileError(cause, dir, 'write');
  }
}

/** As `mkdir -p`. Node's own never ends where the system answers ENOENT to every new folder, as in /proc. */
async function makeFolders(path: string): Promise<string | undefined> {
  try {
    await mkdir(path);
    return path;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return undefined;
    if (code !== 'ENOENT' || path === dirname(path)) throw error;
  }
  const made = await makeFolders(dirname(path));
  await mkdir(path);
  return made ?? path;
}

async function removeEmpty(from: string, top: string): Promise<void> {
  try {
    for (let dir = from; ; dir = dirname(dir)) {
      await rmdir(dir);
      if (dir === top) return;
    }
  } catch {
    // Something stands in it, so it stays.
  }
}
