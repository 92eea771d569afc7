import { statSync } from 'node:fs';
import { arch, availableParallelism, cpus, platform } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { native } from '../binding.js';
import { environment } from '../check.js';
import { resolveSimd, resolveThreads } from '../device.js';
import { executionProviders } from '../embed/index.js';
import { MatomariError } from '../errors.js';
import { version } from '../pipeline/versions.js';
import root from '../root.cjs';
import type { Context } from './context.js';

export function define(command: Command, context: Context): void {
  command
    .description(
      'Tells what this machine and this installation can do, and why not. Fails when something is missing.',
    )
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExamples:\n  matomari doctor\n  matomari doctor --json')
    .action((flags: { json?: boolean }) => run(flags, context));
}

async function run({ json }: { json?: boolean }, context: Context): Promise<void> {
  const addon = attempt(() => native().info());
  const settings = attempt(() => ({ simd: resolveSimd(), threads: resolveThreads() }));
  const found = await examine(addon, settings);
  context.print(json ? JSON.stringify(found) : lines(found).join('\n'));
  const { onnxruntime, models } = found;
  if (addon.error ?? settings.error) throw addon.error ?? settings.error;
  if (onnxruntime.reason !== undefined) throw new MatomariError('no_addon', onnxruntime.reason);
  if (!models.builtin.present)
    throw new MatomariError(
      'model_not_found',
      `the built-in model is missing in ${models.builtin.path}: install matomari again`,
    );
}

type Findings = Awaited<ReturnType<typeof examine>>;

async function examine(
  addon: Attempt<{ simdLevels: string[]; compiler: string }>,
  settings: Attempt<{ simd: string; threads: number }>,
) {
  const gpu = attempt(() => native().cuda());
  const path = join(root, 'models', 'builtin');
  const bytes = statSync(join(path, 'onnx', 'model.onnx'), { throwIfNoEntry: false })?.size;
  return {
    matomari: version(),
    node: process.versions.node,
    platform: `${platform()}-${arch()}`,
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    processors: availableParallelism(),
    addon: { loaded: !addon.error, compiler: addon.value?.compiler, reason: addon.error?.message },
    simd: {
      levels: addon.value?.simdLevels ?? [],
      used: settings.value?.simd,
      forced: environment('MATOMARI_SIMD'),
    },
    threads: { used: settings.value?.threads, forced: environment('MATOMARI_THREADS') },
    gpu: {
      available: (gpu.value?.devices.length ?? 0) > 0,
      devices: gpu.value?.devices ?? [],
      reason: gpu.value?.reason ?? gpu.error?.message,
    },
    models: { builtin: { path, present: bytes !== undefined, bytes }, cache: null },
    onnxruntime: await executionProviders(),
  };
}

interface Attempt<T> {
  value?: T;
  error?: Error;
}

function attempt<T>(work: () => T): Attempt<T> {
  try {
    return { value: work() };
  } catch (error) {
    return { error: error as Error };
  }
}

function lines(found: Findings): string[] {
  const { addon, simd, threads, gpu, models, onnxruntime } = found;
  const size =
    models.builtin.bytes === undefined ? 'missing' : `${(models.builtin.bytes / 2 ** 20).toFixed(1)} MiB`;
  const forced = (variable: string, value: string | undefined) =>
    value === undefined ? '' : ` (${variable}=${value})`;
  const providers = onnxruntime.providers.map(({ name, bundled }) =>
    bundled ? name : `${name} (not bundled)`,
  );
  return [
    `matomari      ${found.matomari}`,
    `node          ${found.node}, ${found.platform}`,
    `processor     ${found.processor}, ${found.processors} usable`,
    `addon         ${addon.loaded ? `loaded, built by ${addon.compiler}` : `not loaded: ${addon.reason}`}`,
    `simd          ${simd.used ?? 'unknown'}${forced('MATOMARI_SIMD', simd.forced)}; this machine has ${simd.levels.join(', ') || 'none'}`,
    `threads       ${threads.used ?? 'unknown'}${forced('MATOMARI_THREADS', threads.forced)}`,
    `gpu           ${gpu.available ? gpu.devices.map(({ name, memory }, i) => `cuda:${i} ${name}, ${(memory / 2 ** 30).toFixed(0)} GiB`).join('; ') : `none: ${gpu.reason}`}`,
    `model         builtin, ${size}, ${models.builtin.path}`,
    'model cache   none: other models are read from their own folders',
    `onnxruntime   ${onnxruntime.version === undefined ? `not loaded: ${onnxruntime.reason}` : `${onnxruntime.version}: ${providers.join(', ')}`}`,
  ];
}
