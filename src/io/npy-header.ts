import { show } from '../check.js';
import type { ByteSource } from './byte-source.js';
import { badFile } from './file-error.js';

/**
 * Element types of `.npy` files that can be read. `bytes` stands for NumPy's fixed-length byte strings (S3 …): the
 * last entry of the shape is their length.
 */
export type NpyDtype =
  | 'float16'
  | 'float32'
  | 'float64'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'bool'
  | 'bytes';

/** What the header of a `.npy` file says. */
export interface NpyHeader {
  dtype: NpyDtype;
  /** Bytes of one element; 1 for `bytes`. */
  itemSize: number;
  bigEndian: boolean;
  fortranOrder: boolean;
  shape: number[];
  /** Product of the shape. */
  count: number;
}

const CODES: Record<NpyDtype, string> = {
  float16: 'f2',
  float32: 'f4',
  float64: 'f8',
  int8: 'i1',
  int16: 'i2',
  int32: 'i4',
  int64: 'i8',
  uint8: 'u1',
  uint16: 'u2',
  uint32: 'u4',
  uint64: 'u8',
  bool: 'b1',
  bytes: 'S',
};
const DTYPES = Object.keys(CODES) as NpyDtype[];

const MAGIC = Buffer.from('\x93NUMPY', 'latin1');
const ALIGNMENT = 64;
// NumPy leaves room in every header for a first dimension of this many digits, so that a file can grow in place.
const GROWTH_DIGITS = 21;
const MAX_DIMENSIONS = 64;
const MAX_HEADER_BYTES = 2 ** 20;

/**
 * The header of a C-ordered little-endian array, byte for byte as `np.save` writes it (format 1.0, padded to 64 bytes).
 * Its length depends on the first dimension's digits in no way, so it can be rewritten once the rows are known.
 */
export function npyHeader(dtype: NpyDtype, shape: readonly number[]): Uint8Array {
  const axes = dtype === 'bytes' ? shape.slice(0, -1) : shape;
  const code = dtype === 'bytes' ? `S${shape.at(-1)}` : CODES[dtype];
  const order = dtype === 'bytes' || code.endsWith('1') ? '|' : '<';
  const tuple = axes.length === 1 ? `(${axes[0]},)` : `(${axes.join(', ')})`;
  const growth = axes.length > 0 ? ' '.repeat(Math.max(0, GROWTH_DIGITS - String(axes[0]).length)) : '';
  const text = `{'descr': '${order}${code}', 'fortran_order': False, 'shape': ${tuple}, }${growth}`;
  const prefix = MAGIC.length + 4;
  const padding = ALIGNMENT - ((prefix + text.length + 1) % ALIGNMENT);
  const length = text.length + padding + 1;
  return Buffer.concat([
    MAGIC,
    Buffer.from([1, 0, length & 0xff, length >> 8]),
    Buffer.from(`${text}${' '.repeat(padding)}\n`, 'latin1'),
  ]);
}

/**
 * Reads the header off the front of a `.npy` file (format 1.0, 2.0 or 3.0) and holds it against the bytes that follow.
 * `bad_file` when it is not one, is hostile, holds a type that cannot be read, or the data are too short or too long.
 */
export async function readNpyHeader(source: ByteSource): Promise<NpyHeader> {
  const { name } = source;
  if (source.remaining === 0) throw badFile(name, 'is empty, not a .npy file');
  const start = await source.take(Math.min(8, source.remaining));
  if (start.length < 8 || !start.subarray(0, 6).equals(MAGIC))
    throw badFile(name, `is not a .npy file${looksLike(start)}`);
  const version = start[6]!;
  if (version < 1 || version > 3 || start[7] !== 0)
    throw badFile(
      name,
      `has .npy format version ${version}.${start[7]}; versions 1.0, 2.0 and 3.0 can be read`,
    );
  const width = version === 1 ? 2 : 4;
  if (source.remaining < width) throw badFile(name, 'is cut short: it ends inside the .npy header');
  const lengthBytes = await source.take(width);
  const length = width === 2 ? lengthBytes.readUInt16LE() : lengthBytes.readUInt32LE();
  if (length > source.remaining)
    throw badFile(
      name,
      `says that its .npy header has ${length} bytes, but only ${source.remaining} follow: it is damaged`,
    );
  if (length > MAX_HEADER_BYTES)
    throw badFile(name, `has a .npy header of ${length} bytes; more than ${MAX_HEADER_BYTES} are not read`);
  const text = (await source.take(length)).toString(version === 3 ? 'utf8' : 'latin1');
  const header = interpret(name, parseLiteral(name, text));
  const need = header.count * header.itemSize;
  if (!Number.isSafeInteger(need) || need > source.remaining)
    throw badFile(
      name,
      `is cut short: shape (${header.shape.join(', ')}) of ${header.dtype} needs ${need} bytes of data, but it has ${source.remaining}`,
    );
  if (need < source.remaining)
    throw badFile(
      name,
      `has ${source.remaining - need} bytes after its data: it is damaged or holds several arrays`,
    );
  return header;
}

/** A guess at what a file is that is no .npy file. */
function looksLike(start: Buffer): string {
  const text = start.toString('latin1');
  if (text.startsWith('PK')) return ' but a zip archive: read it with readNpz';
  if (start[0] === 0x80 && start[1]! >= 2 && start[1]! <= 5)
    return ' but a Python pickle: save the array with np.save';
  return ': it does not start with the bytes of the format; save the array with np.save';
}

