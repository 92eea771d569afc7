import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { matrix } from 'matomari';
import { writeNpy } from 'matomari/io';
import { beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../temporary.js';
import { headlines, jsonLines, listing, matomari, repository } from './cli.js';

const folder = temporaryFolder();
const at = (name: string) => join(folder.path, name);
const documents = headlines(4);
const rows = documents.map(({ id, text, category }) => `${id},${text},${category}`);
const table = (name: string, ...lines: string[]) =>
  folder.write(name, `${['id,title,category', ...lines].join('\n')}\n`);

const good = table('good.csv', ...rows);
const one = table('one.csv', rows[0]!);
const headerOnly = table('header.csv');
const blank = table('blank.csv', 'a,,x', 'b,,y', 'c,"  ",x');
const tooMany = table('fields.csv', ...rows.slice(0, 2), 'h9,雨,晴れ,sports');
const unclosed = table('quote.csv', rows[0]!, 'h9,"雨と靴,sports', rows[1]!);
const twice = table('twice.csv', rows[0]!, rows[0]!);
const nothing = folder.write('empty.csv', '');
const picture = folder.write('picture.csv', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'));
const cp932 = folder.write(
  'cp932.csv',
  Buffer.concat([Buffer.from('title\nok\n'), Buffer.from([0x89, 0x4a, 0x0a])]),
);
const broken = folder.write('broken.jsonl', '{"title": "雨"}\n{"title": \n');
const noArray = folder.write('no-array.npy', 'title\nrain\n');
const inTheWay = folder.write('in-the-way', 'a file');

/** A folder that no run may leave behind. */
const out = at('out');
const RUN = ['--text', 'title', '--clusters', '2', '--out', out];

beforeAll(async () => {
  const vectors = matrix([
    [0, 0],
    [1, 2],
    [3, 4],
  ]);
  await writeNpy(at('vectors.npy'), vectors);
  await writeNpy(at('labels.npy'), Int32Array.of(0, 1, 1));
  await writeNpy(at('halves.npy'), Float32Array.of(0, 0.5, 1));
  vectors.data[3] = Number.NaN;
  await writeNpy(at('nan.npy'), vectors);
  cpSync(join(repository, 'models/builtin'), at('model'), { recursive: true });
  rmSync(at('model/tokenizer.json'));
  mkdirSync(at('no-texts'));
});

type Case = [
  what: string,
  args: string[],
  status: number,
  code: string,
  says: RegExp,
  env?: Record<string, string>,
];

const corpus: Case[] = [
  ['an empty file', ['run', nothing, ...RUN], 3, 'bad_input', /empty\.csv.*(header|no documents)/],
  [
    'a header and nothing else',
    ['run', headerOnly, ...RUN],
    3,
    'bad_input',
    /header\.csv holds no documents/,
  ],
  [
    'empty standard input',
    ['run', '-', ...RUN.slice(2)],
    3,
    'bad_input',
    /standard input holds no documents/,
  ],
  [
    'one document in two clusters',
    ['run', one, ...RUN],
    3,
    'bad_input',
    /1 document cannot make 2 clusters: set --clusters to 1,/,
  ],
  [
    'empty strings',
    ['run', blank, ...RUN],
    3,
    'bad_input',
    /no terms were found in 3 documents: they are empty/,
  ],
  [
    'more clusters than documents',
    ['run', good, ...RUN, '--clusters', '99'],
    3,
    'bad_input',
    /36 documents cannot make 99 clusters: set --clusters to 36 or less/,
  ],
  [
    'a missing column',
    ['run', good, ...RUN, '--text', 'titel'],
    3,
    'bad_input',
    /no column "titel"; it has "id", "title", "category": did you mean "title"\?/,
  ],
  ['no column named', ['run', good, '--out', out], 2, 'bad_option', /"id", "title", "category".*--text/],
  [
    'bytes that are not UTF-8',
    ['run', cp932, ...RUN],
    3,
    'bad_file',
    /cp932\.csv is not valid UTF-8 in line 3: .*iconv/,
  ],
  [
    'a row with too many fields',
    ['run', tooMany, ...RUN],
    3,
    'bad_file',
    /4 fields in line 4, but the header has 3/,
  ],
  ['an unclosed quote', ['run', unclosed, ...RUN], 3, 'bad_file', /quote.csv has an unclosed quote .*line 3/],
  [
    'an id that stands twice',
    ['run', twice, ...RUN, '--id', 'id'],
    3,
    'bad_input',
    /line 2 and again in line 3/,
  ],
  ['a picture named .csv', ['run', picture, ...RUN], 3, 'bad_file', /picture\.csv is a PNG/i],
  [
    'a line that is no JSON',
    ['run', broken, ...RUN],
    3,
    'bad_file',
    /broken\.jsonl has no valid JSON in line 2/,
  ],
  ['a file that does not exist', ['run', at('none.csv'), ...RUN], 3, 'bad_file', /none\.csv does not exist/],
  [
    'a folder without texts',
    ['run', at('no-texts'), ...RUN.slice(2)],
    3,
    'bad_input',
    /no-texts holds no documents: .*\.txt/,
  ],
  ['a name that tells no format', ['run', inTheWay, ...RUN], 2, 'bad_option', /--format/],
  [
    'a minimum that leaves no vocabulary',
    ['run', good, ...RUN, '--min-df', '30'],
    3,
    'bad_input',
    /--min-df 30 leaves none of .*: lower --min-df$/,
  ],
];

const options: Case[] = [
  [
    'no clusters',
    ['run', good, ...RUN, '--clusters', '0'],
    2,
    'bad_option',
    /--clusters must be an integer of at least 1, not 0/,
  ],
  [
    'a word for a number',
    ['run', good, ...RUN, '--seed', 'x'],
    2,
    'bad_option',
    /--seed must be an integer of at least 0, not "x"/,
  ],
  [
    'a misspelt flag',
    ['run', good, ...RUN, '--cluster', '3'],
    2,
    'bad_option',
    /unknown option "--cluster": did you mean --clusters\?/,
  ],
  ['a misspelt verb', ['rnu', good, ...RUN], 2, 'bad_option', /unknown command "rnu": did you mean run\?/],
  [
    'a misspelt value',
    ['run', good, ...RUN, '--format', 'cvs'],
    2,
    'bad_option',
    /--format must be one of .*did you mean "csv"\?/,
  ],
  ['no verb', [], 2, 'bad_option', /name what to do/],
  ['no --out', ['run', good, '--text', 'title'], 2, 'bad_option', /"--out <dir>" not specified/],
  ['no input', ['run', '--out', out], 2, 'bad_option', /missing required argument "input"/],
  [
    'one document as a cluster',
    ['run', good, '--text', 'title', '--method', 'hdbscan', '--min-cluster-size', '1', '--out', out],
    2,
    'bad_option',
    /--min-cluster-size must be an integer of at least 2, not 1/,
  ],
  [
    'one neighbour, which is the point itself',
    ['run', good, ...RUN, '--neighbors', '1'],
    2,
    'bad_option',
    /--neighbors must be an integer from 2 to 1000000, not 1/,
  ],
  [
    'points further apart than the map is wide',
    ['run', good, ...RUN, '--min-dist', '1.5'],
    2,
    'bad_option',
    /--min-dist is 1\.5, but may not exceed spread, 1: lower it/,
  ],
  [
    'a number of clusters for hdbscan',
    ['run', good, ...RUN, '--method', 'hdbscan'],
    2,
    'bad_option',
    /--clusters is an option of method kmeans: hdbscan finds how many clusters there are; leave --clusters out/,
  ],
  [
    'a size of clusters for k-means',
    ['run', good, ...RUN, '--min-cluster-size', '9'],
    2,
    'bad_option',
    /--min-cluster-size is an option of method hdbscan, and method is kmeans/,
  ],
  [
    'hdbscan of a map by PCA',
    ['run', good, '--text', 'title', '--method', 'hdbscan', '--map', 'pca', '--out', out],
    2,
    'bad_option',
    /the 2-D map, which must be UMAP's then: .* set --reduce-dims to 0/,
  ],
  [
    'neighbours where no UMAP runs',
    ['run', good, ...RUN, '--map', 'pca', '--neighbors', '5'],
    2,
    'bad_option',
    /--neighbors is an option of UMAP, which does not run here/,
  ],
  [
    'more dimensions than the embeddings have',
    ['run', good, ...RUN, '--reduce-dims', '129'],
    3,
    'bad_input',
    /--reduce-dims is 129, but the embeddings have 128 dimensions: lower it, or set it to 0/,
  ],
  [
    'no threads',
    ['run', good, ...RUN, '--threads', '0'],
    2,
    'bad_option',
    /--threads must be an integer from 1/,
  ],
  [
    'a SIMD level there is not',
    ['run', good, ...RUN],
    2,
    'bad_option',
    /MATOMARI_SIMD .*did you mean "avx2"\?/,
    { MATOMARI_SIMD: 'avx3' },
  ],
  [
    'a part of speech there is not',
    ['run', good, ...RUN, '--pos', 'nown'],
    2,
    'bad_option',
    /did you mean "noun"\?/,
  ],
  [
    'a language there is not',
    ['run', good, ...RUN, '--language', 'x_y'],
    2,
    'bad_option',
    /language must be auto, ja, en/,
  ],
];

const places: Case[] = [
  [
    'a GPU that is not there',
    ['run', good, ...RUN, '--device', 'cuda'],
    4,
    'no_device',
    /'cuda' is not available/,
  ],
  [
    'a model without its tokenizer',
    ['run', good, ...RUN, '--model', at('model')],
    3,
    'model_not_found',
    /tokenizer\.json/,
  ],
  [
    'a model that does not exist',
    ['run', good, ...RUN, '--model', at('nomodel')],
    3,
    'model_not_found',
    /nomodel/,
  ],
  [
    'an output folder that is a file',
    ['run', good, ...RUN.slice(0, -1), inTheWay],
    3,
    'bad_file',
    /in-the-way is a file, not a folder/,
  ],
  [
    'an output folder below a file',
    ['run', good, ...RUN.slice(0, -1), join(inTheWay, 'x')],
    3,
    'bad_file',
    /a part of the path is a file/,
  ],
  [
    'an output folder that cannot be made',
    ['run', good, ...RUN.slice(0, -1), '/proc/matomari'],
    3,
    'bad_file',
    /\/proc\/matomari cannot be made/,
  ],
];

const arrays: Case[] = [
  ['NaN', ['kmeans', at('nan.npy'), '--clusters', '2', '--out', out], 3, 'bad_input', /row 1.*column 1/],
  [
    'a zero vector under cosine',
    ['kmeans', at('vectors.npy'), '--clusters', '2', '--metric', 'cosine', '--out', out],
    3,
    'bad_input',
    /row 0.*zero|zero.*row 0/,
  ],
  [
    'more clusters than rows',
    ['kmeans', at('vectors.npy'), '--clusters', '4', '--out', out],
    3,
    'bad_input',
    /--clusters is 4, but there are only 3 points/,
  ],
  [
    'no clusters',
    ['kmeans', at('vectors.npy'), '--clusters', '0', '--out', out],
    2,
    'bad_option',
    /--clusters/,
  ],
  [
    'centroids of another number',
    ['kmeans', at('vectors.npy'), '--clusters', '2', '--init', at('vectors.npy'), '--out', out],
    3,
    'bad_input',
    /init has 3 rows/,
  ],
  [
    'a text file named .npy',
    ['kmeans', noArray, '--clusters', '2', '--out', out],
    3,
    'bad_file',
    /no-array\.npy/,
  ],
  [
    'an array that does not exist',
    ['kmeans', at('none.npy'), '--clusters', '2', '--out', out],
    3,
    'bad_file',
    /none\.npy does not exist/,
  ],
  [
    'an output that is a file',
    ['kmeans', at('vectors.npy'), '--clusters', '2', '--out', inTheWay],
    3,
    'bad_file',
    /in-the-way is a file/,
  ],
  [
    'a file in a folder that does not exist',
    ['embed', good, '--text', 'title', '--out', join(out, 'e.npy')],
    3,
    'bad_file',
    /e\.npy/,
  ],
  [
    'labels that are no integers',
    ['eval', at('halves.npy'), '--truth', good, '--category', 'category'],
    3,
    'bad_file',
    /halves\.npy holds 0\.5 at 1/,
  ],
  [
    'fewer labels than categories',
    ['eval', at('labels.npy'), '--truth', good, '--category', 'category'],
    3,
    'bad_input',
    /3 labels, but there are 36 documents/,
  ],
  ['labels without categories', ['eval', at('labels.npy')], 2, 'bad_option', /--truth FILE --category FIELD/],
  [
    'categories of no column',
    ['eval', at('labels.npy'), '--truth', good],
    2,
    'bad_option',
    /needs --category/,
  ],
  [
    'texts for a folder without a run',
    ['assign', at('no-texts'), good, '--text', 'title'],
    3,
    'bad_file',
    /holds no finished run/,
  ],
  ['a report of no run', ['report', at('no-texts')], 3, 'bad_file', /holds no finished run/],
  [
    'names for no run',
    ['label', good, '--text', 'title'],
    2,
    'bad_option',
    /--embeddings FILE and --labels FILE/,
  ],
  [
    'names for labels alone',
    ['label', good, '--text', 'title', '--labels', at('labels.npy')],
    2,
    'bad_option',
    /both/,
  ],
  [
    'names for other documents',
    ['label', good, '--text', 'title', '--labels', at('labels.npy'), '--embeddings', at('vectors.npy')],
    3,
    'bad_input',
    /3 rows, but .* has 36 documents/,
  ],
];

const all: [string, Case[]][] = [
  ['a corpus', corpus],
  ['options', options],
  ['places', places],
  ['arrays and runs', arrays],
];

for (const [what, cases] of all)
  describe.concurrent(`refuses ${what}:`, () => {
    test.each(cases)('%s', async (_, args, status, code, says, env) => {
      // Every case has an output of its own, since they run side by side.
      const own = at(`out-${code}-${Math.random()}`);
      const ended = await matomari(
        args.map((arg) => arg.replace(out, own)),
        { env },
      );
      expect(ended.error).toMatch(says);
      expect(ended.error).toMatch(new RegExp(`^error \\[${code}\\]: `));
      expect(ended.status).toBe(status);
      expect(ended.stdout).toBe('');
      // One sentence and no stack; without a verb the help comes first.
      if (args.length > 0) expect(ended.stderr).toBe(`${ended.error}\n`);
      expect(ended.stderr).not.toMatch(/^ +at /m);
      expect(listing(own)).toBeUndefined();
    });
  });

describe('a run that cannot be', () => {
  test('takes away an old run.json, so that a run is never half of two', async () => {
    const run = at('old');
    const args = ['run', good, '--text', 'title', '--clusters', '3', '--out', run];
    expect((await matomari(args)).status).toBe(0);
    const before = listing(run)!;
    expect((await matomari([...args, '--min-df', '36'])).status).toBe(3);
    const after = listing(run)!;
    expect(after).not.toContain('run.json');
    expect(after.filter((name) => !before.includes(name))).toEqual([]);
    expect((await matomari(['report', run])).error).toMatch(/holds no finished run/);
  });

  test('shows where it came from with MATOMARI_DEBUG=1', async () => {
    const { stderr, error } = await matomari(['run', headerOnly, ...RUN], { env: { MATOMARI_DEBUG: '1' } });
    expect(stderr).toMatch(/^ +at /m);
    expect(error).toMatch(/^error \[bad_input\]/);
  });
});

test('equal texts make one cluster, and one document a cluster of its own', async () => {
  const equal = table('equal.csv', ...Array.from({ length: 5 }, (_, i) => `e${i},赤い自転車,x`));
  expect((await matomari(['run', equal, ...RUN.slice(0, -1), at('equal')])).status).toBe(0);
  expect(jsonLines(at('equal/clusters.jsonl')).map(({ size, fit }) => ({ size, fit }))).toEqual([
    { size: 5, fit: 1 },
    { size: 0, fit: null },
  ]);
  expect((await matomari(['run', one, ...RUN.slice(0, -1), at('single'), '--clusters', '1'])).status).toBe(0);
});

test('a reader that stops early is no failure', () => {
  const command = `"${process.execPath}" dist/esm/cli/main.js tokens "${good}" --text title | head -n 1`;
  const { stdout, stderr } = spawnSync('bash', ['-o', 'pipefail', '-c', command], {
    cwd: repository,
    encoding: 'utf8',
  });
  expect(stdout).toMatch(/^0\t\d+\n$/);
  expect(stderr).not.toMatch(/EPIPE/);
});
