import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { type Document, type ReadDocumentsOptions, readDocuments, streamDocuments } from 'matomari/io';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../temporary.js';

const folder = temporaryFolder();
const read = (name: string, content: string | Uint8Array, options?: ReadDocumentsOptions) =>
  readDocuments(folder.write(name, content), options);
const columns = { text: 'title', id: 'id', category: 'category' };

/** The error, which must have this code and name the file once it is read. */
async function refusal(promise: Promise<unknown>, code: string): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (e) => e,
  );
  expect(error).toMatchObject({ name: 'MatomariError', code });
  expect(error.message).toContain(folder.path);
  expect(error.message).not.toMatch(/\n/);
  return error.message.replaceAll(`${folder.path}/`, '');
}

describe('CSV and TSV', () => {
  it('reads the columns asked for, quotes and all', async () => {
    const csv = '\ufeffid,title,category\r\n1,"a, ""b""\r\nc",x\r\n2,,y\r\n"3","日本語 𠮷",""';
    const want = [
      { id: '1', text: 'a, "b"\r\nc', category: 'x' },
      { id: '2', text: '', category: 'y' },
      { id: '3', text: '日本語 𠮷', category: '' },
    ];
    expect(await read('a.csv', csv, columns)).toEqual(want);
    expect(await read('a.tsv', csv.replaceAll(/,(?! )/g, '\t').replace('"3"\t', '"3"\t'), columns)).toEqual(
      want,
    );
    expect(await read('a.dat', csv, { ...columns, format: 'csv' })).toEqual(want);
    expect(await read('A.CSV', csv, columns)).toEqual(want);
  });

  it('numbers documents from 0 and gives no category unless asked', async () => {
    expect(await read('a.csv', 'x,title\n9,a\n9,b\n', { text: 'title' })).toStrictEqual([
      { id: '0', text: 'a' },
      { id: '1', text: 'b' },
    ]);
  });

  it('needs no text option for a single column, whose blank lines are empty texts', async () => {
    expect((await read('a.csv', 'title\na\n\nb\n""\n')).map((d) => d.text)).toEqual(['a', '', 'b', '']);
  });

  it('passes over blank lines between rows, and takes LF, CRLF and CR', async () => {
    expect(
      (await read('a.csv', '\nid,title\n\n1,a\n\r\n2,b\r3,c\n\n', columnsOf('title'))).map((d) => d.text),
    ).toEqual(['a', 'b', 'c']);
  });

  it.each([
    [
      'too many fields',
      'id,title\n1,"a\r\nb\nc"\n\n2,b,c\n',
      'a.csv has 3 fields in line 6, but the header has 2: put a field that holds a comma in quotes',
    ],
    [
      'too few fields',
      'id,title\n1,a\n2\n',
      'a.csv has 1 field in line 3, but the header has 2: add the missing fields',
    ],
    [
      'an unclosed quote',
      'id,title\n1,a\n2,"b\n3,c\n',
      'a.csv has an unclosed quote in the row that starts in line 3: close it, or double a quote that is meant as text ("")',
    ],
    [
      'an unclosed quote in the header',
      'id,"title\n1,a\n',
      'a.csv has an unclosed quote in the row that starts in line 1: close it, or double a quote that is meant as text ("")',
    ],
    [
      'text after a quote',
      'id,title\n1,"a"b\n',
      'a.csv has text after a closing quote in the row that starts in line 2: double a quote that is meant as text (""), or close the one before',
    ],
    [
      'a quote in a field',
      'id,title\r\n1,a\r\n2,b "c"\r\n',
      'a.csv has a quote in the middle of a field in the row that starts in line 3: put the whole field in quotes and double the quotes in it ("")',
    ],
  ])('refuses %s with the line', async (_, csv, message) => {
    expect(await refusal(read('a.csv', csv, columnsOf('title')), 'bad_file')).toBe(message);
  });

  it('names the columns there are', async () => {
    expect(await refusal(read('a.csv', 'id,title\n1,a\n', { text: 'titel' }), 'bad_input')).toBe(
      'a.csv has no column "titel"; it has "id", "title": did you mean "title"?',
    );
    expect(
      await refusal(read('a.csv', 'id,title\n1,a\n', { text: 'title', category: 'zzzzzzzz' }), 'bad_input'),
    ).toBe('a.csv has no column "zzzzzzzz"; it has "id", "title"');
    expect(await refusal(read('a.csv', 'id,title\n1,a\n'), 'bad_option')).toBe(
      'a.csv has the columns "id", "title": say which one is the text (text: "id", or --text on the command line)',
    );
    const wide = Array.from({ length: 40 }, (_, i) => `c${i}`).join(',');
    expect(await refusal(read('a.csv', `${wide}\n`, { text: 'x' }), 'bad_input')).toMatch(
      /"c29" and 10 more/,
    );
  });

  it('refuses a column that stands twice, if it is the one asked for', async () => {
    expect(await refusal(read('a.csv', 'x,x,title\n1,2,a\n', { text: 'x' }), 'bad_input')).toMatch(
      /column "x" twice/,
    );
    expect(await read('a.csv', 'x,x,title\n1,2,a\n', { text: 'title' })).toHaveLength(1);
  });

  it('sees that another delimiter was meant', async () => {
    expect(await refusal(read('a.csv', 'id;title\n1;a\n', { text: 'title' }), 'bad_input')).toMatch(
      /separated by ";", not by ","/,
    );
    expect(await refusal(read('a.csv', 'id\ttitle\n1\ta\n'), 'bad_input')).toMatch(/separated by "\\t"/);
    expect(await refusal(read('a.tsv', 'id,title\n1,a\n'), 'bad_input')).toMatch(
      /separated by ",", not by "\\t"/,
    );
  });
});

