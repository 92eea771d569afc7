// node scripts/umap-picture.mjs: draws docs/images/umap-digits.png, the map of scikit-learn's digits by umap-learn 0.5.12
// (left, its stored map of seed 42) and by this build (right, the same seed), one colour a digit.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { crc32, deflateSync } from 'node:zlib';
import { umap } from '../dist/esm/index.js';
import { readNpy } from '../dist/esm/io/index.js';

const SIDE = 440;
const MARGIN = 20;
const RADIUS = 1.6;
// Paul Tol's "muted" scheme and black: told apart by the colour-blind too.
const COLOURS = [
  [51, 34, 136],
  [136, 204, 238],
  [68, 170, 153],
  [17, 119, 51],
  [153, 153, 51],
  [221, 204, 119],
  [204, 102, 119],
  [136, 34, 85],
  [170, 68, 153],
  [30, 30, 30],
];

const fixture = (name) =>
  readNpy(fileURLToPath(new URL(`../test/fixtures/metrics/${name}.npy`, import.meta.url)));
const digits = await fixture('digits_x_uint8');
const digitOf = Array.from((await fixture('digits_y')).data, Number);
const theirs = (await fixture('umap_digits_seed42')).data;
const points = { data: Float32Array.from(digits.data), rows: digits.shape[0], cols: digits.shape[1] };
const ours = (await umap(points, { seed: 42 })).embedding.data;

const width = 2 * SIDE;
const pixels = Buffer.alloc(SIDE * width * 3, 255);

/** Mixes a colour into a pixel. */
function blend(x, y, colour, share) {
  for (let c = 0; c < 3; c++) {
    const at = (y * width + x) * 3 + c;
    pixels[at] = Math.round(pixels[at] * (1 - share) + colour[c] * share);
  }
}

function draw(map, left) {
  const low = [0, 1].map((c) => map.filter((_, e) => e % 2 === c).reduce((a, b) => Math.min(a, b)));
  const high = [0, 1].map((c) => map.filter((_, e) => e % 2 === c).reduce((a, b) => Math.max(a, b)));
  const scale = (SIDE - 2 * MARGIN) / Math.max(high[0] - low[0], high[1] - low[1]);
  const place = (v, c) => SIDE / 2 + (v - (low[c] + high[c]) / 2) * scale;
  for (let i = 0; i < points.rows; i++) {
    const x = left + place(map[2 * i], 0);
    const y = place(map[2 * i + 1], 1);
    for (let py = Math.floor(y - 3); py <= y + 3; py++)
      for (let px = Math.floor(x - 3); px <= x + 3; px++) {
        const share = Math.min(1, Math.max(0, RADIUS + 0.5 - Math.hypot(px - x, py - y)));
        if (share > 0) blend(px, py, COLOURS[digitOf[i]], 0.8 * share);
      }
  }
}

function chunk(type, data) {
  const out = Buffer.alloc(data.length + 12);
  out.writeUInt32BE(data.length, 0);
  out.write(type, 4, 'latin1');
  data.copy(out, 8);
  out.writeUInt32BE(crc32(out.subarray(4, data.length + 8)), data.length + 8);
  return out;
}

function png() {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(SIDE, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const lines = Array.from({ length: SIDE }, (_, y) =>
    Buffer.concat([Buffer.of(0), pixels.subarray(y * width * 3, (y + 1) * width * 3)]),
  );
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(Buffer.concat(lines), { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

draw(theirs, 0);
draw(ours, SIDE);
for (let y = 0; y < SIDE; y++) blend(SIDE, y, [200, 200, 200], 1);
writeFileSync(new URL('../docs/images/umap-digits.png', import.meta.url), png());
