/** @import { Pen } from './labels.js' */
/** @import { Rgb } from './raster.js' */
/** @import { Scene } from './scene.js' */

/** @param {string} text */
const escaped = (text) =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    // Of the control characters XML knows three.
    .replace(/[^\P{Cc}\t\n\r]/gu, '\ufffd');

/** @param {Record<string, string | number | undefined>} attributes */
export const attributesOf = (attributes) =>
  Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}="${escaped(String(value))}"`)
    .join('');

/** @param {number} value */
const short = (value) => String(Math.round(value * 100) / 100);

/** @param {Rgb} rgb */
const css = ([r, g, b]) => `rgb(${r} ${g} ${b})`;

/**
 * The outline of a mark around where the path is, in the shapes of the palette: see EDGES.
 * @type {((r: number) => string)[]}
 */
const OUTLINES = [
  (r) =>
    `m${short(-r)},0a${short(r)},${short(r)} 0 1 0 ${short(2 * r)},0a${short(r)},${short(r)} 0 1 0 ${short(-2 * r)},0z`,
  (r) => polygon(r, [-0.89, -0.89, 0.89, -0.89, 0.89, 0.89, -0.89, 0.89]),
  (r) => polygon(r, [0, -1.44, 1.247, 0.72, -1.247, 0.72]),
  (r) => polygon(r, [0, -1.273, 1.273, 0, 0, 1.273, -1.273, 0]),
  (r) =>
    polygon(
      r,
      [
        -0.42, -1.12, 0.42, -1.12, 0.42, -0.42, 1.12, -0.42, 1.12, 0.42, 0.42, 0.42, 0.42, 1.12, -0.42, 1.12,
        -0.42, 0.42, -1.12, 0.42, -1.12, -0.42, -0.42, -0.42,
      ],
    ),
];

/** @param {number} r @param {number[]} corners x and y in turn */
function polygon(r, corners) {
  let path = '';
  let [x, y] = [0, 0];
  for (let k = 0; k < corners.length; k += 2) {
    path += `${k === 0 ? 'm' : 'l'}${short(r * (corners[k] - x))},${short(r * (corners[k + 1] - y))}`;
    [x, y] = [corners[k], corners[k + 1]];
  }
  return `${path}z`;
}

/**
 * A mark as the legend of a figure shows it.
 * @param {number | undefined} shape
 * @param {Rgb} colour
 * @param {number} x
 * @param {number} y
 * @param {number} radius
 */
export const svgMark = (shape, colour, x, y, radius) =>
  `<path fill="${css(colour)}" d="M${short(x)},${short(y)}${OUTLINES[shape ?? 0](radius)}"/>`;

/**
 * The marks of a scene as paths: one for each mark where they have outlines, else one for each group.
 * @param {Scene} scene
 * @param {Float32Array} map
 */
export function svgMarks(scene, map) {
  const { view, width, height, radius, ring, alpha, small, styles, of, layers } = scene;
  /** @param {number} i */
  const place = (i) =>
    `M${short((map[2 * i] - view.x) * view.scale + width / 2)},${short(height / 2 - (map[2 * i + 1] - view.y) * view.scale)}`;
  const outlines = styles.map(({ shape }) =>
    OUTLINES[shape ?? 0](shape === undefined ? radius * small : radius),
  );
  const dimmed = OUTLINES[0](radius * small);
  /** @type {string[]} */
  const paths = [];
  if (ring > 0) {
    const opening = `stroke="${css(scene.surface)}" stroke-width="${2 * ring}" paint-order="stroke"`;
    layers.order.forEach((i, k) => {
      const faint = k < layers.dimmed;
      const fill = css(faint ? scene.faint : styles[of[i]].colour);
      paths.push(`<path fill="${fill}" d="${place(i)}${faint ? dimmed : outlines[of[i]]}"/>`);
    });
    return `<g ${opening}>${paths.join('\n')}</g>`;
  }
  /** @type {string[][]} */
  const groups = Array.from({ length: styles.length + 1 }, () => []);
  layers.order.forEach((i, k) => {
    if (k < layers.dimmed) groups[0].push(place(i) + dimmed);
    else groups[of[i] + 1].push(place(i) + outlines[of[i]]);
  });
  groups.forEach((marks, at) => {
    const fill = css(at === 0 ? scene.faint : styles[at - 1].colour);
    if (marks.length > 0) paths.push(`<path fill="${fill}" d="${marks.join('')}"/>`);
  });
  return `<g fill-opacity="${short(alpha)}">${paths.join('\n')}</g>`;
}

/** A pen that writes SVG instead of a canvas. @implements {Pen} */
export class SvgPen {
  font = '';
  /** @type {Pen['fillStyle']} */
  fillStyle = '#000';
  /** @type {Pen['strokeStyle']} */
  strokeStyle = '#000';
  lineWidth = 1;
  /** @type {Pen['lineJoin']} */
  lineJoin = 'round';
  /** @type {Pen['textAlign']} */
  textAlign = 'left';
  /** @type {Pen['textBaseline']} */
  textBaseline = 'alphabetic';
  /** @type {string[]} */
  #parts = [];
  #path = '';
  /** What the halo of the text that is filled next looks like. */
  #halo = {};
  #ruler = /** @type {CanvasRenderingContext2D} */ (document.createElement('canvas').getContext('2d'));

  /** @param {string} text */
  measureText(text) {
    this.#ruler.font = this.font;
    return this.#ruler.measureText(text);
  }
  strokeText() {
    this.#halo = {
      stroke: String(this.strokeStyle),
      'stroke-width': this.lineWidth,
      'stroke-linejoin': 'round',
      'paint-order': 'stroke',
    };
  }
  /** @param {string} text @param {number} x @param {number} y */
  fillText(text, x, y) {
    const [, weight, size] = /^(?:(\d+) )?([\d.]+)px/.exec(this.font) ?? [];
    const attributes = attributesOf({
      x: short(x),
      y: short(y),
      'font-size': size,
      'font-weight': weight,
      'text-anchor': { center: 'middle', right: 'end' }[String(this.textAlign)],
      // Editors do not know dominant-baseline; a third of the size below the middle is the baseline.
      dy: this.textBaseline === 'middle' ? '0.35em' : undefined,
      fill: String(this.fillStyle),
      ...this.#halo,
    });
    this.#halo = {};
    this.#parts.push(`<text${attributes}>${escaped(text)}</text>`);
  }
  beginPath() {
    this.#path = '';
  }
  /** @param {number} x @param {number} y */
  moveTo(x, y) {
    this.#path += `M${short(x)},${short(y)}`;
  }
  /** @param {number} x @param {number} y */
  lineTo(x, y) {
    this.#path += `L${short(x)},${short(y)}`;
  }
  stroke() {
    const look = {
      d: this.#path,
      fill: 'none',
      stroke: String(this.strokeStyle),
      'stroke-width': this.lineWidth,
    };
    this.#parts.push(`<path${attributesOf(look)}/>`);
  }
  /** What was written, as SVG elements. */
  take() {
    return this.#parts.splice(0).join('\n');
  }
}
