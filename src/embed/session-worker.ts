import { readFile } from 'node:fs/promises';
import { workerData } from 'node:worker_threads';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { MatomariError } from '../errors.js';
import { packBatches } from './batches.js';
import { type EmbedDevice, noDevice, type SkippedDevice, saidBy, whyNotOn } from './devices.js';
import { batchFeeds } from './feeds.js';
import { throughGate } from './gate.js';
import { type GraphSpec, planGraph } from './graph.js';
import { POOLED } from './onnx.js';
import { normalizeRow } from './pooling.js';
import { loadRuntime } from './runtime.js';
import { sessionOptions, withWeights } from './session-options.js';
import { simplify } from './simplify.js';
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
  /** Of one session's kernels. */
  threads: number;
  /** Padded tokens a batch may hold. */
  tokensPerBatch: number;
  /** Tried in this order. */
  devices: EmbedDevice[];
}

/** What a session's worker tells when it is ready. */
export interface SessionFacts {
  dimensions: number;
  /** The first device that the model ran on. */
  device: EmbedDevice;
  /** Those before it. */
  skipped: SkippedDevice[];
}

/**
 * A window of texts to embed (see Tokenized), in memory that all workers share: each takes the next batch that nobody
 * has taken, and writes the vectors of its texts to their places. Batches depend on the window only, so that it does
 * not matter who takes which. Answered when there are no more batches to take.
 */
export interface EmbedRequest {
  ids: Int32Array;
  offsets: Uint32Array;
  promptTokens: number;
  /** [texts × dimensions], all zero. */
  vectors: Float32Array;
  /** One integer: batches taken. */
  taken: Int32Array;
}

const data = workerData as SessionWorkerData & Gated;

serve<EmbedRequest, SessionFacts>(async () => {
  const [ort, file] = await Promise.all([loadRuntime(), readGraph()]);
  const { inputs, pooled, graft } = planGraph(file, data);
  const pooling = pooled ? [] : data.pooling;
  const { session, dimensions, device, skipped } = await begin();

  /** A session on the first device on which the model both loads and runs. */
  async function begin(): Promise<{ session: InferenceSession } & SessionFacts> {
    const skipped: SkippedDevice[] = [];
    for (const device of data.devices) {
      const trial = [Int32Array.of(data.padId)];
      let session: InferenceSession | undefined;
      try {
        session = await open(device);
        const dimensions = (await run(session, trial, 0)).length;
        return { session, dimensions, device, skipped };
      } catch (cause) {
        if (cause instanceof MatomariError) throw cause;
        if (device === 'cpu') throw session ? runFailure(cause as Error, trial) : loadFailure(cause as Error);
        await session?.release();
        skipped.push({ device, reason: whyNotOn(device, cause as Error) });
      }
    }
    throw noDevice(skipped[0]!);
  }

  function open(device: EmbedDevice): Promise<InferenceSession> {
    const bytes = Buffer.concat([...(device === 'cpu' ? simplify(file) : [file]), graft]);
    return withWeights(data.graph, (folder) => {
      const options = sessionOptions(device, data.threads, folder);
      return throughGate(data.gate, () => ort.InferenceSession.create(bytes, options));
    });
  }

  /** Vectors of one batch, parts in the order of the graft: [rows × dimensions]. Fails as ONNX Runtime does. */
  async function run(
    session: InferenceSession,
    rows: Int32Array[],
    promptTokens: number,
  ): Promise<Float32Array> {
    // Where a cut text holds nothing but prompt, the prompt is what there is.
    const start = (row: Int32Array) => (data.includePrompt || promptTokens >= row.length ? 0 : promptTokens);
    const feeds: Record<string, Tensor> = {};
    for (const [name, feed] of batchFeeds(rows, inputs, data.padId, pooling, start))
      feeds[name] = new ort.Tensor(feed.type, feed.data as never, feed.dims) as Tensor;
    const results = await throughGate(data.gate, () => session.run(feeds, [POOLED]));
    return results[POOLED]!.data as Float32Array;
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

  async function embed(request: EmbedRequest, context: Context): Promise<void> {
    const { ids, offsets, promptTokens, vectors, taken } = request;
    const count = offsets.length - 1;
    const lengths = Int32Array.from({ length: count }, (_, i) => offsets[i + 1]! - offsets[i]!);
    const batches = packBatches(lengths, data.tokensPerBatch, data.static);
    let done = 0;
    let told = performance.now();
    while (!context.cancelled()) {
      // The long ones first: what is left for the end, when others have nothing to take any more, is short.
      const batch = batches[batches.length - 1 - Atomics.add(taken, 0, 1)];
      if (!batch) break;
      const rows = Array.from(batch, (i) => ids.subarray(offsets[i]!, offsets[i + 1]!));
      // A single row is summed in another order than a row among several, so a static graph never gets one.
      if (data.static && rows.length === 1) rows.push(rows[0]!);
      const out = await run(session, rows, promptTokens).catch((cause: Error) => {
        throw runFailure(cause, rows);
      });
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
  }

  return {
    facts: { dimensions, device, skipped },
    async answer(request, context) {
      await embed(request, context);
      return { value: undefined, transfer: [] };
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

const loadFailure = (cause: Error): MatomariError =>
  new MatomariError('bad_file', `${data.graph} cannot be loaded by ONNX Runtime: ${saidBy(cause)}`);

function runFailure(cause: Error, rows: Int32Array[]): MatomariError {
  const reason = saidBy(cause);
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
