import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { matrix } from 'matomari';
import { readMatrix, readNpy, writeNpy } from 'matomari/io';
import { beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../temporary.js';
import { headlines, jsonLines, listing, matomari } from './cli.js';

const folder = temporaryFolder();
const at = (name: string) => join(folder.path, name);
const ARTICLE =
  'run examples/theorems.txt --method hdbscan --neighbors 5 --min-dist 0.1 --min-cluster-size 2 --cluster-selection-epsilon 0.1 --seed 42 --out';
const article = (out: string, ...more: string[]) => [...ARTICLE.split(' '), out, ...more];
const bytes = (run: string, name: string) => readFileSync(join(run, name)).toString('base64');
const json = (path: string) => JSON.parse(readFileSync(path, 'utf8'));

/** Files that every machine writes alike. */
const RESULTS = [
  'centroids.npy',
  'clusters.jsonl',
  'documents.jsonl',
  'embeddings.npy',
  'hdbscan.npz',
  'labels.npy',
  'map.npy',
  'term-vectors.npy',
  'tfidf.npz',
  'vocabulary.json',
];

describe("the article's workflow", () => {
  const out = at('theorems');
  let printed = '';
  beforeAll(async () => {
    const { status, stdout, stderr } = await matomari(article(out));
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    printed = stdout;
  });

  test('in one command: clusters with names, and the files of a run', async () => {
    const { clusters, noise, hdbscan, umap } = json(join(out, 'run.json'));
    const some = noise > 0 ? `, ${noise} of them noise` : '';
    expect(printed).toMatch(
      new RegExp(`^30 documents in ${clusters} clusters${some} · builtin, 128 dimensions`),
    );
    expect(printed).toMatch(/\ncluster 0: \d+ documents, fit \d+ %\n {4}\p{L}+ · /u);
    expect(printed).toMatch(/\ntime: .*, map .*, hdbscan .*, name /);
    expect(hdbscan).toMatchObject({ minClusterSize: 2, minSamples: 2, clusterSelectionEpsilon: 0.1 });
    expect(umap).toMatchObject({
      nNeighbors: 5,
      minDist: 0.1,
      nComponents: 2,
      metric: 'euclidean',
      seed: 42,
    });
    expect(listing(out)).toEqual([...RESULTS, 'embeddings.json', 'report.html', 'run.json'].sort());
    expect(await readMatrix(join(out, 'map.npy'))).toMatchObject({ rows: 30, cols: 2 });
    const report = readFileSync(join(out, 'report.html'), 'utf8');
    for (const text of ['UMAP Component 1', 'UMAP Component 2', 'Pythagorean Theorem', 'Laplace Transform'])
      expect(report).toContain(text);
  });

  test('writes the same bytes on any number of threads and any SIMD level', async () => {
    for (const [name, flags, env] of [
      ['one', ['--threads', '1'], {}],
      ['scalar', ['--threads', '3'], { MATOMARI_SIMD: 'scalar' }],
      ['avx2', [], { MATOMARI_SIMD: 'avx2' }],
    ] as [string, string[], Record<string, string>][]) {
      expect((await matomari(article(at(name), ...flags), { env })).status).toBe(0);
      for (const file of RESULTS) expect(bytes(at(name), file), `${name}: ${file}`).toBe(bytes(out, file));
    }
  });

  test('--json prints one object, and --resume goes on from the embeddings', async () => {
    const { stdout } = await matomari(article(out, '--resume', '--json'));
    expect(JSON.parse(stdout)).toMatchObject({
      documents: 30,
      clusters: jsonLines(join(out, 'clusters.jsonl')).filter(({ id }) => (id as number) >= 0).length,
      noise: json(join(out, 'run.json')).noise,
      metrics: { ari: null },
      seconds: { map: expect.any(Number), hdbscan: expect.any(Number) },
      out,
    });
  });

  test('assign gives its texts their own clusters, with how firmly they belong', async () => {
    const { status, stdout } = await matomari(['assign', out, 'examples/theorems.txt', '--json']);
    expect(status).toBe(0);
    const documents = jsonLines(join(out, 'documents.jsonl'));
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).cluster),
    ).toEqual(documents.map(({ cluster }) => cluster));
    const one = await matomari(['assign', out, '-'], { input: "Wilson's Theorem" });
    expect(one.stdout).toMatch(/^0\t-?\d+\t(\d\.\d+)?\n$/);
  });

  test('umap and hdbscan by themselves give the same map and the same clusters', async () => {
    const map = await matomari(
      `umap ${out}/embeddings.npy --neighbors 5 --min-dist 0.1 --seed 42 --out ${at('map')} --json`.split(
        ' ',
      ),
    );
    expect(map.status).toBe(0);
    expect(JSON.parse(map.stdout)).toMatchObject({ rows: 30, cols: 128, components: 2, init: 'spectral' });
    expect(bytes(at('map'), 'map.npy')).toBe(bytes(out, 'map.npy'));
    const flags = '--min-cluster-size 2 --cluster-selection-epsilon 0.1';
    const found = await matomari(`hdbscan ${at('map')}/map.npy ${flags} --out ${at('h')} --json`.split(' '));
    const { clusters, sizes, noise } = JSON.parse(found.stdout);
    const run = json(join(out, 'run.json'));
    expect({ clusters, noise }).toEqual({ clusters: run.clusters, noise: run.noise });
    expect(sizes.sort((a: number, b: number) => b - a)).toEqual(
      jsonLines(join(out, 'clusters.jsonl'))
        .filter(({ id }) => (id as number) >= 0)
        .map(({ size }) => size),
    );
    expect(listing(at('h'))).toEqual([
      'labels.npy',
      'outlier-scores.npy',
      'probabilities.npy',
      'single-linkage.npy',
    ]);
    const tree = await readNpy(join(at('h'), 'single-linkage.npy'));
    expect(tree).toMatchObject({ dtype: 'float64', shape: [29, 4] });
    expect(tree.data.at(-1)).toBe(30);
    const text = await matomari(`hdbscan ${at('map')}/map.npy ${flags} --out ${at('h')}`.split(' '));
    expect(text.stdout.trimEnd().split('\n').at(-1)).toBe(`-1\t${noise}`);
    expect(text.stderr).toMatch(/^30 × 2: \d+ clusters, \d+ points of noise/);
  });
});

