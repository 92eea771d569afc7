import { isMainThread } from 'node:worker_threads';
import { native } from '../binding.js';

/**
 * Keeps a process from ending while a worker is inside ONNX Runtime: a run whose thread is being terminated throws where
 * nothing can catch it, and takes the process down with an abort instead of its exit code. A worker passes the gate for
 * every call; when the process ends, or the thread that has the worker is terminated, the gate is shut, and the end waits
 * for the call that is under way.
 */
export type Gate = Int32Array<SharedArrayBuffer>;
const INSIDE = 0;
const SHUT = 1;
/** A call that takes longer than this (ms) is not waited for. */
const PATIENCE = 10_000;

const open = new Set<Gate>();
/** Node has run every other 'exit' listener's code on this thread when workers begin to be terminated. */
function shutAll(): void {
  for (const gate of open) {
    Atomics.store(gate, SHUT, 1);
    if (Atomics.load(gate, INSIDE) === 1) Atomics.wait(gate, INSIDE, 1, PATIENCE);
  }
}

/** A new gate for a worker of this thread; removeGate when the worker has ended. */
export function addGate(): Gate {
  if (open.size === 0) process.on('exit', shutAll);
  const gate = new Int32Array(new SharedArrayBuffer(8));
  open.add(gate);
  if (!isMainThread) holdTermination(gate);
  return gate;
}

export function removeGate(gate: Gate): void {
  open.delete(gate);
  Atomics.store(gate, INSIDE, 0);
  if (open.size === 0) process.off('exit', shutAll);
}

/** No JavaScript runs in a thread that is being terminated, so the addon shuts its gates. */
function holdTermination(gate: Gate): void {
  try {
    native().holdTermination(gate, PATIENCE);
  } catch {
    // Models of other tokenizers work without the addon.
  }
}

/** Runs `call` on the worker's side; where the gate is shut, waits for the end instead. */
export async function throughGate<T>(gate: Gate, call: () => Promise<T>): Promise<T> {
  Atomics.store(gate, INSIDE, 1);
  if (Atomics.load(gate, SHUT) === 1) {
    leave(gate);
    Atomics.wait(gate, SHUT, 1);
  }
  try {
    return await call();
  } finally {
    leave(gate);
  }
}

function leave(gate: Gate): void {
  Atomics.store(gate, INSIDE, 0);
  Atomics.notify(gate, INSIDE);
}
