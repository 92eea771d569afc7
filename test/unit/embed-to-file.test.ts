import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type Embedder, loadEmbedder } from 'matomari/embed';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import root from '#dist/root.cjs';
import { FIXTURES, headlines, temporaryFolder } from './embed-helpers.js';

const LOOKUP = join(FIXTURES, 'lookup');
const texts = headlines(9000);

let embedder: Embedder;
beforeAll(async () => {
  embedder = await loadEmbedder('builtin');
});
afterAll(() => embedder.close());

const newPath = () => join(temporaryFolder(), 'embeddings.npy');
const files = (path: string) => readdirSync(join(path, '..')).sort();

/** The texts one by one; stops the run at `at` by aborting. */
async function* stream(list: string[], abort?: AbortController, at = Infinity): AsyncGenerator<string> {
  for (let i = 0; i < list.length; i++) {
    if (i === at) abort!.abort(new Error('stop here'));
    yield list[i]!;
  }
}

/** A file left behind by a run that was aborted after some windows. */
async function interrupted(path: string, options: object = {}): Promise<number> {
  const abort = new AbortController();
  const onProgress = () => {
    // The journal is written after a window; the first line is the settings.
    const lines = existsSync(`${path}.journal`)
      ? readFileSync(`${path}.journal`, 'utf8').split('\n').length
      : 0;
    if (lines > 3) abort.abort();
  };
  const running = embedder.embedToFile(stream(texts), path, { ...options, signal: abort.signal, onProgress });
  await expect(running).rejects.toMatchObject({ code: 'cancelled' });
  expect(files(path)).toEqual(['embeddings.npy.journal', 'embeddings.npy.partial']);
  return (statSync(`${path}.partial`).size - 128) / 512;
}