const columnsOf = (text: string) => ({ text });

describe('JSONL', () => {
  it('reads fields, numbers as ids and categories', async () => {
    const jsonl =
      '\ufeff{"id":7,"title":"a\\u00e9","category":2.5}\r\n\n{"title":"","id":"x","category":"c","more":[1]}';
    expect(await read('a.jsonl', jsonl, columns)).toEqual([
      { id: '7', text: 'aé', category: '2.5' },
      { id: 'x', text: '', category: 'c' },
    ]);
    expect(await read('a.ndjson', '{"only":"a"}\n{"only":"b","x":1}\n')).toEqual([
      { id: '0', text: 'a' },
      { id: '1', text: 'b' },
    ]);
  });

  it.each([
    [
      'a broken line',
      '{"title":"a"}\n\n{"title":"b"\n',
      'bad_file',
      /^a\.jsonl has no valid JSON in line 3: write one object a line/,
    ],
    [
      'an array over lines',
      '[\n{"title":"a"}\n]\n',
      'bad_file',
      /in line 1 \(it looks like a JSON array over several lines\)/,
    ],
    [
      'a line that is no object',
      '{"title":"a"}\n"b"\n',
      'bad_file',
      /^a\.jsonl holds "b" in line 2, not an object/,
    ],
    ['null', 'null\n', 'bad_file', /holds null in line 1/],
    ['an array in a line', '[1,2]\n', 'bad_file', /holds an array of 2 in line 1/],
    [
      'a missing field',
      '{"title":"a"}\n{"titel":"b","id":1}\n',
      'bad_input',
      /^a\.jsonl, line 2, has no field "title"; it has "titel", "id": did you mean "titel"\?$/,
    ],
    ['a field of the prototype', '{"toString":1}\n', 'bad_input', /has no field "title"/],
    [
      'a text that is a number',
      '{"title":7}\n',
      'bad_input',
      /^a\.jsonl, line 1, has the number 7 in field "title", not a string$/,
    ],
    ['a text that is null', '{"title":null}\n', 'bad_input', /has null in field "title"/],
    ['a text that is an object', '{"title":{}}\n', 'bad_input', /has an object in field "title"/],
    ['half a character', '{"title":"\\ud83d"}\n', 'bad_input', /has half a character \(a lone surrogate\)/],
  ])('refuses %s with the line', async (_, jsonl, code, words) => {
    expect(await refusal(read('a.jsonl', jsonl, { text: 'title' }), code)).toMatch(words);
  });

  it('refuses ids that JSON cannot carry, and fields when there are several', async () => {
    const large = '{"title":"a","id":12345678901234567890}\n';
    expect(await refusal(read('a.jsonl', large, { text: 'title', id: 'id' }), 'bad_input')).toMatch(
      /beyond 2\^53 .* write it in quotes/,
    );
    expect(await refusal(read('a.jsonl', large), 'bad_option')).toMatch(
      /^a\.jsonl has the fields "title", "id": say which/,
    );
  });
});

