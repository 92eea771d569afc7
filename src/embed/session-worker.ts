import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { workerData } from 'node:worker_threads';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { MatomariError } from '../errors.js';
import { packBatches } from './batches.js';
import { type GraphSpec, planGraph } from './graph.js';
import { INT32, MASK, POOLED, WEIGHTS } from './onnx.js';
import { MASKED, normalizeRow, writeWeights } from './pooling.js';
import { loadRuntime, type Runtime } from './runtime.js';
import { type Context, serve } from './worker-serve.js';

/** Workers' data of this file. */
export interface SessionWorkerData extends GraphSpec {
  /** Whether the prompt's tokens count in the pooling. */
  includePrompt: boolean;
  /** Divide every vector by its length. */
  normalize: boolean;
  /** The same where the graph pools by itself. */
  normalizePooled: boolean;
  /** A sum of token vectors and nothing more: such a graph is run without padding, so that its results are the same bit for bit in any company. */
  static: boolean;
  padId: number;
  threads: number;
  /** Padded tokens a batch may hold. */
  tokensPerBatch: number;
}

/** Ids of a window of texts (see Tokenized) to embed; the answer is a Float32Array [texts × dimensions]. */
export interface EmbedRequest {
  ids: Int32Array;
  offsets: Uint32Array;
  promptTokens: number;
}

const data = workerData as SessionWorkerData;

serve<EmbedRequest, { dimensions: number }>(async () => {
  const [ort, file] = await Promise.all([loadRuntime(), readGraph()]);
  const { inputs, pooled, graft } = planGraph(file, data);
  const weighted = data.pooling.filter((mode) => mode !== 'max');
  const max = weighted.length < data.pooling.length;
  const session = await createSession(ort, Buffer.concat([file, graft]));
  const dimensions = (await run([Int32Array.of(data.padId)], 1, 0)).length;

  /** Vectors of one batch, parts in the order of the graph: [rows.length × dimensions]. */
  async function run(rows: Int32Array[], longest: number, promptTokens: number): Promise<Float32Array> {
    const integers = (name: string, value: (row: Int32Array, i: number) => number, fill = 0): Tensor => {
      const wide = inputs.get(name) !== INT32;
      const array = wide ? new BigInt64Array(rows.length * longest) : new Int32Array(rows.length * longest);
      // The low half of a little-endian 64-bit integer: far faster than a BigInt for every id.
      const low = new Int32Array(array.buffer);
      const step = wide ? 2 : 1;
      if (fill !== 0) for (let i = 0; i < low.length; i += step) low[i] = fill;
      rows.forEach((row, r) => {
        for (let i = 0; i < row.length; i++) low[(r * longest + i) * step] = value(row, i);
      });
      return new ort.Tensor(wide ? 'int64' : 'int32', array as never, [rows.length, longest]) as Tensor;
    };
    const feeds: Record<string, Tensor> = {};
    for (const name of inputs.keys()) {
      if (name === 'input_ids') feeds[name] = integers(name, (row, i) => row[i]!, data.padId);
      else if (name === 'attention_mask') feeds[name] = integers(name, () => 1);
      else if (name === 'position_ids') feeds[name] = integers(name, (_, i) => i);
      else feeds[name] = integers(name, () => 0);
    }
    if (!pooled) {
      // Where a cut text holds nothing but prompt, the prompt is what there is.
      const start = (row: Int32Array) => (data.includePrompt || promptTokens >= row.length ? 0 : promptTokens);
      if (weighted.length > 0) {
        const weights = new Float32Array(rows.length * weighted.length * longest);
        rows.forEach((row, r) =>
          weighted.forEach((mode, m) => {
            const at = (r * weighted.length + m) * longest;
            writeWeights(mode, start(row), row.length, weights.subarray(at, at + longest));
          }),
        );
        feeds[WEIGHTS] = new ort.Tensor('float32', weights, [rows.length, weighted.length, longest]);
      }
      if (max) {
        const mask = new Float32Array(rows.length * longest).fill(MASKED);
        rows.forEach((row, r) => mask.fill(0, r * longest + start(row), r * longest + row.length));
        feeds[MASK] = new ort.Tensor('float32', mask, [rows.length, longest, 1]);
      }
    }
    return (await session.run(feeds, [POOLED]))[POOLED]!.data as Float32Array;
  }

  /** Copies one row of a batch to its place, parts in the order that was asked for, and normalises it. */
  function place(row: Float32Array, target: Float32Array): void {
    if (pooled) target.set(row);
    else {
      const size = dimensions / data.pooling.length;
      data.pooling.forEach((mode, part) => {
        const from = mode === 'max' ? weighted.length : weighted.indexOf(mode);
        target.set(row.subarray(from * size, (from + 1) * size), part * size);
      });
    }
    if (pooled ? data.normalizePooled : data.normalize) normalizeRow(target);
  }

  async function embed(request: EmbedRequest, context: Context): Promise<Float32Array> {
    const { ids, offsets, promptTokens } = request;
    const count = offsets.length - 1;
    const vectors = new Float32Array(count * dimensions);
    const lengths = Int32Array.from({ length: count }, (_, i) => offsets[i + 1]! - offsets[i]!);
    let done = lengths.reduce((zero, length) => (length === 0 ? zero + 1 : zero), 0);
    let told = performance.now();
    for (const batch of packBatches(lengths, data.tokensPerBatch, data.static)) {
      if (context.cancelled()) break;
      const rows = Array.from(batch, (i) => ids.subarray(offsets[i]!, offsets[i + 1]!));
      // A single row is summed in another order than a row among several, so a static graph never gets one.
      if (data.static && rows.length === 1) rows.push(rows[0]!);
      const out = await run(rows, lengths[batch[batch.length - 1]!]!, promptTokens);
      batch.forEach((text, r) => {
        const row = out.subarray(r * dimensions, (r + 1) * dimensions);
        place(row, vectors.subarray(text * dimensions, (text + 1) * dimensions));
      });
      done += batch.length;
      if (performance.now() - told >= 30) {
        told = performance.now();
        context.progress(done);
      }
    }
    return vectors;
  }

  return {
    facts: { dimensions },
    async answer(request, context) {
      const vectors = await embed(request, context);
      return { value: vectors, transfer: [vectors.buffer] };
    },
    stop: () => session.release(),
  };
});

async function readGraph(): Promise<Buffer> {
  try {
    return await readFile(data.graph);
  } catch (cause) {
    throw new MatomariError('bad_file', `${data.graph} cannot be read: ${(cause as Error).message}`);
  }
}

async function createSession(ort: Runtime, bytes: Buffer): Promise<InferenceSession> {
  try {
    return await ort.InferenceSession.create(bytes, {
      executionProviders: ['cpu'],
      intraOpNumThreads: data.threads,
      interOpNumThreads: 1,
      logSeverityLevel: 4,
      // Weights in files beside the graph are looked for there, as the graph itself is given as bytes.
      extra: { session: { model_external_initializers_file_folder_path: dirname(data.graph) } },
    });
  } catch (cause) {
    throw new MatomariError(
      'bad_file',
      `${data.graph} cannot be loaded by ONNX Runtime: ${(cause as Error).message.replace(/\s+/g, ' ')}`,
    );
  }
}
