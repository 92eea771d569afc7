import { spawn } from 'node:child_process';

const dist = new URL('../../dist/esm/', import.meta.url).href;

export interface Exit {
  code: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
  seconds: number;
}

/** Runs a module in a Node process of its own, with the operations imported. */
export async function runNode(body: string, flags: string[] = []): Promise<Exit> {
  const source = `
    import { kmeans } from '${dist}kmeans.js';
    import { nearest } from '${dist}nearest.js';
    import { native } from '${dist}binding.js';
    ${body}
  `;
  const start = performance.now();
  const child = spawn(process.execPath, [...flags, '--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (text: Buffer) => {
    stdout += text;
  });
  child.stderr.on('data', (text: Buffer) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      resolve({ code, signal, stdout, stderr, seconds: (performance.now() - start) / 1000 });
    });
  });
}