describe('plain lines', () => {
  it('keeps every line but the end of the last', async () => {
    const lines = async (text: string) => (await read('a.txt', text)).map((d) => d.text);
    expect(await lines('a\r\n\n b\t\nc')).toEqual(['a', '', ' b\t', 'c']);
    expect(await lines('a\n')).toEqual(['a']);
    expect(await lines('a\n\n')).toEqual(['a', '']);
    expect(await lines('\n')).toEqual(['']);
  });

  it('have no columns', async () => {
    expect(await read('a.txt', 'a\n', { text: 'title' })).toHaveLength(1);
    expect(await refusal(read('a.txt', 'a\n', { category: 'c' }), 'bad_option')).toMatch(
      /plain lines, which have no column "c"/,
    );
  });
});

describe('a folder', () => {
  it('reads .txt files by code point of their path', async () => {
    const path = join(folder.path, 'corpus');
    const files: Record<string, string> = {
      'b/2.txt': 'b2\r\n',
      'b/1.txt': '\ufeffb1',
      'a/deep/er/x.TXT': '',
      'top.txt': 'top',
      'ｆ.txt': 'full width, U+FF46',
      '𠮷.txt': 'U+20BB7 comes after, though its first UTF-16 unit is smaller',
      'b/notes.md': 'no',
      '.hidden.txt': 'no',
      '.git/x.txt': 'no',
    };
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(join(path, name, '..'), { recursive: true });
      folder.write(join('corpus', name), text);
    }
    symlinkSync('..', join(path, 'b', 'loop'));
    symlinkSync('../top.txt', join(path, 'b', 'linked.txt'));
    const progress: number[] = [];
    const documents = await readDocuments(path, {
      text: 'any',
      onProgress: (p) => progress.push(p.done, p.total),
    });
    expect(documents).toStrictEqual([
      { id: 'a/deep/er/x.TXT', text: '', category: 'er' },
      { id: 'b/1.txt', text: 'b1', category: 'b' },
      { id: 'b/2.txt', text: 'b2\r\n', category: 'b' },
      { id: 'b/linked.txt', text: 'top', category: 'b' },
      { id: 'top.txt', text: 'top' },
      { id: 'ｆ.txt', text: files['ｆ.txt'] },
      { id: '𠮷.txt', text: files['𠮷.txt'] },
    ]);
    expect(progress).toEqual([7, 7]);
    await expect(readDocuments(path, { format: 'lines' })).rejects.toMatchObject({ code: 'bad_option' });
  });

  it('refuses one without texts, and a text that is none', async () => {
    mkdirSync(join(folder.path, 'bare'));
    expect(await refusal(readDocuments(join(folder.path, 'bare')), 'bad_input')).toMatch(
      /^bare holds no documents: .*\.txt files/,
    );
    folder.write('bare/a.md', 'x');
    expect(await refusal(readDocuments(join(folder.path, 'bare')), 'bad_input')).toMatch(
      /it has 1 other files/,
    );
    folder.write('bare/b.txt', Uint8Array.of(0x83, 0x41));
    expect(await refusal(readDocuments(join(folder.path, 'bare')), 'bad_file')).toMatch(
      /^bare\/b\.txt is not valid UTF-8 in line 1/,
    );
  });
});

