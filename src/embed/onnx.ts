/**
 * As much of the ONNX file format (protocol buffers) as is needed to see what a graph takes and gives, and to add a
 * few nodes to it. Appending works because the concatenation of two serialised messages is their merge: a
 * ModelProto that holds only a graph with new nodes, inputs and outputs, written after the original bytes, extends
 * the original graph.
 */

/** An input or output of a graph. */
export interface Port {
  name: string;
  /** TensorProto.DataType: 1 float32, 6 int32, 7 int64, 10 float16 … */
  type: number;
  /** Number of axes, or undefined when the file does not tell. */
  rank: number | undefined;
}

export const FLOAT = 1;
export const INT32 = 6;

export const text = new TextDecoder();

/** The fields of a message: number, value (a subarray for length-delimited fields), and the bytes of both. */
export function* fields(
  bytes: Uint8Array,
): Generator<[field: number, value: number | Uint8Array, whole: Uint8Array]> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++];
      if (byte === undefined || scale > 2 ** 63) throw new Error('the file ends in the middle of a value');
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const start = at;
    const key = varint();
    const field = Math.floor(key / 8);
    let value: number | Uint8Array = 0;
    let size = 0;
    if (key % 8 === 0) value = varint();
    else if (key % 8 === 1) size = 8;
    else if (key % 8 === 2) size = varint();
    else if (key % 8 === 5) size = 4;
    else throw new Error('it is not a protocol buffer');
    if (at + size > bytes.length) throw new Error('the file ends in the middle of a value');
    if (key % 8 !== 0) value = bytes.subarray(at, at + size);
    at += size;
    yield [field, value, bytes.subarray(start, at)];
  }
}

/** The last value of a length-delimited field of a message, or an empty one. */
export function part(bytes: Uint8Array, field: number): Uint8Array {
  let found = new Uint8Array(0);
  for (const [number, value] of fields(bytes))
    if (number === field && typeof value !== 'number') found = value as never;
  return found;
}

/** A ValueInfoProto. */
function port(bytes: Uint8Array): Port {
  const tensor = part(part(bytes, 2), 1);
  let type = 0;
  let rank: number | undefined;
  for (const [field, value] of fields(tensor)) {
    if (field === 1 && typeof value === 'number') type = value;
    if (field === 2 && typeof value !== 'number') rank = [...fields(value)].length;
  }
  return { name: text.decode(part(bytes, 1)), type, rank };
}

/**
 * The inputs (those that a run must be given) and outputs of a serialised ModelProto; throws when it is not one.
 */
export function graphPorts(model: Uint8Array): { inputs: Port[]; outputs: Port[] } {
  const inputs: Port[] = [];
  const outputs: Port[] = [];
  const initializers = new Set<string>();
  for (const [field, graph] of fields(model)) {
    if (field !== 7 || typeof graph === 'number') continue;
    for (const [number, value] of fields(graph)) {
      if (typeof value === 'number') continue;
      if (number === 5) initializers.add(text.decode(part(value, 8)));
      else if (number === 11) inputs.push(port(value));
      else if (number === 12) outputs.push(port(value));
    }
  }
  if (outputs.length === 0) throw new Error('it holds no graph with outputs');
  return { inputs: inputs.filter((i) => !initializers.has(i.name)), outputs };
}

const encoder = new TextEncoder();

export function varint(value: number): number[] {
  const out: number[] = [];
  let rest = value < 0 ? 2n ** 64n + BigInt(value) : BigInt(value);
  while (rest > 127n) {
    out.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  out.push(Number(rest));
  return out;
}

export const number = (field: number, value: number): number[] => [...varint(field * 8), ...varint(value)];

export function message(field: number, ...parts: (readonly number[] | string)[]): number[] {
  const body = parts.flatMap((p) => (typeof p === 'string' ? [...encoder.encode(p)] : [...p]));
  return [...varint(field * 8 + 2), ...varint(body.length), ...body];
}

/** A NodeProto in a graph, with integer and integer-list attributes. */
export function node(
  op: string,
  inputs: string[],
  outputs: string[],
  attributes: Record<string, number | number[]> = {},
  domain = '',
): number[] {
  const written = Object.entries(attributes).map(([name, value]) =>
    typeof value === 'number'
      ? message(5, message(1, name), number(3, value), number(20, 2))
      : message(5, message(1, name), ...value.map((v) => number(8, v)), number(20, 7)),
  );
  return message(
    1,
    ...inputs.map((i) => message(1, i)),
    ...outputs.map((o) => message(2, o)),
    message(4, op),
    ...written,
    ...(domain === '' ? [] : [message(7, domain)]),
  );
}

/** A one-dimensional int64 constant in a graph. */
const constant = (name: string, values: number[]): number[] =>
  message(5, number(1, values.length), number(2, 7), ...values.map((v) => number(7, v)), message(8, name));

/** A float32 input (field 11) or output (12) of a graph, every axis of unknown size. */
export const floats = (field: 11 | 12, name: string, rank: number): number[] =>
  message(
    field,
    message(1, name),
    message(
      2,
      message(
        1,
        number(1, FLOAT),
        message(2, ...Array.from({ length: rank }, (_, i) => message(1, message(2, `${name}_${i}`)))),
      ),
    ),
  );

/** Names that the graft brings into a graph. */
export const POOLED = 'matomari_embedding';
export const WEIGHTS = 'matomari_weights';
export const MASK = 'matomari_mask';

/**
 * Bytes that, appended to a model, pool its hidden states [batch × tokens × d] inside the graph, so that only
 * [batch × parts · d] float32 leaves it, whatever the type of the hidden states.
 *
 * @param hidden the output to pool
 * @param weighted adds input WEIGHTS [batch × k × tokens]: k parts, each the sum of the hidden states so weighted
 * @param max adds input MASK [batch × tokens × 1] and, as the last part, the greatest value of every dimension
 *   after MASK (0, or a large negative number where a token does not count) was added
 */
export function poolingGraft(hidden: string, weighted: boolean, max: boolean): Uint8Array {
  const name = (what: string) => `matomari_${what}`;
  const parts: number[][] = [node('Cast', [hidden], [name('hidden')], { to: FLOAT })];
  if (weighted) {
    parts.push(floats(11, WEIGHTS, 3));
    parts.push(node('MatMul', [WEIGHTS, name('hidden')], [name('sums')]));
  }
  if (max) {
    // GlobalMaxPool has had one form in every version of the operator set; ReduceMax has not.
    parts.push(floats(11, MASK, 3));
    parts.push(node('Add', [name('hidden'), MASK], [name('masked')]));
    parts.push(node('Transpose', [name('masked')], [name('channels')], { perm: [0, 2, 1] }));
    parts.push(node('GlobalMaxPool', [name('channels')], [name('peaks')]));
    parts.push(node('Transpose', [name('peaks')], [name('maxima')], { perm: [0, 2, 1] }));
  }
  const joined = weighted && max ? name('joined') : name(max ? 'maxima' : 'sums');
  if (weighted && max) parts.push(node('Concat', [name('sums'), name('maxima')], [joined], { axis: 1 }));
  parts.push(
    constant(name('shape'), [0, -1]),
    node('Reshape', [joined, name('shape')], [POOLED]),
    floats(12, POOLED, 2),
  );
  return Uint8Array.from(message(7, ...parts));
}

/** Bytes that, appended to a model, give one of its outputs as float32. */
export function castGraft(output: string): Uint8Array {
  return Uint8Array.from(message(7, node('Cast', [output], [POOLED], { to: FLOAT }), floats(12, POOLED, 2)));
}
