import { loadRuntime } from './runtime.js';
import { serve } from './worker-serve.js';

serve(async () => {
  const ort = await loadRuntime();
  const facts = {
    version: ort.env.versions.node,
    providers: ort.listSupportedBackends().map(({ name, bundled }) => ({ name, bundled })),
  };
  return { facts, answer: async () => ({ value: facts, transfer: [] }) };
});
