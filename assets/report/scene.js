/** @import { Theme } from './data.js' */
/** @import { Grouping } from './grouping.js' */
/** @import { Rgb } from './raster.js' */
/** @import { View } from './view.js' */
import { rgbOf } from './raster.js';

/**
 * The documents in the order in which they are drawn: what matters less comes first and lies below. First those that
 * the filter leaves out, then noise, then the groups; hidden groups and places that are no numbers are missing.
 * @typedef {object} Layers
 * @property {Uint32Array} order
 * @property {number} dimmed how many at the start are left out by the filter
 *
 * How a group is drawn; without a shape it is the rest, smaller and grey.
 * @typedef {object} Style
 * @property {Rgb} colour
 * @property {number | undefined} shape
 *
 * One picture of the map, for whatever draws it. Lengths are CSS pixels.
 * @typedef {object} Scene
 * @property {View} view
 * @property {number} width
 * @property {number} height
 * @property {number} ratio device pixels in a CSS pixel
 * @property {number} radius of a mark
 * @property {number} ring width of its outline; 0 for none
 * @property {number} alpha
 * @property {number} small how large marks of the rest and of documents left out are, as a share of the others
 * @property {Int32Array} of group of every document
 * @property {Style[]} styles of every group
 * @property {Layers} layers
 * @property {{ x: number[], y: number[] }} lines of the grid
 * @property {Rgb} surface
 * @property {Rgb} grid
 * @property {Rgb} faint
 */

/** Up to here marks have an outline and are opaque; more of them show density by their overlap. */
const OUTLINED_DOCUMENTS = 5000;
const SMALL = 0.72;
/** Radius of a mark in CSS pixels by the number of documents, up to which it holds. */
const RADII = [
  [60, 6],
  [300, 5],
  [1000, 4.2],
  [5000, 3.2],
  [20_000, 2.3],
  [100_000, 1.6],
  [Number.POSITIVE_INFINITY, 1.1],
];

/**
 * @param {Float32Array} map
 * @param {Grouping} grouping
 * @param {Uint8Array} match 1 for every document that passes the filter
 * @returns {Layers}
 */
export function layersOf(map, { of, groups }, match) {
  const HIDDEN = 3;
  const layerOf = Uint8Array.from(groups, ({ hidden, mark }) => (hidden ? HIDDEN : mark ? 2 : 1));
  const n = of.length;
  const layer = new Uint8Array(n);
  const starts = [0, 0, 0, 0, 0];
  for (let i = 0; i < n; i++) {
    const own = layerOf[of[i]];
    const placed = Number.isFinite(map[2 * i]) && Number.isFinite(map[2 * i + 1]);
    layer[i] = own === HIDDEN || !placed ? HIDDEN : match[i] ? own : 0;
    starts[layer[i] + 1]++;
  }
  const dimmed = starts[1];
  for (let k = 1; k < 4; k++) starts[k] += starts[k - 1];
  const order = new Uint32Array(starts[3]);
  for (let i = 0; i < n; i++) if (layer[i] !== HIDDEN) order[starts[layer[i]]++] = i;
  return { order, dimmed };
}

/**
 * Colours and shapes of the groups in this scheme.
 * @param {Grouping} grouping
 * @param {Theme} theme
 * @returns {Style[]}
 */
export const stylesOf = ({ groups }, { noise, marks }) =>
  groups.map(({ mark }) => ({ colour: rgbOf(mark ? marks[mark.colour] : noise), shape: mark?.shape }));

/**
 * How marks are drawn: smaller on a small picture, larger the deeper the view.
 * @param {number} documents
 * @param {number} width of the plot
 * @param {number} height
 * @param {number} zoom 1 is the whole map
 */
export function markSize(documents, width, height, zoom) {
  const base = RADII.find(([most]) => documents <= most)?.[1] ?? 1;
  const room = Math.max(0.68, Math.min(1, Math.sqrt((width * height) / 400_000)));
  const grown = Math.min(2.2, Math.max(1, zoom ** 0.35));
  const radius = Math.round(Math.min(9, base * room * grown) * 4) / 4;
  if (documents <= OUTLINED_DOCUMENTS) return { radius, ring: 0.8, alpha: 1, small: SMALL };
  // So opaque that marks spread evenly would cover the plot about twice; nearer, where fewer share it, more so.
  const covered = (documents * Math.PI * radius ** 2) / Math.max(1, width * height) / zoom ** 1.5;
  return { radius, ring: 0, alpha: Math.min(0.85, Math.max(0.35, 2 / covered)), small: SMALL };
}
