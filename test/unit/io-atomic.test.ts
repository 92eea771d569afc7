import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { AtomicFile, writeAtomic } from 'matomari/io';
import { beforeEach, describe, expect, it } from 'vitest';
import { MatomariError } from '#dist/errors.js';
import { fileError } from '#dist/io/file-error.js';
import { temporaryFolder } from '../temporary.js';

const root = temporaryFolder();
let folder = '';
let count = 0;
beforeEach(() => {
  folder = join(root.path, String(count++));
  mkdirSync(folder);
});
const at = (name: string) => join(folder, name);

describe('writeAtomic', () => {
  it('writes bytes, strings, and streams of both', async () => {
    await writeAtomic(at('a'), 'まとまり');
    await writeAtomic(at('b'), Uint8Array.of(0, 255));
    await writeAtomic(
      at('c'),
      (function* () {
        yield 'a';
        yield Uint8Array.of(98);
      })(),
    );
    await writeAtomic(
      at('d'),
      (async function* () {
        yield 'x'.repeat(300_000);
        yield 'y';
      })(),
    );
    expect(readFileSync(at('a'), 'utf8')).toBe('まとまり');
    expect([...readFileSync(at('b'))]).toEqual([0, 255]);
    expect(readFileSync(at('c'), 'utf8')).toBe('ab');
    expect(readFileSync(at('d'), 'utf8')).toBe(`${'x'.repeat(300_000)}y`);
    expect(readdirSync(folder).sort()).toEqual(['a', 'b', 'c', 'd']);
  });

  it('leaves the old file and nothing else when the content fails half-way', async () => {
    writeFileSync(at('a'), 'old');
    const failing = async function* () {
      yield 'x'.repeat(1_000_000);
      expect(readdirSync(folder)).toHaveLength(2);
      throw new Error('the source broke');
    };
    await expect(writeAtomic(at('a'), failing())).rejects.toThrow('the source broke');
    expect(readFileSync(at('a'), 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['a']);
  });

  it('stops when the signal fires, and leaves nothing', async () => {
    const abort = new AbortController();
    const content = async function* () {
      yield 'a';
      abort.abort(new Error('enough'));
      yield 'b';
    };
    const error = await writeAtomic(at('a'), content(), { signal: abort.signal }).catch((e) => e);
    expect(error).toMatchObject({ code: 'cancelled', cause: new Error('enough') });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('writes through a symbolic link and keeps the permissions of the file', async () => {
    writeFileSync(at('real'), 'old');
    chmodSync(at('real'), 0o640);
    symlinkSync('real', at('link'));
    await writeAtomic(at('link'), 'new');
    expect(lstatSync(at('link')).isSymbolicLink()).toBe(true);
    expect(readFileSync(at('real'), 'utf8')).toBe('new');
    expect(statSync(at('real')).mode & 0o777).toBe(0o640);
  });

  it('takes the longest names that the file system has', async () => {
    await writeAtomic(at('n'.repeat(255)), 'x');
    expect(readdirSync(folder)).toEqual(['n'.repeat(255)]);
  });

  it.each([
    [
      'a folder that is missing',
      () => at('no/such/file'),
      /no\/such\/file cannot be written because its folder does not exist: create/,
    ],
    ['a path through a file', () => join(at('file'), 'x'), /a part of the path is a file/],
    ['a folder', () => folder, /is a folder/],
    ['a device', () => '/dev/null', /\/dev\/null is not a regular file/],
    ['a name that is too long', () => at('n'.repeat(300)), /the name is too long/],
  ])('refuses %s', async (_, path, words) => {
    writeFileSync(at('file'), '');
    const error = await writeAtomic(path(), 'x').catch((e) => e);
    expect(error).toMatchObject({ name: 'MatomariError', code: 'bad_file' });
    expect(error.message).toMatch(words);
    expect(error.message).toContain(path());
    expect(readdirSync(folder)).toEqual(['file']);
  });

  it('refuses a folder that cannot be written', async (ctx) => {
    if (process.getuid?.() === 0) return ctx.skip('root may write anywhere');
    chmodSync(folder, 0o500);
    await expect(writeAtomic(at('a'), 'x')).rejects.toMatchObject({
      code: 'bad_file',
      message: expect.stringMatching(/permission denied/),
    });
    chmodSync(folder, 0o700);
  });

  it.each([undefined, 7, '', 'a\0b'])('refuses the path %j', async (path) => {
    await expect(writeAtomic(path as string, 'x')).rejects.toMatchObject({ code: 'bad_input' });
  });
});

describe('AtomicFile', () => {
  it('shows nothing before commit, and is closed after', async () => {
    const file = await AtomicFile.create(at('a'));
    await file.write('12345');
    await file.writeAt(Buffer.from('xy'), 1);
    await file.write('6');
    expect(file.size).toBe(6);
    expect(readdirSync(folder).filter((name) => !name.endsWith('.tmp'))).toEqual([]);
    await file.commit();
    expect(readFileSync(at('a'), 'utf8')).toBe('1xy456');
    expect(readdirSync(folder)).toEqual(['a']);
    await expect(file.write('7')).rejects.toMatchObject({ code: 'closed' });
    await expect(file.commit()).rejects.toMatchObject({ code: 'closed' });
    await file.abort();
    expect(readFileSync(at('a'), 'utf8')).toBe('1xy456');
  });

  it('copies what it is given', async () => {
    const file = await AtomicFile.create(at('a'));
    const bytes = Buffer.from('one');
    await file.write(bytes);
    bytes.write('two');
    await file.write(bytes);
    await file.commit();
    expect(readFileSync(at('a'), 'utf8')).toBe('onetwo');
  });

  it('removes the temporary on abort and when it is disposed of', async () => {
    const file = await AtomicFile.create(at('a'));
    await file.write('x'.repeat(500_000));
    await file.abort();
    await file.abort();
    const other = await AtomicFile.create(at('a'));
    await other[Symbol.asyncDispose]();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('reports a failing rename and removes the temporary', async () => {
    const file = await AtomicFile.create(at('a'));
    await file.write('x');
    mkdirSync(at('a'));
    await expect(file.commit()).rejects.toMatchObject({
      code: 'bad_file',
      message: expect.stringContaining(at('a')),
    });
    expect(readdirSync(folder)).toEqual(['a']);
  });
});

describe('what the operating system says', () => {
  it.each([
    ['EACCES', 'write', /^f cannot be written: permission denied/],
    ['EPERM', 'read', /^f cannot be read: permission denied/],
    ['EROFS', 'write', /^f .*file system is read-only/],
    ['ENOSPC', 'write', /^f .*disk is full/],
    ['EDQUOT', 'write', /^f .*quota/],
    ['ENOENT', 'read', /^f does not exist/],
    ['EISDIR', 'read', /^f is a folder/],
    ['EMFILE', 'read', /^f .*too many files/],
    ['EIO', 'read', /^f cannot be read: i\/o error/],
  ] as const)('%s on %s', (code, doing, words) => {
    const cause = Object.assign(new Error(`${code}: i/o error`), { code });
    const error = fileError(cause, 'f', doing) as MatomariError;
    expect(error).toMatchObject({ code: 'bad_file', cause });
    expect(error.message).toMatch(words);
  });

  it('leaves every other error as it is', () => {
    for (const error of [new TypeError('defect'), new MatomariError('bad_input', 'x'), 'text'])
      expect(fileError(error, 'f', 'read')).toBe(error);
  });
});
