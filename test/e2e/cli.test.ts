import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readMatrix, readNpy, writeNpy } from 'matomari/io';
import { beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../temporary.js';
import { headlines, jsonLines, listing, matomari, repository, start } from './cli.js';

const folder = temporaryFolder();
const at = (name: string) => join(folder.path, name);
const documents = headlines(20);
const texts = documents.map(({ text }) => text);
const FIELDS = ['--text', 'title', '--id', 'id', '--category', 'category'];
const FEW = ['--clusters', '6', '--min-df', '2'];
/** The files that any run writes; `metrics.json` comes with categories. */
const RUN_FILES = [
  'centroids.npy',
  'clusters.jsonl',
  'documents.jsonl',
  'embeddings.json',
  'embeddings.npy',
  'labels.npy',
  'map.npy',
  'report.html',
  'run.json',
  'term-vectors.npy',
  'tfidf.npz',
  'vocabulary.json',
];

const bytes = (run: string, name: string) => readFileSync(join(run, name)).toString('base64');
const csv = folder.write(
  'headlines.csv',
  ['id,title,category', ...documents.map(({ id, text, category }) => `${id},${text},${category}`)].join('\n'),
);
const run = at('run');

describe('matomari run', () => {
  beforeAll(async () => {
    const { status, stdout, stderr } = await matomari(['run', csv, ...FIELDS, ...FEW, '--out', run]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    writeFileSync(at('summary.txt'), stdout);
  });

  test('prints every cluster, the scores, the time and the report, and nothing on stderr', () => {
    const summary = readFileSync(at('summary.txt'), 'utf8');
    expect(summary).toMatch(
      /^180 documents in 6 clusters · builtin, 128 dimensions · cpu \w+, \d+ threads?\n/,
    );
    const clusters = jsonLines(join(run, 'clusters.jsonl')) as { size: number; terms: { term: string }[] }[];
    for (const [id, { size, terms }] of clusters.entries()) {
      expect(summary).toMatch(new RegExp(`\\ncluster ${id}: ${size} documents, fit \\d+ %\\n`));
      expect(summary).toContain(
        terms
          .slice(0, 3)
          .map(({ term }) => term)
          .join(' · '),
      );
    }
    expect(summary).toMatch(
      /scores against the categories: ARI 0\.\d{3}, NMI 0\.\d{3}, V-measure 0\.\d{3}\n/,
    );
    expect(summary).toMatch(/\ntime: .*\(read .*, embed .*, tokenise .*, kmeans .*, write .*\)\n/);
    expect(summary.trimEnd().split('\n').at(-1)).toBe(`report: ${join(run, 'report.html')}`);
  });

  test('writes the run directory', async () => {
    expect(listing(run)).toEqual([...RUN_FILES, 'metrics.json'].sort());
    expect((await readNpy(join(run, 'labels.npy'))).dtype).toBe('int32');
    expect((await readMatrix(join(run, 'embeddings.npy'))).rows).toBe(180);
    const facts = JSON.parse(readFileSync(join(run, 'run.json'), 'utf8'));
    expect(facts).toMatchObject({
      input: { path: csv, sha256: createHash('sha256').update(readFileSync(csv)).digest('hex') },
      documents: 180,
      clusters: 6,
      noise: 0,
      nClusters: 6,
      minDf: 2,
      seed: 123,
      device: 'cpu',
      model: { name: 'builtin', dimensions: 128, truncated: 0 },
      versions: { matomari: expect.any(String), node: process.versions.node },
      seconds: { total: expect.any(Number), embed: expect.any(Number), write: expect.any(Number) },
    });
    expect(jsonLines(join(run, 'documents.jsonl'))[0]).toMatchObject({
      id: documents[0]!.id,
      text: texts[0],
    });
  });

  test('--json prints one object and nothing else', async () => {
    const out = at('json');
    const { status, stdout, stderr } = await matomari([
      'run',
      csv,
      ...FIELDS,
      ...FEW,
      '--out',
      out,
      '--json',
      '--threads',
      '1',
    ]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({
      documents: 180,
      clusters: 6,
      noise: 0,
      metrics: JSON.parse(readFileSync(join(out, 'metrics.json'), 'utf8')),
      embedder: 'builtin',
      device: 'cpu',
      simd: expect.any(String),
      threads: 1,
      seconds: expect.objectContaining({ total: expect.any(Number) }),
      out,
    });
  });

  test('writes the same bytes on any number of threads and any SIMD level', async () => {
    const others: [string, string[], Record<string, string>][] = [
      ['one', ['--threads', '1'], {}],
      ['three', ['--threads', '3'], {}],
      ['scalar', [], { MATOMARI_SIMD: 'scalar' }],
      ['avx2', [], { MATOMARI_SIMD: 'avx2', MATOMARI_THREADS: '2' }],
    ];
    for (const [name, flags, env] of others) {
      const out = at(name);
      const { status } = await matomari(['run', csv, ...FIELDS, ...FEW, ...flags, '--out', out], { env });
      expect(status).toBe(0);
      for (const file of RUN_FILES.filter((file) => !['run.json', 'report.html'].includes(file)))
        expect(bytes(out, file), `${name}: ${file}`).toBe(bytes(run, file));
    }
  });

  test('reads TSV, JSONL, plain lines, a folder and standard input alike', async () => {
    const tsv = folder.write('h.tsv', ['title\tid', ...texts.map((text, i) => `${text}\t${i}`)].join('\r\n'));
    const jsonl = folder.write(
      'h.jsonl',
      documents.map((d) => JSON.stringify({ title: d.text, n: 1 })).join('\n'),
    );
    const lines = folder.write('h.txt', `${texts.join('\n')}\n`);
    mkdirSync(at('folder'));
    for (const [i, { text, category }] of documents.entries()) {
      mkdirSync(at(`folder/${category}`), { recursive: true });
      // The order of the paths is the order of the documents.
      writeFileSync(at(`folder/${category}/${String(i).padStart(4, '0')}.txt`), text);
    }
    const inputs: [string, string[], string | undefined][] = [
      ['tsv', [tsv, '--text', 'title'], undefined],
      ['jsonl', [jsonl, '--text', 'title'], undefined],
      ['lines', [lines], undefined],
      ['stdin', ['-'], texts.join('\n')],
      ['stdin-csv', ['-', '--format', 'csv', ...FIELDS], readFileSync(csv, 'utf8')],
    ];
    for (const [name, args, input] of inputs) {
      const { status, stderr } = await matomari(['run', ...args, ...FEW, '--out', at(`in-${name}`)], {
        input,
      });
      expect({ name, status, stderr }).toEqual({ name, status: 0, stderr: '' });
      expect(bytes(at(`in-${name}`), 'embeddings.npy'), name).toBe(bytes(run, 'embeddings.npy'));
      expect(bytes(at(`in-${name}`), 'labels.npy'), name).toBe(bytes(run, 'labels.npy'));
    }
    const { status } = await matomari(['run', at('folder'), ...FEW, '--out', at('in-folder')]);
    expect(status).toBe(0);
    const read = jsonLines(at('in-folder/documents.jsonl'));
    expect(new Set(read.map(({ category }) => category))).toEqual(
      new Set(documents.map(({ category }) => category)),
    );
    expect(existsSync(at('in-folder/metrics.json'))).toBe(true);
    expect(existsSync(at('in-lines/metrics.json'))).toBe(false);
  }, 120_000);

  test('replaces an old run, metrics included', async () => {
    const out = at('twice');
    cpSync(run, out, { recursive: true });
    const { status } = await matomari(['run', csv, '--text', 'title', ...FEW, '--out', out]);
    expect(status).toBe(0);
    expect(listing(out)).toEqual(RUN_FILES);
  });

  test('--resume keeps the embeddings of the same texts, and only those', async () => {
    const out = at('resumed');
    cpSync(run, out, { recursive: true });
    // Marked, so that it shows whether they were computed anew.
    const marked = await readMatrix(join(out, 'embeddings.npy'));
    marked.data[0] = 0.5;
    await writeNpy(join(out, 'embeddings.npy'), marked);
    const again = (text: string) =>
      matomari(['run', text, '--text', 'title', ...FEW, '--out', out, '--resume', '--seed', '1']);
    expect((await again(csv)).status).toBe(0);
    expect((await readMatrix(join(out, 'embeddings.npy'))).data[0]).toBe(0.5);
    const other = folder.write('other.csv', readFileSync(csv, 'utf8').replace(texts[0]!, `${texts[0]}!`));
    expect((await again(other)).status).toBe(0);
    expect((await readMatrix(join(out, 'embeddings.npy'))).data[0]).not.toBe(0.5);
  });

  test('Ctrl-C stops it at once with 130, leaves no run.json, and --resume ends as if nothing had been', async () => {
    const lines = Array.from({ length: 60 }, (_, n) => texts.map((text) => `${text} ${n}`)).flat();
    const input = folder.write('many.txt', lines.join('\n'));
    const args = ['run', input, '--clusters', '5', '--language', 'en', '--out'];
    const started = start([...args, at('stopped')]);
    await until(() => existsSync(at('stopped/embeddings.npy.journal')));
    const from = performance.now();
    started.kill('SIGINT');
    const { status, stdout, error } = await started.ended;
    expect({ status, stdout, error }).toEqual({
      status: 130,
      stdout: '',
      error: 'error [cancelled]: stopped by SIGINT',
    });
    expect(performance.now() - from).toBeLessThan(5000);
    expect(existsSync(at('stopped/run.json'))).toBe(false);
    expect((await matomari([...args, at('stopped'), '--resume'])).status).toBe(0);
    expect((await matomari([...args, at('unbroken')])).status).toBe(0);
    expect(bytes(at('stopped'), 'embeddings.npy')).toBe(bytes(at('unbroken'), 'embeddings.npy'));
    expect(bytes(at('stopped'), 'labels.npy')).toBe(bytes(at('unbroken'), 'labels.npy'));
  });
});

describe('the other verbs', () => {
  test('embed writes what run embeds', async () => {
    const { status, stdout } = await matomari([
      'embed',
      csv,
      '--text',
      'title',
      '--out',
      at('e.npy'),
      '--json',
    ]);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      rows: 180,
      cols: 128,
      truncated: 0,
      embedder: 'builtin',
      device: 'cpu',
      out: at('e.npy'),
    });
    expect(bytes(folder.path, 'e.npy')).toBe(bytes(run, 'embeddings.npy'));
  });

  test('tokens counts the tokens of every text, and sums up on stderr', async () => {
    const { status, stdout, stderr } = await matomari(['tokens', csv, '--text', 'title', '--id', 'id']);
    expect(status).toBe(0);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t'));
    expect(lines.map(([id]) => id)).toEqual(documents.map(({ id }) => id));
    const total = lines.reduce((sum, [, tokens]) => sum + Number(tokens), 0);
    expect(stderr).toContain(`180 texts, ${total.toLocaleString('en-US')} tokens`);
    expect(stderr).toContain('0 over the limit');
  });

  test('kmeans clusters the rows of a file', async () => {
    const out = at('kmeans');
    const args = ['kmeans', join(run, 'embeddings.npy'), '--clusters', '6', '--out', out];
    const { status, stdout } = await matomari([...args, '--json']);
    expect(status).toBe(0);
    const found = JSON.parse(stdout);
    const labels = await readNpy(join(out, 'labels.npy'));
    expect(labels).toMatchObject({ dtype: 'int32', shape: [180] });
    const sizes = new Array<number>(6).fill(0);
    for (const label of labels.data) sizes[Number(label)]!++;
    expect(found).toMatchObject({ rows: 180, cols: 128, clusters: 6, sizes, converged: true, out });
    // From its own centroids nothing moves.
    const again = await matomari([...args.slice(0, -1), at('again'), '--init', join(out, 'centroids.npy')]);
    expect(again.stdout.trimEnd().split('\n')).toEqual(sizes.map((size, id) => `${id}\t${size}`));
    expect(again.stderr).toMatch(/180 × 128: inertia [\d.]+, 1 iterations/);
  });

  test('label names the clusters of a run under other options', async () => {
    const { status, stdout } = await matomari([
      'label',
      run,
      '--terms',
      '3',
      '--min-df',
      '2',
      '--exemplars',
      '1',
      '--json',
    ]);
    expect(status).toBe(0);
    const clusters = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const before = jsonLines(join(run, 'clusters.jsonl')) as {
      terms: unknown[];
      exemplars: unknown[];
      size: number;
    }[];
    expect(clusters.length).toBe(6);
    for (const [id, { terms, exemplars, size }] of clusters.entries()) {
      expect(size).toBe(before[id]!.size);
      expect(terms).toEqual(before[id]!.terms.slice(0, 3));
      expect(exemplars).toEqual(before[id]!.exemplars.slice(0, 1));
    }
    const nouns = await matomari(['label', run, '--min-df', '2', '--pos', 'noun', '--out', at('nouns')]);
    expect(nouns.status).toBe(0);
    expect(nouns.stdout).toMatch(/^\ncluster 0: \d+ documents, fit \d+ %\n/);
    expect(listing(at('nouns'))).toEqual([
      'clusters.jsonl',
      'term-vectors.npy',
      'tfidf.npz',
      'vocabulary.json',
    ]);
    expect(JSON.parse(readFileSync(at('nouns/vocabulary.json'), 'utf8'))).not.toContain('する');
  });

  test('label names any labels of a corpus', async () => {
    const named = ['--embeddings', join(run, 'embeddings.npy'), '--labels', join(run, 'labels.npy')];
    const { status, stdout } = await matomari([
      'label',
      csv,
      '--text',
      'title',
      '--min-df',
      '2',
      ...named,
      '--json',
    ]);
    expect(status).toBe(0);
    const clusters = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const before = jsonLines(join(run, 'clusters.jsonl')) as { terms: { term: string }[]; size: number }[];
    // The means of the clusters are the centroids, so the names are the same.
    for (const [id, { terms, size }] of clusters.entries()) {
      expect(size).toBe(before[id]!.size);
      expect(terms.slice(0, 5).map(({ term }: { term: string }) => term)).toEqual(
        before[id]!.terms.slice(0, 5).map(({ term }) => term),
      );
    }
  });

  test('assign gives the texts of a run their own clusters', async () => {
    const { status, stdout, stderr } = await matomari(['assign', run, csv, '--text', 'title', '--id', 'id']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const rows = jsonLines(join(run, 'documents.jsonl'));
    expect(stdout.trimEnd().split('\n')).toEqual(
      rows.map(({ id, cluster, distance }) => `${id}\t${cluster}\t${distance}`),
    );
    const one = await matomari(['assign', run, '-', '--json'], { input: texts[0]! });
    expect(JSON.parse(one.stdout)).toEqual({
      id: '0',
      cluster: rows[0]!.cluster,
      distance: rows[0]!.distance,
    });
  });

  test('eval scores a run, or any labels against a column', async () => {
    const metrics = JSON.parse(readFileSync(join(run, 'metrics.json'), 'utf8'));
    const own = await matomari(['eval', run, '--json']);
    expect(JSON.parse(own.stdout)).toEqual(metrics);
    const other = await matomari(['eval', join(run, 'labels.npy'), '--truth', csv, '--category', 'category']);
    expect(other.status).toBe(0);
    expect(other.stdout).toBe(`ari\t${metrics.ari}\nnmi\t${metrics.nmi}\nvMeasure\t${metrics.vMeasure}\n`);
  });

  test('report writes the page again', async () => {
    const before = readFileSync(join(run, 'report.html'), 'utf8');
    rmSync(join(run, 'report.html'));
    const { status, stdout } = await matomari(['report', run]);
    expect({ status, stdout }).toEqual({ status: 0, stdout: `${join(run, 'report.html')}\n` });
    const after = readFileSync(join(run, 'report.html'), 'utf8');
    expect(after).toContain(texts[17]!);
    expect(after.length / before.length).toBeCloseTo(1, 1);
  });

  test('doctor tells what there is', async () => {
    const { status, stdout } = await matomari(['doctor']);
    expect(status).toBe(0);
    for (const word of ['simd', 'threads', 'gpu', 'model cache', 'onnxruntime', 'cpu'])
      expect(stdout).toContain(word);
    const json = await matomari(['doctor', '--json'], {
      env: { MATOMARI_SIMD: 'scalar', MATOMARI_THREADS: '3' },
    });
    expect(JSON.parse(json.stdout)).toMatchObject({
      simd: { levels: expect.arrayContaining(['scalar']), used: 'scalar', forced: 'scalar' },
      threads: { used: 3, forced: '3' },
      gpu: { available: false, reason: expect.stringMatching(/CUDA|NVIDIA/) },
      models: { builtin: { present: true }, cache: expect.stringContaining('hub') },
      onnxruntime: { providers: expect.arrayContaining([{ name: 'cpu', bundled: true }]) },
    });
  });

  test('help tells of every verb, and gives examples for each', async () => {
    const { status, stdout } = await matomari(['--help']);
    expect(status).toBe(0);
    for (const verb of 'run embed tokens kmeans umap hdbscan label assign reassign eval report doctor'.split(
      ' ',
    )) {
      expect(stdout).toMatch(new RegExp(`^  ${verb} `, 'm'));
      const help = await matomari([verb, '--help']);
      expect(help.status, verb).toBe(0);
      expect(help.stdout, verb).toMatch(new RegExp(`Examples?:\\n(.*\\n)*  .*matomari ${verb}`));
    }
    const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
    expect((await matomari(['--version'])).stdout).toBe(`${version}\n`);
  });
});

/** Waits until something holds, for 20 seconds at most. */
async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 2000 && !holds(); i++) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(holds()).toBe(true);
}
