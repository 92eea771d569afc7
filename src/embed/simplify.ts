import { FLOAT, fields, message, node, number, part, text, varint } from './onnx.js';

/** As much of a NodeProto as the patterns look at. */
interface Node {
  op: string;
  inputs: string[];
  outputs: string[];
}

const MICROSOFT = 'com.microsoft';

/**
 * Two things that PyTorch's exporter writes and ONNX Runtime computes as they stand, taken out of a graph for the CPU:
 *
 * - `Where(IsNaN(p), 0, p)` on attention's probabilities p, which guards rows whose tokens are all masked. Where what
 *   masks is a finite number, a softmax is never NaN; the passes over the scores take 5 to 15 % of a MiniLM.
 * - Gelu in the order x · (½ · (1 + erf(x / √2))), which the fusion into one kernel does not know.
 *
 * @param model a serialised ModelProto
 * @returns the parts that, joined, are the model; the model itself where it has neither
 */
export function simplify(model: Uint8Array): Uint8Array[] {
  try {
    return simplified(model);
  } catch {
    // Not a model: ONNX Runtime says so.
    return [model];
  }
}

function simplified(model: Uint8Array): Uint8Array[] {
  if ([...fields(model)].filter(([field]) => field === 7).length !== 1) return [model];
  const graph = new Graph(part(model, 7));
  if (graph.nested) return [model];
  graph.dropGuards();
  const joined = graph.joinGelus();
  if (!graph.changed) return [model];
  const imported = [...fields(model)].some(
    ([field, value]) => field === 8 && typeof value !== 'number' && text.decode(part(value, 1)) === MICROSOFT,
  );
  const domain = joined && !imported ? message(8, message(1, MICROSOFT), number(2, 1)) : [];
  const parts = graph.parts();
  const length = parts.reduce((sum, bytes) => sum + bytes.length, 0);
  const others = [...fields(model)].filter(([field]) => field !== 7).map(([, , whole]) => whole);
  return [...others, Uint8Array.from([...domain, ...varint(7 * 8 + 2), ...varint(length)]), ...parts];
}

class Graph {
  readonly #bytes: Uint8Array;
  readonly #nodes: Node[] = [];
  readonly #producer = new Map<string, Node>();
  readonly #uses = new Map<string, number>();
  /** Float32 constants of one element. */
  readonly #scalars = new Map<string, number>();
  /** What stands for a node; nothing for one that is left out. */
  readonly #changes = new Map<Node, Uint8Array>();

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    for (const [field, value] of fields(bytes)) {
      if (typeof value === 'number') continue;
      if (field === 1) this.#addNode(value);
      else if (field === 5) this.#addConstant(value);
      else if (field === 12) this.#use(text.decode(part(value, 1)));
    }
  }

  /** Whether it has graphs of its own, which may read any value. */
  get nested(): boolean {
    return this.#nodes.some(({ op }) => op === 'If' || op === 'Loop' || op === 'Scan');
  }

  get changed(): boolean {
    return this.#changes.size > 0;
  }

  #use(name: string): void {
    this.#uses.set(name, (this.#uses.get(name) ?? 0) + 1);
  }

  #addNode(bytes: Uint8Array): void {
    const found: Node = { op: '', inputs: [], outputs: [] };
    for (const [field, value] of fields(bytes)) {
      if (typeof value === 'number') continue;
      if (field === 1) found.inputs.push(text.decode(value));
      else if (field === 2) found.outputs.push(text.decode(value));
      else if (field === 4) found.op = text.decode(value);
    }
    this.#nodes.push(found);
    for (const name of found.inputs) this.#use(name);
    for (const name of found.outputs) this.#producer.set(name, found);
  }

  #addConstant(tensor: Uint8Array): void {
    const dims: (number | Uint8Array)[] = [];
    let type: number | Uint8Array = 0;
    for (const [field, value] of fields(tensor)) {
      // Weights are thousands of times as long as what is sought.
      if (field === 1) dims.push(value);
      else if (field === 2) type = value;
    }
    if (type !== FLOAT || dims.some((size) => size !== 1)) return;
    const raw = part(tensor, 9);
    if (raw.length !== 4) return;
    const value = new DataView(raw.buffer, raw.byteOffset).getFloat32(0, true);
    this.#scalars.set(text.decode(part(tensor, 8)), value);
  }

  /** The node of a kind that makes a value which nothing but its one reader needs. */
  #only(name: string | undefined, op: string): Node | undefined {
    const found = this.#producer.get(name!);
    return found?.op === op && found.outputs.length === 1 && this.#uses.get(name!) === 1 ? found : undefined;
  }

  #isScalar(name: string | undefined, value: number): boolean {
    return Math.abs((this.#scalars.get(name!) ?? Infinity) - value) < 1e-6;
  }

  /** The operand beside a constant. */
  #beside(found: Node | undefined, value: number): string | undefined {
    const [a, b] = found?.inputs ?? [];
    if (this.#isScalar(a, value)) return b;
    return this.#isScalar(b, value) ? a : undefined;
  }

  #replace(found: Node, by: number[], ...without: Node[]): void {
    this.#changes.set(found, Uint8Array.from(by));
    for (const each of without) this.#changes.set(each, new Uint8Array(0));
  }

  /** Whether scores are a sum with Where(…, 0, a finite number). */
  #isMaskedFinitely(scores: string): boolean {
    const sum = this.#producer.get(scores);
    const masks = (sum?.op === 'Add' ? sum.inputs : []).map((name) => this.#producer.get(name));
    return masks.some(
      (mask) =>
        mask?.op === 'Where' &&
        this.#isScalar(mask.inputs[1], 0) &&
        Number.isFinite(this.#scalars.get(mask.inputs[2]!)),
    );
  }

  dropGuards(): void {
    for (const found of this.#nodes) {
      const [condition, zero, probabilities] = found.inputs;
      const test = found.op === 'Where' ? this.#only(condition, 'IsNaN') : undefined;
      if (!test || test.inputs[0] !== probabilities || !this.#isScalar(zero, 0)) continue;
      const softmax = this.#producer.get(probabilities!);
      if (softmax?.op !== 'Softmax' || !this.#isMaskedFinitely(softmax.inputs[0]!)) continue;
      this.#replace(found, node('Identity', [probabilities!], found.outputs), test);
    }
  }

  joinGelus(): boolean {
    let any = false;
    for (const found of this.#nodes) {
      if (found.op !== 'Mul') continue;
      for (const [x, factor] of [found.inputs, [...found.inputs].reverse()]) {
        const half = this.#only(factor, 'Mul');
        const sum = this.#only(this.#beside(half, 0.5), 'Add');
        const erf = this.#only(this.#beside(sum, 1), 'Erf');
        const quotient = this.#only(erf?.inputs[0], 'Div');
        if (quotient?.inputs[0] !== x || !this.#isScalar(quotient?.inputs[1], Math.SQRT2)) continue;
        this.#replace(found, node('Gelu', [x!], found.outputs, {}, MICROSOFT), half!, sum!, erf!, quotient!);
        any = true;
        break;
      }
    }
    return any;
  }

  /** The parts of the changed graph. */
  parts(): Uint8Array[] {
    let next = 0;
    return [...fields(this.#bytes)].map(([field, , whole]) =>
      field === 1 ? (this.#changes.get(this.#nodes[next++]!) ?? whole) : whole,
    );
  }
}
