import { MatomariError } from '../errors.js';
import { castGraft, graphPorts, type Port, poolingGraft } from './onnx.js';
import type { PoolingMode } from './pooling.js';

/** What is wanted of a graph. */
export interface GraphSpec {
  /** Path of the .onnx file. */
  graph: string;
  /** Parts of the vector, in order. */
  pooling: PoolingMode[];
  /** The caller asked for this pooling: a pooled output of the graph is not taken. */
  poolingAsked: boolean;
  /** Modules of the model directory that only the graph itself can hold, such as Dense. */
  otherModules: string[];
}

/** How a graph is used. */
export interface GraphPlan {
  /** Name and element type (TensorProto.DataType) of everything that a run must be given. */
  inputs: Map<string, number>;
  /** Whether the graph gives one vector a text by itself. */
  pooled: boolean;
  /** Bytes to append to the file; it then has the float32 output POOLED. */
  graft: Uint8Array;
}

const EXPORT = 'export it for embedding: optimum-cli export onnx --task feature-extraction --model ID DIR';
const INPUTS = ['input_ids', 'attention_mask', 'token_type_ids', 'position_ids'];

/**
 * Decides which output of a graph the vectors come from: `sentence_embedding` as it is, else hidden states, to be
 * pooled. Throws `bad_file` with the way out where there is neither, or where the graph asks for more than token
 * ids.
 */
export function planGraph(file: Uint8Array, spec: GraphSpec): GraphPlan {
  const { inputs, outputs } = ports(file, spec.graph);
  const { name, pooled } = chooseOutput(outputs, spec);
  const unknown = inputs.filter((port) => !INPUTS.includes(port.name));
  if (unknown.length > 0)
    throw new MatomariError(
      'bad_file',
      `${spec.graph} asks for inputs that an embedding model does not have (${names(unknown)}): ${EXPORT}`,
    );
  const max = spec.pooling.includes('max');
  const weighted = spec.pooling.length > (max ? 1 : 0);
  return {
    inputs: new Map(inputs.map((port) => [port.name, port.type])),
    pooled,
    graft: pooled ? castGraft(name) : poolingGraft(name, weighted, max),
  };
}

function ports(file: Uint8Array, path: string): { inputs: Port[]; outputs: Port[] } {
  try {
    return graphPorts(file);
  } catch (cause) {
    throw new MatomariError(
      'bad_file',
      `${path} is not an ONNX model (${(cause as Error).message}): get the file again`,
    );
  }
}

function chooseOutput(outputs: Port[], spec: GraphSpec): { name: string; pooled: boolean } {
  const named = (name: string) => outputs.find((port) => port.name === name);
  const hidden =
    named('last_hidden_state') ??
    named('token_embeddings') ??
    outputs.find((port) => port.rank === 3 && /hidden/.test(port.name));
  const only =
    outputs.length === 1 && outputs[0]!.rank === 2 && outputs[0]!.name !== 'logits' ? outputs[0] : undefined;
  const pooled = named('sentence_embedding') ?? only;
  if (pooled && !spec.poolingAsked) return { name: pooled.name, pooled: true };
  if (pooled && !hidden)
    throw new MatomariError(
      'bad_option',
      `${spec.graph} pools by itself and gives no hidden states: leave the option pooling out`,
    );
  if (!hidden) {
    const purpose = named('logits')
      ? 'is exported for generating text or classifying'
      : 'gives no hidden states';
    throw new MatomariError(
      'bad_file',
      `${spec.graph} ${purpose} (its outputs: ${names(outputs)}): ${EXPORT}`,
    );
  }
  if (spec.otherModules.length > 0)
    throw new MatomariError(
      'bad_file',
      `${spec.graph} ends with the hidden states, but modules.json has ${spec.otherModules.join(', ')} after them: export the whole model (optimum-cli export onnx --library sentence_transformers --model ID DIR)`,
    );
  return { name: hidden.name, pooled: false };
}

const names = (list: Port[]): string =>
  list
    .slice(0, 4)
    .map((port) => port.name)
    .join(', ') + (list.length > 4 ? ` and ${list.length - 4} more` : '');