describe('a run with noise', () => {
  const documents = headlines(30);
  const csv = folder.write(
    'headlines.csv',
    ['id,title,category', ...documents.map(({ id, text, category }) => `${id},${text},${category}`)].join(
      '\n',
    ),
  );
  const fields = ['--text', 'title', '--id', 'id', '--category', 'category', '--language', 'en'];
  const flags = ['--method', 'hdbscan', '--min-cluster-size', '4', '--reduce-dims', '5', '--min-df', '2'];
  const out = at('noisy');
  beforeAll(async () => {
    const { status, stdout } = await matomari(['run', csv, ...fields, ...flags, '--out', out]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/, \d+ of them noise · /);
    expect(stdout).toMatch(/\nnoise: \d+ documents, fit \d+ %\n/);
  });

  test('label, eval and report take it as it is', async () => {
    const { noise } = json(join(out, 'run.json'));
    const label = await matomari([
      'label',
      out,
      '--min-df',
      '2',
      '--language',
      'en',
      '--terms',
      '3',
      '--json',
    ]);
    const named = label.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(named.at(-1)).toMatchObject({ id: -1, size: noise });
    expect(named.map(({ size }) => size)).toEqual(
      jsonLines(join(out, 'clusters.jsonl')).map(({ size }) => size),
    );
    const { stdout } = await matomari(['eval', out, '--json']);
    expect(JSON.parse(stdout)).toEqual(json(join(out, 'metrics.json')));
    expect((await matomari(['report', out])).status).toBe(0);
    expect(readFileSync(join(out, 'report.html'), 'utf8')).toContain('<option value="-1">Noise</option>');
    const first = jsonLines(join(out, 'documents.jsonl')).find(({ cluster }) => cluster === -1);
    expect(first).toMatchObject({ distance: null, probability: 0 });
  });

  test('reassign gives the noise to clusters, and --undo gives it back', async () => {
    const before = Object.fromEntries(
      [...RESULTS, 'metrics.json', 'reduced.npy'].map((name) => [name, bytes(out, name)]),
    );
    const { noise } = json(join(out, 'run.json'));
    const { status, stdout } = await matomari(['reassign', out, '--json']);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      moved: noise,
      noise: 0,
      metrics: json(join(out, 'metrics.json')),
      out,
    });
    expect(json(join(out, 'run.json'))).toMatchObject({ noise: 0, reassigned: noise, input: { path: csv } });
    expect((await readNpy(join(out, 'labels.npy'))).data.includes(-1 as never)).toBe(false);
    expect(bytes(out, 'labels-original.npy')).toBe(before['labels.npy']);
    expect(readFileSync(join(out, 'report.html'), 'utf8')).toContain('given to their nearest clusters');
    expect(existsSync(join(out, 'embeddings.json'))).toBe(true);
    const assigned = await matomari(['assign', out, csv, '--text', 'title']);
    expect(assigned.stdout).not.toContain('\t-1\t');

    const again = await matomari(['reassign', out]);
    expect(again.stdout).toMatch(
      /^0 documents of the noise went to clusters\nscores against the categories: ARI/,
    );
    const undone = await matomari(['reassign', out, '--undo']);
    expect(undone.stdout).toMatch(new RegExp(`^${noise} documents went back to the noise\n`));
    for (const [name, content] of Object.entries(before)) expect(bytes(out, name), name).toBe(content);
    expect(existsSync(join(out, 'labels-original.npy'))).toBe(false);
    expect(json(join(out, 'run.json')).reassigned).toBeUndefined();
  });

  test('another run in its folder takes away what only it had', async () => {
    const dir = at('changed');
    const run = (...more: string[]) =>
      matomari(['run', csv, ...fields, '--min-df', '2', ...more, '--out', dir]);
    expect((await run(...flags.slice(0, 6))).status).toBe(0);
    expect((await matomari(['reassign', dir])).status).toBe(0);
    expect((await run('--clusters', '5', '--resume')).status).toBe(0);
    for (const name of ['hdbscan.npz', 'reduced.npy', 'labels-original.npy', 'reduced-centroids.npy'])
      expect(listing(dir)).not.toContain(name);
    expect((await run('--clusters', '5', '--reduce-dims', '3', '--resume')).status).toBe(0);
    expect(listing(dir)).toEqual(expect.arrayContaining(['reduced.npy', 'reduced-centroids.npy']));
    expect(await readMatrix(join(dir, 'reduced-centroids.npy'))).toMatchObject({ rows: 5, cols: 3 });
  });

  test('nothing but noise is a run too, and reassign says what to do', async () => {
    const few = folder.write('few.txt', 'Chain Rule\nProduct Rule\n');
    const { status, stdout } = await matomari(['run', few, '--method', 'hdbscan', '--out', at('few')]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^2 documents in 0 clusters, 2 of them noise/);
    expect((await matomari(['report', at('few')])).status).toBe(0);
    const { status: refused, error } = await matomari(['reassign', at('few')]);
    expect(refused).toBe(3);
    expect(error).toMatch(/all 2 documents are noise.*lower --min-cluster-size/);
    expect(existsSync(at('few/run.json'))).toBe(true);
  });
});