describe('embedToFile', () => {
  let whole: Buffer;
  beforeAll(async () => {
    const path = newPath();
    const result = await embedder.embedToFile(texts, path);
    expect(result).toMatchObject({ rows: 9000, cols: 128, truncated: 0 });
    expect(files(path)).toEqual(['embeddings.npy']);
    whole = readFileSync(path);
  });

  it('writes what embed gives, under the header that NumPy writes', async () => {
    const dict = `{'descr': '<f4', 'fortran_order': False, 'shape': (9000, 128), }`;
    expect(whole.subarray(0, 10).toString('latin1')).toBe('\x93NUMPY\x01\x00\x76\x00');
    expect(whole.subarray(10, 128).toString('latin1')).toBe(`${dict.padEnd(117)}\n`);
    const { data } = await embedder.embed(texts);
    expect(Buffer.compare(whole.subarray(128), Buffer.from(data.buffer))).toBe(0);
  });

  it('takes any iterable, sync or async, and an empty one', async () => {
    const path = newPath();
    await embedder.embedToFile(stream(texts), path);
    expect(Buffer.compare(readFileSync(path), whole)).toBe(0);
    const few = texts.slice(0, 3);
    await embedder.embedToFile(new Set(few), path);
    expect(Buffer.compare(readFileSync(path).subarray(128), whole.subarray(128, 128 + 3 * 512))).toBe(0);
    expect(await embedder.embedToFile([], path)).toMatchObject({
      rows: 0,
      cols: 128,
      truncated: 0,
      tokens: 0,
    });
    expect(readFileSync(path).subarray(10, 90).toString()).toContain('(0, 128)');
  });

  it('goes on after an abort and ends with the same bytes and counts', async () => {
    const path = newPath();
    const before = await interrupted(path);
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThan(9000);
    const done: number[] = [];
    const onProgress = (p: { done: number; total: number }) => {
      expect(p.total).toBe(9000);
      done.push(p.done);
    };
    const result = await embedder.embedToFile(texts, path, { resume: true, onProgress });
    expect(done[0]).toBeGreaterThan(0);
    expect(done.at(-1)).toBe(9000);
    expect(Buffer.compare(readFileSync(path), whole)).toBe(0);
    const tokens = (await embedder.countTokens(texts)).reduce((a, b) => a + b, 0);
    expect(result).toMatchObject({ rows: 9000, cols: 128, truncated: 0, tokens });
    expect(files(path)).toEqual(['embeddings.npy']);
  });

  it('goes on after a kill, torn files included', async () => {
    const path = newPath();
    const list = join(temporaryFolder(), 'texts.json');
    writeFileSync(list, JSON.stringify(texts));
    const child = spawn(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `import { readFileSync } from 'node:fs';
         import { setTimeout as wait } from 'node:timers/promises';
         import { loadEmbedder } from ${JSON.stringify(join(root, 'dist/esm/embed/index.js'))};
         const texts = JSON.parse(readFileSync(${JSON.stringify(list)}, 'utf8'));
         async function* slowly() { for (const [i, text] of texts.entries()) { if (i % 2048 === 2047) await wait(100); yield text; } }
         const embedder = await loadEmbedder('builtin');
         await embedder.embedToFile(slowly(), ${JSON.stringify(path)});`,
      ],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    );
    const exit = once(child, 'exit');
    const journal = () =>
      existsSync(`${path}.journal`) ? readFileSync(`${path}.journal`, 'utf8').split('\n').length : 0;
    while (journal() < 3 && child.exitCode === null) await wait(2);
    child.kill('SIGKILL');
    expect((await exit)[1]).toBe('SIGKILL');
    expect(files(path)).toEqual(['embeddings.npy.journal', 'embeddings.npy.partial']);
    // As if it had died in the middle of both writes.
    appendFileSync(`${path}.partial`, Buffer.alloc(777, 1));
    appendFileSync(`${path}.journal`, '{"rows":99999,"tok');
    await embedder.embedToFile(stream(texts), path, { resume: true });
    expect(Buffer.compare(readFileSync(path), whole)).toBe(0);
  });

  it('does the same for a model whose batches are padded', async () => {
    const padded = await loadEmbedder(LOOKUP);
    const list = Array.from({ length: 7000 }, (_, i) => 'あいうえおかきくけこ'.slice(0, 1 + ((i * 7) % 10)));
    const [path, other] = [newPath(), newPath()];
    await padded.embedToFile(list, path);
    const abort = new AbortController();
    const first = padded.embedToFile(stream(list, abort, 6500), other, { signal: abort.signal });
    await expect(first).rejects.toMatchObject({ code: 'cancelled' });
    await padded.embedToFile(list, other, { resume: true });
    expect(Buffer.compare(readFileSync(other), readFileSync(path))).toBe(0);
    await padded.close();
  });

  it('starts over without resume, and with it where there is nothing to resume', async () => {
    const path = newPath();
    await interrupted(path);
    const few = texts.slice(5, 8);
    expect(await embedder.embedToFile(few, path)).toMatchObject({ rows: 3 });
    expect(files(path)).toEqual(['embeddings.npy']);
    expect(await embedder.embedToFile(texts, path, { resume: true })).toMatchObject({ rows: 9000 });
    expect(Buffer.compare(readFileSync(path), whole)).toBe(0);
  });

  it('refuses to go on with other texts, fewer texts or other settings', async () => {
    const path = newPath();
    await interrupted(path);
    const changed = ['changed', ...texts.slice(1)];
    const resume = (list: string[], options: object = {}) =>
      embedder.embedToFile(list, path, { resume: true, ...options });
    await expect(resume(changed)).rejects.toMatchObject({ code: 'bad_input', message: /not those that/ });
    await expect(resume(texts.slice(0, 100))).rejects.toMatchObject({ code: 'bad_input' });
    await expect(resume(texts, { promptText: 'x' })).rejects.toMatchObject({
      code: 'bad_option',
      message: /prompt "", now "x"/,
    });
    // None of that harmed what was there.
    await resume(texts);
    expect(Buffer.compare(readFileSync(path), whole)).toBe(0);
  });

  it('refuses damaged remains', async () => {
    const path = newPath();
    await interrupted(path);
    truncateSync(`${path}.partial`, 1000);
    const resumed = embedder.embedToFile(texts, path, { resume: true });
    await expect(resumed).rejects.toMatchObject({ code: 'bad_file', message: /shorter than its journal/ });
    writeFileSync(`${path}.journal`, 'what\n');
    const again = embedder.embedToFile(texts, path, { resume: true });
    await expect(again).rejects.toMatchObject({ code: 'bad_option', message: /journal is not readable/ });
  });

  it('refuses bad arguments and places that cannot be written', async () => {
    const code = (code: string, message: RegExp) => ({ code, message });
    await expect(embedder.embedToFile('abc', newPath())).rejects.toMatchObject(code('bad_input', /iterable/));
    await expect(embedder.embedToFile(texts, '')).rejects.toMatchObject(code('bad_input', /path/));
    const resume = { resume: 1 as never };
    await expect(embedder.embedToFile(texts, newPath(), resume)).rejects.toMatchObject(
      code('bad_option', /resume/),
    );
    const lost = join(temporaryFolder(), 'no', 'such', 'folder.npy');
    await expect(embedder.embedToFile(texts, lost)).rejects.toMatchObject(
      code('bad_file', /its folder does not exist/),
    );
    const folder = newPath();
    mkdirSync(folder);
    await expect(embedder.embedToFile(texts.slice(0, 2), folder)).rejects.toMatchObject(
      code('bad_file', /is a folder/),
    );
    const path = newPath();
    const wrong = [...texts.slice(0, 3000), 5 as never];
    await expect(embedder.embedToFile(wrong, path)).rejects.toMatchObject(
      code('bad_input', /text 3000 is 5/),
    );
    expect(existsSync(path)).toBe(false);
  });

  it('stops waiting for a source that hangs', async () => {
    const abort = new AbortController();
    async function* hangs() {
      yield 'one';
      await new Promise(() => {});
    }
    const running = embedder.embedToFile(hangs(), newPath(), { signal: abort.signal });
    setTimeout(() => abort.abort(), 30);
    await expect(running).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('rejects with what the source throws', async () => {
    async function* breaks() {
      yield 'one';
      throw new RangeError('disk on fire');
    }
    await expect(embedder.embedToFile(breaks(), newPath())).rejects.toThrow('disk on fire');
  });
});
