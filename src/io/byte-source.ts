import { type FileHandle, open, stat } from 'node:fs/promises';
import { badFile, checkPath, fileError } from './file-error.js';

/** Bytes that are read once, in order, whose number is known beforehand: a part of a file, or an entry of a zip. */
export interface ByteSource {
  /** What messages call it. */
  readonly name: string;
  /** Bytes not read yet. */
  readonly remaining: number;
  /** The next `length` bytes; at most `remaining`. */
  take(length: number): Promise<Buffer>;
  /** Fills the array with the next bytes. */
  fill(into: Uint8Array): Promise<void>;
}

/** A range of an open file, which the source does not close. */
export class FileBytes implements ByteSource {
  readonly name: string;
  readonly #handle: FileHandle;
  #position: number;
  readonly #end: number;

  constructor(name: string, handle: FileHandle, start: number, end: number) {
    this.name = name;
    this.#handle = handle;
    this.#position = start;
    this.#end = end;
  }

  get remaining(): number {
    return this.#end - this.#position;
  }

  async take(length: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(length);
    await this.fill(bytes);
    return bytes;
  }

  async fill(into: Uint8Array): Promise<void> {
    for (let done = 0; done < into.length; ) {
      const { bytesRead } = await this.#handle
        .read(into, done, into.length - done, this.#position)
        .catch((error) => Promise.reject(fileError(error, this.name, 'read')));
      if (bytesRead === 0) throw badFile(this.name, 'became shorter while it was being read: run again');
      done += bytesRead;
      this.#position += bytesRead;
    }
  }
}

/** Opens a regular file for reading at any position, and tells its size. The caller closes the handle. */
export async function openFile(path: string): Promise<{ handle: FileHandle; size: number }> {
  checkPath(path);
  try {
    // Before opening, because opening a named pipe waits for a writer.
    const facts = await stat(path);
    if (facts.isDirectory()) throw badFile(path, 'is a folder, not a file: name a file in it');
    if (!facts.isFile())
      throw badFile(path, 'is not a regular file, so it cannot be read at any position: copy it to one');
    return { handle: await open(path, 'r'), size: facts.size };
  } catch (error) {
    throw fileError(error, path, 'read');
  }
}
