import { WorkerLink } from './worker-link.js';

/** What ONNX Runtime offers on this machine. */
export interface ExecutionProviders {
  /** Version of onnxruntime-node, or undefined when it could not be loaded. */
  version: string | undefined;
  /** Execution providers by name; one that is not bundled needs libraries that the npm package does not bring. */
  providers: { name: string; bundled: boolean }[];
  /** Why there are none. */
  reason: string | undefined;
}

/**
 * Lists ONNX Runtime's execution providers (cpu, webgpu, cuda …). Never rejects: a missing or broken library is a
 * `reason`. It is loaded in a worker thread of its own, which is gone afterwards.
 */
export async function executionProviders(): Promise<ExecutionProviders> {
  const link = new WorkerLink<Omit<ExecutionProviders, 'reason'>>(
    'providers-worker',
    {},
    'worker of ONNX Runtime',
  );
  try {
    return { ...(await link.ready), reason: undefined };
  } catch (error) {
    return { version: undefined, providers: [], reason: (error as Error).message };
  } finally {
    await link.close();
  }
}
