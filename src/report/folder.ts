import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { MatomariError } from '../errors.js';
import { writeAtomic } from '../io/index.js';
import type { Block } from './payload.js';

/** The folder of a report's blocks: `report-data` for `report.html`. */
const nameOf = (file: string): string => `${basename(file, extname(file))}-data`;
/** Its folders: one named by its content, and one that is being written. */
const OURS = /^(?:[0-9a-f]{16}|\.matomari-[0-9a-f]{16}\.tmp)$/;

/** Runs file operations; what the system refuses becomes a `bad_file` about that path. */
async function guarded<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof MatomariError) throw error;
    throw new MatomariError('bad_file', `${path} cannot be written: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/**
 * Writes blocks as scripts into a folder beside the report, which appears whole under a name made from its content.
 * @returns the folder's path relative to the report, with forward slashes
 */
export async function writeFolder(
  file: string,
  blocks: AsyncIterable<Block>,
  options: { signal?: AbortSignal | undefined },
): Promise<string> {
  const parent = join(dirname(file), nameOf(file));
  const temporary = join(parent, `.matomari-${randomBytes(8).toString('hex')}.tmp`);
  return guarded(parent, async () => {
    try {
      await mkdir(temporary, { recursive: true });
      const digest = createHash('sha256');
      for await (const { name, base64 } of blocks) {
        const script = `matomari(${JSON.stringify(name)}, "${base64}");\n`;
        digest.update(script);
        await writeAtomic(join(temporary, `${name}.js`), script, options);
      }
      const id = digest.digest('hex').slice(0, 16);
      // One of that name has this content, unless somebody touched it.
      await rm(join(parent, id), { recursive: true, force: true });
      await rename(temporary, join(parent, id));
      return `${nameOf(file)}/${id}`;
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  });
}

/** Removes the folders of older reports at this path. What else lies there stays. */
export async function removeFolders(file: string, keep: string | null): Promise<void> {
  const parent = join(dirname(file), nameOf(file));
  await guarded(parent, async () => {
    const entries = await readdir(parent).catch(() => []);
    const old = entries.filter((name) => OURS.test(name) && `${nameOf(file)}/${name}` !== keep);
    for (const name of old) await rm(join(parent, name), { recursive: true, force: true });
    if (old.length > 0 && old.length === entries.length) await rmdir(parent);
  });
}
