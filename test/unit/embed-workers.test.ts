import { execFile } from 'node:child_process';
import { cpSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { executionProviders } from 'matomari/embed';
import { describe, expect, it } from 'vitest';
import { WorkerLink } from '#dist/embed/worker-link.js';
import root from '#dist/root.cjs';
import { FIXTURES, temporaryFolder } from './embed-helpers.js';

const run = promisify(execFile);
const FILE = relative(join(root, 'dist', 'esm', 'embed'), join(FIXTURES, 'crash-worker'));
const link = () => new WorkerLink<string>(FILE, {}, 'test worker');

describe('a worker', () => {
  it('answers', async () => {
    const worker = link();
    expect(await worker.ready).toBe('ready');
    expect(await worker.call('op', { a: 1 })).toEqual({ a: 1 });
    await worker.close();
    await expect(async () => worker.call('op', {})).rejects.toMatchObject({ code: 'closed' });
  });

  it.each([
    ['throw', /test worker stopped: a defect/],
    ['exit', /test worker ended unexpectedly \(exit code 3\)/],
  ])('that dies (%s) rejects what is under way and all that follows', async (end, message) => {
    const worker = link();
    const waiting = worker.call('op', { end: 'never' });
    waiting.catch(() => {});
    await expect(worker.call('op', { end })).rejects.toMatchObject({ code: 'internal', message });
    await expect(waiting).rejects.toMatchObject({ code: 'internal', message });
    await expect(async () => worker.call('op', {})).rejects.toMatchObject({ code: 'internal', message });
    await worker.close();
  });

  it('is left at once by an aborted call, and serves the next', async () => {
    const worker = link();
    const abort = new AbortController();
    const waiting = worker.call('op', { end: 'never' }, { signal: abort.signal });
    abort.abort('why');
    await expect(waiting).rejects.toMatchObject({
      code: 'cancelled',
      message: 'op was cancelled',
      cause: 'why',
    });
    expect(await worker.call('op', { b: 2 })).toEqual({ b: 2 });
    await worker.close();
  });
});

describe('a process', () => {
  const index = JSON.stringify(join(root, 'dist', 'esm', 'embed', 'index.js'));
  const node = (script: string, type: string) =>
    run(process.execPath, [`--input-type=${type}`, '-e', script], { timeout: 30_000 });

  it('ends by itself with an embedder left open', async () => {
    const script = `import { loadEmbedder } from ${index};
      const embedder = await loadEmbedder('builtin');
      const { rows, cols } = await embedder.embed(['猫', '犬']);
      console.log(rows, cols);`;
    expect((await node(script, 'module')).stdout).toBe('2 128\n');
  });

  it('waits for close', async () => {
    const script = `import { loadEmbedder } from ${index};
      const embedder = await loadEmbedder('builtin');
      await embedder.close();
      console.log('closed');`;
    expect((await node(script, 'module')).stdout).toBe('closed\n');
  });

  it('waits for close after an abort, whose answers still come in', async () => {
    const script = `import { loadEmbedder } from ${index};
      const embedder = await loadEmbedder('builtin');
      const stop = new AbortController();
      const texts = Array.from({ length: 20000 }, (_, i) => '今日の天気 ' + i);
      const onProgress = ({ done }) => done > 4000 && stop.abort();
      await embedder.embed(texts, { signal: stop.signal, onProgress }).catch((error) => console.log(error.code));
      await embedder.close();
      console.log('closed');`;
    expect((await node(script, 'module')).stdout).toBe('cancelled\nclosed\n');
  });

  it('can be ended in the middle', async () => {
    const script = `import { loadEmbedder } from ${index};
      const embedder = await loadEmbedder('builtin');
      embedder.embed(Array.from({ length: 100000 }, (_, i) => '今日の天気 ' + i)).catch(() => {});
      setTimeout(() => { console.log('bye'); process.exit(7); }, 50);`;
    await expect(node(script, 'module')).rejects.toMatchObject({ code: 7, stdout: 'bye\n' });
  });

  it('lives on when its workers are terminated in the middle', async () => {
    const inside = `import { parentPort } from 'node:worker_threads';
      import { loadEmbedder } from ${index};
      const embedder = await loadEmbedder('builtin');
      embedder.embed(Array.from({ length: 200000 }, (_, i) => '今日の天気 ' + i)).catch(() => {});
      parentPort.postMessage('begun');`;
    const file = join(temporaryFolder(), 'inside.mjs');
    writeFileSync(file, inside);
    const script = `import { once } from 'node:events';
      import { Worker } from 'node:worker_threads';
      for (let i = 0; i < 6; i++) {
        const worker = new Worker(${JSON.stringify(file)}, { execArgv: [] });
        await once(worker, 'message');
        await new Promise((resolve) => setTimeout(resolve, 20 * i));
        console.log(await worker.terminate());
      }`;
    expect((await node(script, 'module')).stdout).toBe('1\n'.repeat(6));
  });
});

describe('executionProviders', () => {
  it('lists what ONNX Runtime has', async () => {
    const { version, providers, reason } = await executionProviders();
    expect(reason).toBeUndefined();
    expect(version).toMatch(/^\d+\.\d+/);
    expect(providers).toContainEqual({ name: 'cpu', bundled: true });
  });

  it('says why when there is no ONNX Runtime', async () => {
    // The package without its dependencies.
    const folder = temporaryFolder();
    cpSync(join(root, 'dist', 'esm'), join(folder, 'dist', 'esm'), { recursive: true });
    for (const file of ['package.json', 'CMakeLists.txt']) cpSync(join(root, file), join(folder, file));
    const script = `import { executionProviders, loadEmbedder } from ${JSON.stringify(join(folder, 'dist', 'esm', 'embed', 'index.js'))};
      const failed = await loadEmbedder(${JSON.stringify(join(FIXTURES, 'lookup'))}).catch((error) => error);
      console.log(JSON.stringify([await executionProviders(), failed.code]));`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], {
      timeout: 30_000,
    });
    const [found, code] = JSON.parse(stdout) as [{ providers: unknown[]; reason: string }, string];
    expect(found.providers).toEqual([]);
    expect(found.reason).toMatch(/onnxruntime-node could not be loaded.*npm ci/);
    expect(code).toBe('no_addon');
  });
});