describe('files that are not what their name says', () => {
  it.each([
    ['a PNG', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), /^a\.csv is a PNG image, not text/],
    ['gzip', gzipSync('id,title\n1,a\n'), /^a\.csv is gzip data, not text: unpack it first/],
    [
      'a workbook',
      Buffer.from('504b0304140000000800', 'hex'),
      /^a\.csv is a zip archive or an Excel workbook, not text/,
    ],
    ['NUL bytes', Buffer.from('id,title\n1,a\n2,b\0c\n'), /^a\.csv holds a NUL byte in line 3/],
    [
      'UTF-16',
      Buffer.from('\ufeffid,title\n1,a\n', 'utf16le'),
      /^a\.csv is UTF-16 text: convert it to UTF-8/,
    ],
    [
      'UTF-16, big-endian',
      Buffer.from('\ufeffid,title\n1,a\n', 'utf16le').swap16(),
      /^a\.csv is UTF-16 text/,
    ],
    [
      'Shift_JIS',
      Buffer.from([...Buffer.from('id,title\n1,a\n2,'), 0x93, 0xfa, 0x96, 0x7b, 10]),
      /^a\.csv is not valid UTF-8 in line 3: .*iconv -f CP932/,
    ],
    [
      'a character cut at the end',
      Buffer.from('id,title\n1,日').subarray(0, -1),
      /not valid UTF-8 in line 2/,
    ],
    [
      'an overlong form',
      Buffer.from([...Buffer.from('id,title\n1,'), 0xc0, 0x80, 10]),
      /not valid UTF-8 in line 2/,
    ],
    [
      'an encoded surrogate',
      Buffer.from([...Buffer.from('id,title\n1,'), 0xed, 0xa0, 0x80, 10]),
      /not valid UTF-8 in line 2/,
    ],
  ])('%s', async (_, bytes, words) => {
    expect(await refusal(read('a.csv', bytes, { text: 'title' }), 'bad_file')).toMatch(words);
  });

  it('finds the line beyond the first chunk', async () => {
    const good = 'x'.repeat(99).concat('\n').repeat(10_000);
    const bytes = Buffer.concat([Buffer.from(good), Buffer.of(0xff, 10), Buffer.from(good)]);
    expect(await refusal(read('a.txt', bytes), 'bad_file')).toMatch(/in line 10001:/);
  });

  it.each(['a.dat', 'noending', 'a.csvx'])('the name %s tells no format', async (name) => {
    expect(await refusal(read(name, 'a\n'), 'bad_option')).toMatch(
      /cannot be told from its name: give format/,
    );
  });

  it.each([
    ['a.json', /is a \.json file, which is not read/],
    ['a.parquet', /\.parquet/],
    ['a.csv.gz', /is packed/],
  ])('the name %s tells one that is not read', async (name, words) => {
    expect(await refusal(read(name, 'a\n'), 'bad_file')).toMatch(words);
  });
});

describe('no documents, bad ids, bad options', () => {
  it.each([
    ['a.csv', ''],
    ['a.csv', 'title\n'],
    ['a.csv', 'title'],
    ['a.csv', '\ufeff'],
    ['a.jsonl', '\n\n'],
    ['a.txt', ''],
    ['a.tsv', '\n\n'],
  ])('%s holding %j has no documents', async (name, content) => {
    expect(await refusal(read(name, content), 'bad_input')).toBe(
      `${name} holds no documents: give at least one (a header alone is none)`,
    );
  });

  it('refuses an id that stands twice, with both lines', async () => {
    const csv = 'id,title\n1,"a\nb"\n2,c\n1,d\n';
    expect(await refusal(read('a.csv', csv, { text: 'title', id: 'id' }), 'bad_input')).toBe(
      'a.csv has the id "1" in line 2 and again in line 5: give every document its own id',
    );
    expect(await read('a.csv', csv, { text: 'title' })).toHaveLength(3);
    expect(
      await refusal(
        read('a.jsonl', '{"t":"a","id":1}\n{"t":"b","id":"1"}\n', { text: 't', id: 'id' }),
        'bad_input',
      ),
    ).toMatch(/id "1" in line 1 and again in line 2/);
  });

  it('refuses options', async () => {
    await expect(read('a.txt', 'a', { texts: 'a' } as never)).rejects.toThrow(
      'readDocuments has no option "texts": did you mean "text"?',
    );
    await expect(read('a.txt', 'a', { text: '' })).rejects.toMatchObject({ code: 'bad_option' });
    await expect(read('a.txt', 'a', { id: 3 as never })).rejects.toMatchObject({ code: 'bad_option' });
    await expect(read('a.txt', 'a', { format: 'cvs' as never })).rejects.toThrow(/did you mean "csv"/);
    await expect(readDocuments('')).rejects.toMatchObject({ code: 'bad_input' });
  });

  it('says that a path does not exist', async () => {
    expect(await refusal(readDocuments(join(folder.path, 'none.csv'), { text: 'a' }), 'bad_file')).toBe(
      'none.csv does not exist: check the path',
    );
    folder.write('file', '');
    expect(await refusal(readDocuments(join(folder.path, 'file', 'x.csv')), 'bad_file')).toMatch(
      /a part of the path is a file/,
    );
  });
});

