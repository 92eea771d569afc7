/** @import { Scene } from './scene.js' */

/**
 * @typedef {[red: number, green: number, blue: number]} Rgb
 *
 * A mark as pixels around its centre, ready to be blended.
 * @typedef {object} Stamp
 * @property {number} reach pixels from the centre to its edge
 * @property {Int16Array} dx
 * @property {Int16Array} dy
 * @property {Uint8Array} rgba
 */

/** @param {string} hex */
export function rgbOf(hex) {
  const value = Number.parseInt(hex.slice(1), 16);
  return /** @type {Rgb} */ ([value >> 16, (value >> 8) & 255, value & 255]);
}

/**
 * Signed distance to the edge of a shape of unit area-radius: negative inside. In the order of the palette's shapes:
 * circle, square, triangle, diamond, plus, all of about the same area.
 * @type {((x: number, y: number) => number)[]}
 */
const EDGES = [
  (x, y) => Math.hypot(x, y) - 1,
  (x, y) => Math.max(Math.abs(x), Math.abs(y)) - 0.89,
  (x, y) => Math.max(y - 0.72, 0.866 * Math.abs(x) - 0.5 * y - 0.72),
  (x, y) => (Math.abs(x) + Math.abs(y)) * Math.SQRT1_2 - 0.9,
  (x, y) => {
    const [a, b] = [Math.abs(x), Math.abs(y)];
    return Math.min(Math.max(a - 1.12, b - 0.42), Math.max(a - 0.42, b - 1.12));
  },
];

/** @param {number} distance */
const coverage = (distance) => Math.min(1, Math.max(0, 0.5 - distance));

/**
 * @param {number} shape
 * @param {number} radius in pixels
 * @param {Rgb} fill
 * @param {Rgb} ring colour of the outline that keeps overlapping marks apart
 * @param {number} ringWidth in pixels; 0 for none
 * @param {number} alpha
 * @returns {Stamp}
 */
export function makeStamp(shape, radius, fill, ring, ringWidth, alpha) {
  const edge = EDGES[shape] ?? Math.hypot;
  const reach = Math.ceil(radius * 1.45 + ringWidth + 1);
  /** @type {{ dx: number[], dy: number[], rgba: number[] }} */
  const { dx, dy, rgba } = { dx: [], dy: [], rgba: [] };
  for (let y = -reach; y <= reach; y++)
    for (let x = -reach; x <= reach; x++) {
      const distance = edge(x / radius, y / radius) * radius;
      const outer = coverage(distance - ringWidth);
      const opacity = Math.round(255 * outer * alpha);
      if (opacity === 0) continue;
      const inner = coverage(distance) / outer;
      dx.push(x);
      dy.push(y);
      for (let c = 0; c < 3; c++) rgba.push(Math.round(ring[c] + (fill[c] - ring[c]) * inner));
      rgba.push(opacity);
    }
  return { reach, dx: Int16Array.from(dx), dy: Int16Array.from(dy), rgba: Uint8Array.from(rgba) };
}

/**
 * Blends a stamp over an opaque picture; what falls outside is cut off.
 * @param {ImageData} image
 * @param {Stamp} stamp
 * @param {number} x
 * @param {number} y
 */
export function blend({ data, width, height }, { reach, dx, dy, rgba }, x, y) {
  if (x < -reach || y < -reach || x >= width + reach || y >= height + reach) return;
  const inside = x >= reach && y >= reach && x < width - reach && y < height - reach;
  for (let k = 0; k < dx.length; k++) {
    const px = x + dx[k];
    const py = y + dy[k];
    if (!inside && (px < 0 || py < 0 || px >= width || py >= height)) continue;
    const at = 4 * (py * width + px);
    const from = 4 * k;
    const alpha = rgba[from + 3];
    for (let c = 0; c < 3; c++) data[at + c] += ((rgba[from + c] - data[at + c]) * alpha) / 255;
  }
}

/**
 * Fills a rectangle with an opaque colour; what falls outside is cut off.
 * @param {ImageData} image
 * @param {Rgb} colour
 * @param {number} x
 * @param {number} y
 * @param {number} width
 * @param {number} height
 */
export function fillRectangle(image, [red, green, blue], x, y, width, height) {
  const pixels = new Uint32Array(image.data.buffer);
  const word = ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
  const [left, right] = [Math.max(0, x), Math.min(image.width, x + width)];
  const [top, bottom] = [Math.max(0, y), Math.min(image.height, y + height)];
  for (let row = top; row < bottom; row++)
    pixels.fill(word, row * image.width + left, row * image.width + right);
}

/**
 * Paints a scene pixel by pixel: that works everywhere, needs no GPU, and comes out of every printer.
 * @param {ImageData} image of the scene's size in device pixels
 * @param {Float32Array} map
 * @param {Scene} scene
 * @param {number} stride draw every so manieth document only, for a picture that moves
 */
export function paint(image, map, scene, stride = 1) {
  const { view, width, height, ratio, radius, ring, alpha, small, of, layers, lines } = scene;
  const { width: w, height: h } = image;
  fillRectangle(image, scene.surface, 0, 0, w, h);
  const line = Math.max(1, Math.round(ratio));
  for (const x of lines.x) fillRectangle(image, scene.grid, Math.round(x * ratio), 0, line, h);
  for (const y of lines.y) fillRectangle(image, scene.grid, 0, Math.round(y * ratio), w, line);
  const size = radius * ratio;
  const edge = ring > 0 ? Math.max(1, ring * ratio) : 0;
  const stamps = scene.styles.map(({ colour, shape }) =>
    makeStamp(shape ?? 0, shape === undefined ? size * small : size, colour, scene.surface, edge, alpha),
  );
  const faint = makeStamp(0, size * small, scene.faint, scene.surface, edge, alpha);
  const scale = view.scale * ratio;
  const [left, top] = [(width / 2) * ratio - view.x * scale, (height / 2) * ratio + view.y * scale];
  for (let k = 0; k < layers.order.length; k += stride) {
    const i = layers.order[k];
    const stamp = k < layers.dimmed ? faint : stamps[of[i]];
    blend(image, stamp, Math.round(left + map[2 * i] * scale), Math.round(top - map[2 * i + 1] * scale));
  }
}
