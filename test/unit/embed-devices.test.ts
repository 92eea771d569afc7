import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { executionProviders, loadEmbedder } from 'matomari/embed';
import { describe, expect, it } from 'vitest';
import { cudaInstructions, devicesToTry, noDevice, whyNotOn } from '#dist/embed/devices.js';
import root from '#dist/root.cjs';
import { difference, FIXTURES } from './embed-helpers.js';

const run = promisify(execFile);
const LOOKUP = join(FIXTURES, 'lookup');
const XLMR = join(root, '..', 'shared', 'models', 'tiny-xlmr');
/** The list of drivers that Debian's chromium-common brings: SwiftShader, Vulkan without a GPU. */
const SWIFTSHADER = ['/usr/lib/chromium/vk_swiftshader_icd.json', process.env.VK_ICD_FILENAMES ?? ''].find(
  existsSync,
);
const vulkan =
  spawnSync('ldconfig', ['-p'], { encoding: 'utf8' }).stdout?.includes('libvulkan.so.1') ?? false;

/** Runs a script in a process whose Vulkan has the drivers named, and gives what it prints as JSON. */
async function withDrivers<T>(drivers: string, body: string): Promise<T> {
  const index = JSON.stringify(join(root, 'dist', 'esm', 'embed', 'index.js'));
  const script = `import { loadEmbedder } from ${index};\n${body}`;
  const env = {
    ...process.env,
    VK_ICD_FILENAMES: drivers,
    VK_DRIVER_FILES: drivers,
    XDG_RUNTIME_DIR: '/tmp',
  };
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], {
    env,
    timeout: 280_000,
  });
  return JSON.parse(stdout) as T;
}

const embedOn = (dir: string, device: string, texts: string[]) => `
  const embedder = await loadEmbedder(${JSON.stringify(dir)}, { device: '${device}', normalize: true }).catch((e) => e);
  if (embedder instanceof Error) console.log(JSON.stringify({ code: embedder.code, message: embedder.message }));
  else {
    const { data, device } = await embedder.embed(${JSON.stringify(texts)});
    const { skippedDevices } = embedder;
    await embedder.close();
    console.log(JSON.stringify({ data: [...data], device, skippedDevices }));
  }`;

describe('devices', () => {
  it('are tried fastest first, and every one left out has its reason', () => {
    const { order, skipped } = devicesToTry('auto', false);
    expect(order.at(-1)).toBe('cpu');
    const all = [...order, ...skipped.map(({ device }) => device)];
    expect(new Set(all)).toEqual(new Set(['cuda', 'webgpu', 'coreml', 'dml', 'cpu']));
    expect(all.length).toBe(5);
    for (const { reason } of skipped) expect(reason).toMatch(/\w{3}/);
    // The one that is asked for is tried, whatever this machine looks like.
    expect(devicesToTry('webgpu', true)).toEqual({ order: ['webgpu'], skipped: [] });
    // Adding up vectors gains nothing on a GPU.
    expect(devicesToTry('auto', true).order).toEqual(['cpu']);
  });

  it('are told by what is embedded', async () => {
    const embedder = await loadEmbedder(LOOKUP, { device: 'cpu' });
    expect((await embedder.embed(['あ'])).device).toBe('cpu');
    expect(embedder.skippedDevices).toEqual([]);
    await embedder.close();
  });

  it.runIf(process.platform === 'linux')(
    'that are asked for but do not work are refused, with the reason',
    async () => {
      const found = await withDrivers<object>('/nowhere.json', embedOn(LOOKUP, 'webgpu', ['あ']));
      expect(found).toMatchObject({
        code: 'no_device',
        message: expect.stringMatching(/'webgpu' cannot be used: WebGPU finds no adapter.*'auto' or 'cpu'$/),
      });
      expect(found).not.toMatchObject({ message: expect.stringMatching(/\.onnx|\.cc|cannot be loaded/) });
    },
  );

  it('that fail say what ONNX Runtime says, not where in its source, and leave the model’s file alone', () => {
    const place = '/onnxruntime_src/core/webgpu_context.cc:136 webgpu::Context::Initialize()::<lambda()>';
    const without = new Error(`${place} result.status == Status::Success was false. Failed to get a WebGPU
      adapter: No supported adapters`);
    expect(whyNotOn('webgpu', without)).toBe(
      'WebGPU finds no adapter, which is a GPU with a Vulkan or Metal driver (Failed to get a WebGPU adapter: No supported adapters)',
    );
    const library = new Error('Failed to load libonnxruntime_providers_cuda.so: libcudnn.so.9: cannot open');
    expect(whyNotOn('cuda', library)).toBe(`ONNX Runtime cannot run the model there (${library.message})`);
    expect(noDevice({ device: 'cuda', reason: 'it sleeps' })).toMatchObject({
      code: 'no_device',
      message: "device 'cuda' cannot be used: it sleeps; use device 'auto' or 'cpu'",
    });
  });

  it('CUDA comes with the way to add it, for the version of ONNX Runtime that is here', async (context) => {
    const lines = cudaInstructions();
    if (!lines) context.skip('ONNX Runtime has no CUDA provider for this platform, or it is installed');
    const { version } = await executionProviders();
    expect(lines![0]).toMatch(/^CUDA 12: node .*install\.js --onnxruntime-node-install=cuda12$/);
    expect(existsSync(lines![0]!.split(' ')[3]!)).toBe(true);
    expect(lines![1]).toContain(`onnxruntime-gpu==${version}`);
    await expect(loadEmbedder(LOOKUP, { device: 'cuda' })).rejects.toMatchObject({
      code: 'no_device',
      message: /'cuda' cannot be used: its library is not installed.*matomari doctor/,
    });
  });
});

describe('WebGPU on SwiftShader', () => {
  const skipReason = SWIFTSHADER
    ? vulkan
      ? undefined
      : 'no libvulkan.so.1: apt-get install libvulkan1'
    : 'no SwiftShader: apt-get install chromium-common';

  it.for([
    ['a model of the tests', LOOKUP, ['あい', '', 'かきくけこ']],
    ['an encoder', XLMR, ['雨の日の革靴', 'short']],
  ] as [string, string, string[]][])(
    'gives what the CPU gives: %s',
    { timeout: 300_000 },
    async ([, dir, texts], context) => {
      if (skipReason) context.skip(skipReason);
      if (!existsSync(dir)) context.skip(`no model at ${dir}`);
      const { data, device, skippedDevices } = await withDrivers<{
        data: number[];
        device: string;
        skippedDevices: [];
      }>(SWIFTSHADER!, embedOn(dir, 'webgpu', texts));
      expect([device, skippedDevices]).toEqual(['webgpu', []]);
      const cpu = await loadEmbedder(dir, { device: 'cpu', normalize: true });
      expect(difference(data, (await cpu.embed(texts)).data)).toBeLessThan(1e-5);
      await cpu.close();
    },
  );
});
