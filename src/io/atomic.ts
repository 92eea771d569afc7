import { randomBytes } from 'node:crypto';
import { access, constants, type FileHandle, open, realpath, rename, stat, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { MatomariError, throwIfAborted } from '../errors.js';
import { badFile, checkPath, fileError } from './file-error.js';

const BUFFER_BYTES = 2 ** 18;
// Linux writes at most 2^31 − 4096 bytes in one call, and a signal should be seen between calls.
const WRITE_BYTES = 2 ** 24;

/**
 * A file that appears whole or not at all: it is written under a temporary name in the same folder, and `commit()`
 * syncs it, renames it to its path and syncs the folder. Until then the path keeps what it held before. Any failure, and
 * `abort()`, removes the temporary. Small writes are gathered, so a line at a time is cheap. Await each call before the
 * next.
 *
 * Errors are `bad_file` (the folder is missing, no permission, the disk is full …) and `closed` after the end.
 */
export class AtomicFile {
  /** The path as it was given. */
  readonly path: string;
  readonly #handle: FileHandle;
  readonly #temporary: string;
  readonly #target: string;
  readonly #buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  #buffered = 0;
  #written = 0;
  #open = true;

  private constructor(path: string, handle: FileHandle, temporary: string, target: string) {
    this.path = path;
    this.#handle = handle;
    this.#temporary = temporary;
    this.#target = target;
  }

  /** Starts a file at `path`; an existing one is replaced on commit and keeps its permissions. */
  static async create(path: string): Promise<AtomicFile> {
    checkPath(path);
    let handle: FileHandle | undefined;
    try {
      const { target, mode } = await findTarget(path);
      // A short name of its own, so that a long file name does not push the temporary one over the system's limit.
      const temporary = join(dirname(target), `.matomari-${randomBytes(8).toString('hex')}.tmp`);
      handle = await open(temporary, 'wx', mode ?? 0o666);
      if (mode !== undefined) await handle.chmod(mode);
      return new AtomicFile(path, handle, temporary, target);
    } catch (error) {
      await handle?.close();
      throw fileError(error, path, 'write');
    }
  }

  /** Bytes written so far. */
  get size(): number {
    return this.#written + this.#buffered;
  }

  /** Appends bytes, or a string as UTF-8. The bytes may be changed again once the promise has resolved. */
  async write(data: Uint8Array | string): Promise<void> {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    await this.#guarded(async () => {
      if (this.#buffered + bytes.length > BUFFER_BYTES) await this.#flush();
      if (bytes.length > BUFFER_BYTES) {
        await this.#writeAll(bytes, this.#written);
        this.#written += bytes.length;
      } else {
        this.#buffer.set(bytes, this.#buffered);
        this.#buffered += bytes.length;
      }
    });
  }

  /** Overwrites bytes that were written before; `position` + length may not pass `size`. */
  async writeAt(bytes: Uint8Array, position: number): Promise<void> {
    await this.#guarded(async () => {
      await this.#flush();
      await this.#writeAll(bytes, position);
    });
  }

  /** Makes the file appear at its path, whole and on disk. */
  async commit(): Promise<void> {
    await this.#guarded(async () => {
      await this.#flush();
      await this.#handle.sync();
      await this.#handle.close();
      await rename(this.#temporary, this.#target);
      this.#open = false;
      await syncFolder(dirname(this.#target));
    });
  }

  /** Gives the file up: the temporary is removed and the path stays as it was. Does nothing after `commit()`. */
  async abort(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#handle.close().catch(() => {});
    await unlink(this.#temporary).catch(() => {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.abort();
  }

  async #guarded(work: () => Promise<void>): Promise<void> {
    if (!this.#open)
      throw new MatomariError('closed', `the writer of ${this.path} was already committed or aborted`);
    try {
      await work();
    } catch (error) {
      await this.abort();
      throw fileError(error, this.path, 'write');
    }
  }

  async #flush(): Promise<void> {
    await this.#writeAll(this.#buffer.subarray(0, this.#buffered), this.#written);
    this.#written += this.#buffered;
    this.#buffered = 0;
  }

  async #writeAll(bytes: Uint8Array, position: number): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const length = Math.min(WRITE_BYTES, bytes.length - done);
      done += (await this.#handle.write(bytes, done, length, position + done)).bytesWritten;
    }
  }
}

/**
 * Writes a whole file at once or from a stream of chunks, atomically: see AtomicFile.
 *
 * @param content bytes, a string (written as UTF-8), or an iterable of either, which is never held as a whole
 */
export async function writeAtomic(
  path: string,
  content: Uint8Array | string | Iterable<Uint8Array | string> | AsyncIterable<Uint8Array | string>,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const file = await AtomicFile.create(path);
  try {
    const chunks = typeof content === 'string' || content instanceof Uint8Array ? [content] : content;
    for await (const chunk of chunks) {
      throwIfAborted(options.signal, `writing ${path}`);
      await file.write(chunk);
    }
    throwIfAborted(options.signal, `writing ${path}`);
    await file.commit();
  } finally {
    await file.abort();
  }
}

/** Where the bytes go in the end: a symbolic link is followed, and what is no regular file is never replaced. */
async function findTarget(path: string): Promise<{ target: string; mode?: number }> {
  let target: string;
  try {
    target = await realpath(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return { target: resolve(path) };
  }
  const facts = await stat(target);
  if (facts.isDirectory())
    throw badFile(path, 'is a folder, which cannot be written as a file: name a file in it');
  if (!facts.isFile()) throw badFile(path, 'is not a regular file and is not replaced: name another path');
  await access(target, constants.W_OK);
  return { target, mode: facts.mode & 0o7777 };
}

/** Puts the rename itself on disk. Some file systems cannot sync a folder; there the rename is as safe as it gets. */
async function syncFolder(folder: string): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(folder, 'r');
    await handle.sync();
  } catch (error) {
    if (
      !['EINVAL', 'ENOTSUP', 'EPERM', 'EACCES', 'EBADF'].includes((error as NodeJS.ErrnoException).code ?? '')
    )
      throw error;
  } finally {
    await handle?.close();
  }
}
