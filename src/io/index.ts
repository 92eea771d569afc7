/**
 * Files: NumPy arrays (`.npy`, `.npz`), SciPy's sparse matrices, documents from CSV, TSV, JSONL, plain lines, folders
 * and standard input, and atomic writes. Every write appears whole or not at all; every malformed file is refused as
 * `bad_file` with its path.
 */

export type { Document } from '../types.js';
export { AtomicFile, writeAtomic } from './atomic.js';
export {
  type DocumentFormat,
  type ReadDocumentsOptions,
  readDocuments,
  streamDocuments,
} from './documents.js';
export {
  type NpyArray,
  type NpyInput,
  type NpyReadOptions,
  type NpyWriteOptions,
  readNpy,
  writeNpy,
} from './npy.js';
export type { NpyData } from './npy-elements.js';
export { type NpyFile, openNpy, type RowBlock, readMatrix } from './npy-file.js';
export type { NpyDtype } from './npy-header.js';
export { type CreateNpyOptions, createNpy, type NpyWriter } from './npy-writer.js';
export { type NpzReadOptions, type NpzWriteOptions, readNpz, writeNpz } from './npz.js';
export { readSparseNpz, writeSparseNpz } from './sparse-npz.js';
export { type SplitOptions, splitDocuments } from './split.js';
