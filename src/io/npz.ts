import { checkBoolean, checkInteger, checkOptions, show } from '../check.js';
import { MatomariError, throwIfAborted } from '../errors.js';
import { AtomicFile } from './atomic.js';
import { openFile } from './byte-source.js';
import { badFile } from './file-error.js';
import { type CheckedArray, checkArray, type NpyArray, type NpyInput, npyBytes, readArray } from './npy.js';
import { readZip } from './zip-reader.js';
import { ZipWriter } from './zip-writer.js';

const FREE_BYTES = 2 ** 28;
const FREE_RATIO = 100;

export interface NpzReadOptions {
  /** Most bytes that the arrays may take once unpacked (default: 256 MiB, and 100 times the file's size if that is more). */
  maxBytes?: number | undefined;
  /** Aborting it rejects with `cancelled`. */
  signal?: AbortSignal | undefined;
}

export interface NpzWriteOptions {
  /** Deflate the arrays, as `np.savez_compressed` does (default: false, as `np.savez`). */
  compress?: boolean | undefined;
  /** Aborting it rejects with `cancelled` and leaves no file. */
  signal?: AbortSignal | undefined;
}

/**
 * Reads every array of a `.npz` file, by name and in the file's order. Checksums are verified.
 *
 * @throws `bad_file` with the path and the entry when the archive or an array in it is damaged, when an entry is no
 * array, or when the arrays would take more than `maxBytes` (an archive of a few kilobytes can claim gigabytes)
 */
export async function readNpz(path: string, options: NpzReadOptions = {}): Promise<Record<string, NpyArray>> {
  checkOptions('readNpz', options, ['maxBytes', 'signal']);
  const { handle, size } = await openFile(path);
  try {
    const maxBytes =
      options.maxBytes === undefined
        ? Math.max(FREE_BYTES, FREE_RATIO * size)
        : checkInteger('maxBytes', options.maxBytes, 0);
    const entries = await readZip(path, handle, size);
    const total = entries.reduce((sum, entry) => sum + entry.size, 0);
    if (total > maxBytes)
      throw badFile(
        path,
        `has ${size} bytes but would unpack to ${total}, more than the ${maxBytes} allowed: if you trust it, raise maxBytes`,
      );
    const arrays: [string, NpyArray][] = [];
    for (const entry of entries) {
      throwIfAborted(options.signal, `reading ${path}`);
      if (!entry.name.endsWith('.npy'))
        throw badFile(path, `is a zip archive but no .npz file: its entry ${show(entry.name)} is no array`);
      const array = await entry.read((source) => readArray(source, options.signal));
      arrays.push([entry.name.slice(0, -'.npy'.length), array]);
    }
    return Object.fromEntries(arrays);
  } finally {
    await handle.close();
  }
}

/**
 * Writes arrays into a `.npz` file that `np.load` reads, in the order of the object's keys, atomically.
 *
 * @throws `bad_input` with the key when a value is no array, `bad_file` when the file cannot be written
 */
export async function writeNpz(
  path: string,
  arrays: Readonly<Record<string, NpyInput>>,
  options: NpzWriteOptions = {},
): Promise<void> {
  checkOptions('writeNpz', options, ['compress', 'signal']);
  const { compress = false, signal } = options;
  checkBoolean('compress', compress);
  if (typeof arrays !== 'object' || arrays === null || ArrayBuffer.isView(arrays))
    throw new MatomariError(
      'bad_input',
      `writeNpz: the arrays must be an object { name: array, … }, not ${show(arrays)}`,
    );
  const checked = Object.entries(arrays).map(([name, array]) => {
    if (name.includes('\0') || Buffer.byteLength(name) > 60_000)
      throw new MatomariError(
        'bad_input',
        `writeNpz: ${show(name)} cannot be the name of an array: shorten it`,
      );
    return [name, checkArray(`writeNpz: array ${show(name)}`, array)] as const;
  });
  const file = await AtomicFile.create(path);
  try {
    const zip = new ZipWriter(file);
    for (const [name, array] of checked)
      await zip.add(`${name}.npy`, abortable(array, signal, path), compress);
    await zip.finish();
    throwIfAborted(signal, `writing ${path}`);
    await file.commit();
  } finally {
    await file.abort();
  }
}

function* abortable(
  array: CheckedArray,
  signal: AbortSignal | undefined,
  path: string,
): Generator<Uint8Array> {
  for (const chunk of npyBytes(array)) {
    throwIfAborted(signal, `writing ${path}`);
    yield chunk;
  }
}