describe.concurrent('umap and hdbscan refuse', () => {
  beforeAll(async () => {
    const points = matrix([
      [0, 1],
      [2, 3],
      [4, 5],
    ]);
    await writeNpy(at('points.npy'), points);
    points.data[3] = Number.NaN;
    await writeNpy(at('nan.npy'), points);
    await writeNpy(
      at('zero.npy'),
      matrix([
        [0, 0],
        [1, 0],
        [2, 0],
      ]),
    );
    await writeNpy(at('none.npy'), { data: new Float32Array(0), rows: 0, cols: 4 });
  });
  test.each([
    ['umap', 'points.npy', ['--neighbors', '1'], 2, /--neighbors must be an integer from 2/],
    ['umap', 'points.npy', ['--min-dist', '3'], 2, /--min-dist is 3, but may not exceed spread/],
    ['umap', 'points.npy', ['--init', 'nan.npy'], 3, /nan\.npy does not exist/],
    ['umap', 'points.npy', ['--metric', 'cosin'], 2, /did you mean "cosine"/],
    ['umap', 'nan.npy', [], 3, /NaN at row 1, column 1/i],
    ['umap', 'none.npy', [], 3, /points is empty \(0 × 4\)/],
    [
      'hdbscan',
      'points.npy',
      ['--min-cluster-size', '1'],
      2,
      /--min-cluster-size must be an integer of at least 2/,
    ],
    ['hdbscan', 'points.npy', ['--cluster-selection-method', 'leafs'], 2, /did you mean "leaf"/],
    ['hdbscan', 'zero.npy', ['--metric', 'cosine'], 3, /zero vector at row 0/],
    ['hdbscan', 'nan.npy', [], 3, /NaN at row 1, column 1/i],
    ['hdbscan', 'none.npy', [], 3, /points is empty/],
    ['hdbscan', 'missing.npy', [], 3, /missing\.npy does not exist/],
  ])('%s %s %s', async (verb, file, flags, status, says) => {
    const out = at(`refused-${Math.random()}`);
    const ended = await matomari([verb, at(file), ...flags, '--out', out]);
    expect(ended.error).toMatch(says);
    expect(ended.status).toBe(status);
    expect(ended.stderr).toBe(`${ended.error}\n`);
    expect(listing(out)).toBeUndefined();
  });
});
