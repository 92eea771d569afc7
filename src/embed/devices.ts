import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { platform } from 'node:process';
import { MatomariError } from '../errors.js';
import root from '../root.cjs';

/** Where a model can run, in the order in which `auto` tries them. */
export const EMBED_DEVICES = ['cuda', 'webgpu', 'coreml', 'dml', 'cpu'] as const;
export type EmbedDevice = (typeof EMBED_DEVICES)[number];

/** A device that a model does not run on, and why. */
export interface SkippedDevice {
  device: EmbedDevice;
  reason: string;
}

const runtimeFolder = (): string =>
  dirname(createRequire(join(root, 'package.json')).resolve('onnxruntime-node/package.json'));

/** ONNX Runtime's folder of libraries for this platform; undefined where it is not installed. */
export function runtimeLibraries(): string | undefined {
  try {
    const bin = join(runtimeFolder(), 'bin');
    const napi = readdirSync(bin).find((name) => name.startsWith('napi-'));
    return napi === undefined ? undefined : join(bin, napi, platform, process.arch);
  } catch {
    return undefined;
  }
}

/** How the CUDA provider, which npm does not bring, is added; undefined where it is there or cannot be. */
export function cudaInstructions(): string[] | undefined {
  const libraries = runtimeLibraries();
  if (platform !== 'linux' || process.arch !== 'x64' || libraries === undefined) return undefined;
  if (hasCudaLibrary(libraries)) return undefined;
  const version = (
    createRequire(join(root, 'package.json'))('onnxruntime-node/package.json') as { version: string }
  ).version;
  return [
    `CUDA 12: node ${join(runtimeFolder(), 'script', 'install.js')} --onnxruntime-node-install=cuda12`,
    `CUDA 13: pip download --no-deps onnxruntime-gpu==${version} && unzip -jo onnxruntime_gpu-${version}-*.whl '*/libonnxruntime_providers_[cs]*' -d ${libraries}`,
  ];
}

const hasCudaLibrary = (libraries: string): boolean =>
  existsSync(join(libraries, 'libonnxruntime_providers_cuda.so'));

/**
 * The devices to try, one after another, and those that need no trial to be known as missing.
 *
 * A software Vulkan driver is a device to WebGPU as well, and far slower than the CPU provider, so `auto` tries WebGPU
 * on Linux only where the kernel has a GPU.
 *
 * @param device the one asked for, which is tried whatever this machine looks like; else `auto`
 * @param sums a static model, which only adds up vectors: `auto` leaves it on the CPU
 */
export function devicesToTry(
  device: EmbedDevice | 'auto',
  sums: boolean,
): { order: EmbedDevice[]; skipped: SkippedDevice[] } {
  const order: EmbedDevice[] = [];
  const skipped: SkippedDevice[] = [];
  for (const one of device === 'auto' ? EMBED_DEVICES : [device]) {
    const reason = missing(one) ?? (device === 'auto' ? unsuited(one, sums) : undefined);
    if (reason === undefined) order.push(one);
    else skipped.push({ device: one, reason });
  }
  return { order, skipped };
}

/** Why a device cannot be there. */
function missing(device: EmbedDevice): string | undefined {
  if (device === 'coreml' && platform !== 'darwin') return 'CoreML is for macOS only';
  if (device === 'dml' && platform !== 'win32') return 'DirectML is for Windows only';
  if (device !== 'cuda') return undefined;
  if (platform !== 'linux' || process.arch !== 'x64') return 'ONNX Runtime has CUDA for Linux on x64 only';
  const libraries = runtimeLibraries();
  if (libraries !== undefined && hasCudaLibrary(libraries)) return undefined;
  return 'its library is not installed; `matomari doctor` tells how to add it';
}

/** Why `auto` leaves a device out. */
function unsuited(device: EmbedDevice, sums: boolean): string | undefined {
  if (device === 'cpu') return undefined;
  if (sums) return 'a static model only adds up vectors, which the CPU does as fast as they can be read';
  const gpu =
    platform !== 'linux' || ['/dev/dri', '/dev/nvidiactl', '/dev/dxg'].some((path) => existsSync(path));
  return device === 'webgpu' && !gpu
    ? 'this machine has no GPU (no /dev/dri, /dev/nvidiactl or /dev/dxg)'
    : undefined;
}

/** What ONNX Runtime says of a failure, in one line and without the place in its own source that it begins with. */
export const saidBy = (cause: Error): string =>
  cause.message
    .replace(/\s+/g, ' ')
    .replace(/^\/\S+:\d+ .*? was false\. /, '')
    .trim();

/** Why a device did not take a model: a machine without the device is not the model's fault. */
export function whyNotOn(device: EmbedDevice, cause: Error): string {
  const said = saidBy(cause);
  return device === 'webgpu' && /adapter/i.test(said)
    ? `WebGPU finds no adapter, which is a GPU with a Vulkan or Metal driver (${said})`
    : `ONNX Runtime cannot run the model there (${said})`;
}

/** The refusal of a device that was asked for. */
export const noDevice = ({ device, reason }: SkippedDevice): MatomariError =>
  new MatomariError('no_device', `device '${device}' cannot be used: ${reason}; use device 'auto' or 'cpu'`);