describe('streams', () => {
  const many = Array.from({ length: 20_000 }, (_, i) => `行${i} of a file that spans several chunks`);

  it('yields what readDocuments returns, and can be left early', async () => {
    const path = folder.write('many.txt', many.join('\r\n'));
    const all: Document[] = [];
    for await (const document of streamDocuments(path)) all.push(document);
    expect(all).toEqual(await readDocuments(path));
    expect(all.map((d) => d.text)).toEqual(many);
    for await (const document of streamDocuments(path)) if (document.id === '5') break;
  });

  it('tells how far it is, and stops at the signal', async () => {
    const path = folder.write('many.csv', `id,title\n${many.map((text, i) => `${i},${text}`).join('\n')}\n`);
    const seen: { stage: string; done: number; total: number }[] = [];
    await readDocuments(path, { text: 'title', onProgress: (p) => seen.push(p) });
    expect(seen.length).toBeGreaterThan(1);
    expect(seen.at(-1)).toEqual({ stage: 'read', done: seen[0]!.total, total: seen[0]!.total });
    const abort = new AbortController();
    const reason = new Error('enough');
    const stopped = readDocuments(path, {
      text: 'title',
      signal: abort.signal,
      onProgress: () => abort.abort(reason),
    });
    await expect(stopped).rejects.toMatchObject({ code: 'cancelled', cause: reason });
    await expect(readDocuments(path, { text: 'title', signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'cancelled',
    });
  });

  const index = fileURLToPath(new URL('../../dist/esm/io/index.js', import.meta.url));
  const script = (options: string) => [
    '--input-type=module',
    '-e',
    `import { readDocuments } from ${JSON.stringify(index)};
     readDocuments('-', ${options}).then((d) => console.log(JSON.stringify(d)), (e) => console.log(e.code + ': ' + e.message));`,
  ];

  it('reads standard input, as plain lines unless told otherwise', () => {
    const run = (input: string, options: string) =>
      spawnSync(process.execPath, script(options), { input, encoding: 'utf8' }).stdout.trim();
    expect(JSON.parse(run('a\nb\n', '{}'))).toEqual([
      { id: '0', text: 'a' },
      { id: '1', text: 'b' },
    ]);
    expect(JSON.parse(run('t\ta\nx\ty\n', '{ format: "tsv", text: "a" }'))).toEqual([{ id: '0', text: 'y' }]);
    expect(run('', '{}')).toMatch(/^bad_input: standard input holds no documents/);
    expect(run('t,a\nx\n', '{ format: "csv", text: "a" }')).toMatch(
      /^bad_file: standard input has 1 field in line 2/,
    );
  });

  it('stops waiting for standard input at the signal', async () => {
    const child = spawn(process.execPath, script('{ signal: AbortSignal.timeout(300) }'), {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    child.stdin.write('a\n');
    let out = '';
    for await (const chunk of child.stdout) out += chunk;
    expect(out).toMatch(/^cancelled: /);
  });

  it('reads a named pipe', async () => {
    const pipe = join(folder.path, 'pipe.txt');
    execFileSync('mkfifo', [pipe]);
    spawn('sh', ['-c', `printf 'a\\nb' > '${pipe}'`]);
    expect(await readDocuments(pipe)).toEqual([
      { id: '0', text: 'a' },
      { id: '1', text: 'b' },
    ]);
  });
});
