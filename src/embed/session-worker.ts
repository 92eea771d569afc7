import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { workerData } from 'node:worker_threads';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { MatomariError } from '../errors.js';
import { packBatches } from './batches.js';
import { batchFeeds } from './feeds.js';
import { throughGate } from './gate.js';
import { type GraphSpec, planGraph } from './graph.js';
import { POOLED } from './onnx.js';
import { normalizeRow } from './pooling.js';
import { loadRuntime, type Runtime } from './runtime.js';
import type { Gated } from './worker-link.js';
import { type Context, serve } from './worker-serve.js';

/** Workers' data of this file. */
export interface SessionWorkerData extends GraphSpec {
  /** Whether the prompt's tokens count in the pooling. */
  includePrompt: boolean;
  /** Divide every vector by its length. */
  normalize: boolean;
  /** The same where the graph pools by itself. */
  normalizePooled: boolean;
  /**
   * A sum of token vectors and nothing more: such a graph is run without padding, so that its results are the same
   * bit for bit in any company.
   */
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

const data = workerData as SessionWorkerData & Gated;

serve<EmbedRequest, { dimensions: number }>(async () => {
  const [ort, file] = await Promise.all([loadRuntime(), readGraph()]);
  const { inputs, pooled, graft } = planGraph(file, data);
  const pooling = pooled ? [] : data.pooling;
  const session = await createSession(ort, Buffer.concat([file, graft]));
  const dimensions = (await run([Int32Array.of(data.padId)], 0)).length;

  /** Vectors of one batch, parts in the order of the graft: [rows × dimensions]. */
  async function run(rows: Int32Array[], promptTokens: number): Promise<Float32Array> {
    // Where a cut text holds nothing but prompt, the prompt is what there is.
    const start = (row: Int32Array) => (data.includePrompt || promptTokens >= row.length ? 0 : promptTokens);
    const feeds: Record<string, Tensor> = {};
    for (const [name, feed] of batchFeeds(rows, inputs, data.padId, pooling, start))
      feeds[name] = new ort.Tensor(feed.type, feed.data as never, feed.dims) as Tensor;
    try {
      const results = await throughGate(data.gate, () => session.run(feeds, [POOLED]));
      return results[POOLED]!.data as Float32Array;
    } catch (cause) {
      throw runFailure(cause as Error, rows);
    }
  }

  /** Copies one row of a batch to its place, parts in the order that was asked for, and normalises it. */
  function place(row: Float32Array, target: Float32Array): void {
    const size = dimensions / Math.max(pooling.length, 1);
    const weighted = pooling.filter((mode) => mode !== 'max');
    if (pooled) target.set(row);
    pooling.forEach((mode, part) => {
      const from = mode === 'max' ? weighted.length : weighted.indexOf(mode);
      target.set(row.subarray(from * size, (from + 1) * size), part * size);
    });
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
      const out = await run(rows, promptTokens);
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
  const options: InferenceSession.SessionOptions = {
    executionProviders: ['cpu'],
    intraOpNumThreads: data.threads,
    interOpNumThreads: 1,
    logSeverityLevel: 4,
    extra: {
      session: {
        // Threads that wait by spinning take the processor from everything else: on a busy machine a run took
        // four times as long.
        intra_op: { allow_spinning: '0' },
        // Weights in files beside the graph are looked for there, as the graph itself is given as bytes.
        model_external_initializers_file_folder_path: dirname(data.graph),
      },
    },
  };
  try {
    return await throughGate(data.gate, () => ort.InferenceSession.create(bytes, options));
  } catch (cause) {
    throw new MatomariError(
      'bad_file',
      `${data.graph} cannot be loaded by ONNX Runtime: ${(cause as Error).message.replace(/\s+/g, ' ')}`,
    );
  }
}

function runFailure(cause: Error, rows: Int32Array[]): MatomariError {
  const reason = cause.message.replace(/\s+/g, ' ');
  const longest = Math.max(...rows.map((row) => row.length));
  if (/allocate|bad_alloc/i.test(reason))
    return new MatomariError(
      'out_of_memory',
      `memory for ${rows.length} texts of up to ${longest} tokens could not be had: lower tokensPerBatch or maxTokens`,
    );
  return new MatomariError(
    'bad_file',
    `${data.graph} fails on ${rows.length} texts of up to ${longest} tokens (${reason}): export the model again`,
  );
}
