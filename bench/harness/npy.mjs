// The few .npy files of the benchmark: version 1, C order, little-endian float32 or int32. Matomari's own reader is
// under test elsewhere and must not be needed to time its peers.
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

const TYPES = { '<f4': Float32Array, '<i4': Int32Array };

/**
 * @param {string} path
 * @param {Float32Array | Int32Array} data
 * @param {number[]} shape
 */
export function writeNpy(path, data, shape) {
  const descr = data instanceof Float32Array ? '<f4' : '<i4';
  const tuple = `(${shape.join(', ')}${shape.length === 1 ? ',' : ''})`;
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const padded = `${text.padEnd(64 * Math.ceil((text.length + 11) / 64) - 11)}\n`;
  const header = Buffer.concat([
    Buffer.from('\x93NUMPY\x01\x00', 'latin1'),
    Buffer.alloc(2),
    Buffer.from(padded),
  ]);
  header.writeUInt16LE(padded.length, 8);
  const file = openSync(path, 'w');
  writeSync(file, header);
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  for (let at = 0; at < bytes.length; )
    at += writeSync(file, bytes, at, Math.min(2 ** 28, bytes.length - at));
  closeSync(file);
}

/**
 * @param {string} path
 * @returns {{ data: Float32Array | Int32Array, shape: number[] }}
 */
export function readNpy(path) {
  const file = readFileSync(path);
  const start = 10 + file.readUInt16LE(8);
  const header = file.subarray(10, start).toString('latin1');
  const type = TYPES[/'descr': '([^']+)'/.exec(header)?.[1] ?? ''];
  const shape = /'shape': \(([^)]*)\)/.exec(header)?.[1];
  if (!type || shape === undefined) throw new Error(`${path} is not a .npy file that the benchmark wrote`);
  const bytes = file.buffer.slice(file.byteOffset + start, file.byteOffset + file.length);
  return {
    data: new type(bytes),
    shape: shape
      .split(',')
      .filter((part) => part.trim())
      .map(Number),
  };
}

/**
 * The first rows of a float32 .npy file as a matrix.
 * @param {string} path
 * @param {number} [limit] all rows when absent
 */
export function readMatrix(path, limit) {
  const { data, shape } = readNpy(path);
  const [rows, cols] = /** @type {[number, number]} */ (shape);
  if (limit === undefined || limit >= rows) return { data: /** @type {Float32Array} */ (data), rows, cols };
  return { data: /** @type {Float32Array} */ (data.slice(0, limit * cols)), rows: limit, cols };
}