function interpret(name: string, literal: unknown): NpyHeader {
  if (!(literal instanceof Map)) throw badFile(name, 'has a damaged .npy header: it is not a dictionary');
  const keys = [...literal.keys()].sort().join(', ');
  if (keys !== 'descr, fortran_order, shape')
    throw badFile(
      name,
      `has a damaged .npy header: its keys are ${keys || 'none'}, not descr, fortran_order, shape`,
    );
  const fortranOrder = literal.get('fortran_order');
  if (typeof fortranOrder !== 'boolean')
    throw badFile(
      name,
      `has a damaged .npy header: fortran_order is ${show(fortranOrder)}, not True or False`,
    );
  const axes = literal.get('shape');
  if (!(axes instanceof Tuple) || !axes.items.every((n) => typeof n === 'number'))
    throw badFile(name, 'has a damaged .npy header: shape is not a tuple of integers');
  const shape = axes.items as number[];
  if (shape.length > MAX_DIMENSIONS)
    throw badFile(name, `has ${shape.length} dimensions; at most ${MAX_DIMENSIONS} can be read`);
  const absurd = shape.find((n) => !Number.isSafeInteger(n) || n < 0);
  if (absurd !== undefined) throw badFile(name, `has a damaged .npy header: ${absurd} is not a size`);
  const { dtype, itemSize, length, bigEndian } = interpretDescr(name, literal.get('descr'));
  if (length !== undefined) {
    if (fortranOrder && shape.length > 1)
      throw badFile(
        name,
        'holds byte strings in Fortran order, which cannot be read: save np.ascontiguousarray(arr)',
      );
    shape.push(length);
  }
  // A zero anywhere makes the array empty, however large the other sizes are.
  const count = shape.includes(0) ? 0 : shape.reduce((a, b) => a * b, 1);
  return { dtype, itemSize, bigEndian, fortranOrder: fortranOrder && shape.length > 1, shape, count };
}

function interpretDescr(name: string, descr: unknown) {
  if (descr instanceof Tuple || Array.isArray(descr))
    throw badFile(
      name,
      'holds records (a structured dtype), which cannot be read: save each field as its own array',
    );
  if (typeof descr !== 'string')
    throw badFile(name, `has a damaged .npy header: descr is ${show(descr)}, not the name of a type`);
  const [, order, code, size] = /^([<>|=]?)([A-Za-z?])(\d*)$/.exec(descr) ?? [];
  if (code === 'O')
    throw badFile(
      name,
      'holds Python objects (a pickle), which are never loaded: save it as numbers, arr.astype("float32")',
    );
  if (code === 'S' && size && Number.isSafeInteger(Number(size)))
    return { dtype: 'bytes' as const, itemSize: 1, length: Number(size), bigEndian: false };
  const dtype = DTYPES.find((d) => d !== 'bytes' && CODES[d] === (code === '?' ? 'b1' : `${code}${size}`));
  if (dtype === undefined)
    throw badFile(
      name,
      `holds elements of type ${show(descr)}, which cannot be read: save it as numbers, for example arr.astype("float32")`,
    );
  return { dtype, itemSize: Number(CODES[dtype].slice(1)), length: undefined, bigEndian: order === '>' };
}

class Tuple {
  constructor(readonly items: unknown[]) {}
}

/**
 * The Python literals that a header may hold: dictionaries with string keys, tuples, lists, strings, integers, True,
 * False and None. NumPy under Python 2 wrote sizes as `3L`.
 */
function parseLiteral(name: string, text: string): unknown {
  let at = 0;
  const damaged = () =>
    badFile(name, `has a damaged .npy header: ${show(text.trim())} is not a dictionary literal`);
  const blank = () => {
    while (/\s/.test(text.charAt(at))) at++;
  };
  const accept = (token: string) => {
    blank();
    if (!text.startsWith(token, at)) return false;
    at += token.length;
    return true;
  };
  const items = (close: string, item: () => void) => {
    let commas = 0;
    for (; !accept(close); ) {
      item();
      if (accept(',')) commas++;
      else if (accept(close)) break;
      else throw damaged();
    }
    return commas;
  };
  const value = (depth: number): unknown => {
    if (depth > 16) throw damaged();
    if (accept('{')) {
      const map = new Map<string, unknown>();
      items('}', () => {
        const key = value(depth + 1);
        if (typeof key !== 'string' || map.has(key) || !accept(':')) throw damaged();
        map.set(key, value(depth + 1));
      });
      return map;
    }
    for (const [open, close] of [
      ['(', ')'],
      ['[', ']'],
    ] as const) {
      if (!accept(open)) continue;
      const list: unknown[] = [];
      const commas = items(close, () => list.push(value(depth + 1)));
      if (open === '[') return list;
      return list.length === 1 && commas === 0 ? list[0] : new Tuple(list);
    }
    for (const [word, meaning] of [
      ['True', true],
      ['False', false],
      ['None', null],
    ] as const)
      if (accept(word)) return meaning;
    blank();
    const pattern = /'([^'\\\n]*)'|"([^"\\\n]*)"|(-?\d+)L?/y;
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (!match) throw damaged();
    at = pattern.lastIndex;
    return match[3] !== undefined ? Number(match[3]) + 0 : (match[1] ?? match[2]);
  };
  const literal = value(0);
  blank();
  if (at < text.length) throw damaged();
  return literal;
}
