/** @import { Layers } from './scene.js' */
/** @import { View } from './view.js' */

/** Finding points goes through all that are shown: a few milliseconds for a million, and no index to keep. */

/**
 * The shown point nearest to a place, or −1; one that the filter leaves out must be nearer than one that it keeps.
 * @param {Float32Array} map
 * @param {Layers} layers
 * @param {number} x in data units, as all lengths here
 * @param {number} y
 * @param {number} reach
 */
export function nearestPoint(map, { order, dimmed }, x, y, reach) {
  let [best, nearest] = [-1, reach];
  /** @param {number} from @param {number} to @param {number} handicap */
  const look = (from, to, handicap) => {
    let most = Math.max(0, nearest - handicap) ** 2;
    for (let k = from; k < to; k++) {
      const i = order[k];
      const dx = map[2 * i] - x;
      const dy = map[2 * i + 1] - y;
      const square = dx * dx + dy * dy;
      // Of equal ones the last, which is drawn on top.
      if (square > most || (square === most && best < 0 && square > 0)) continue;
      most = square;
      best = i;
      nearest = Math.sqrt(square) + handicap;
    }
  };
  look(dimmed, order.length, 0);
  look(0, dimmed, reach / 2);
  return best;
}

/**
 * The matching point to go to from a place in a direction, or −1: the nearest of those that lie within 45° of it.
 * @param {Float32Array} map
 * @param {Layers} layers
 * @param {number} from document to leave, −1 for none
 * @param {number} x
 * @param {number} y
 * @param {number} dx direction, of length 1
 * @param {number} dy
 */
export function pointTowards(map, { order, dimmed }, from, x, y, dx, dy) {
  let [best, nearest] = [-1, Number.POSITIVE_INFINITY];
  for (let k = dimmed; k < order.length; k++) {
    const i = order[k];
    const [ax, ay] = [map[2 * i] - x, map[2 * i + 1] - y];
    const along = ax * dx + ay * dy;
    const square = ax * ax + ay * ay;
    if (i === from || along <= 0 || 2 * along * along < square || square >= nearest) continue;
    [best, nearest] = [i, square];
  }
  return best;
}

/**
 * 1 for every shown and matching document inside a polygon, by the even-odd rule; and how many there are.
 * @param {Float32Array} map
 * @param {Layers} layers
 * @param {[x: number, y: number][]} polygon
 */
export function pointsInside(map, { order, dimmed }, polygon) {
  const inside = new Uint8Array(map.length / 2);
  const xs = polygon.map(([x]) => x);
  const ys = polygon.map(([, y]) => y);
  const [left, right, bottom, top] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  let count = 0;
  for (let k = dimmed; k < order.length; k++) {
    const i = order[k];
    const [x, y] = [map[2 * i], map[2 * i + 1]];
    if (x < left || x > right || y < bottom || y > top) continue;
    let odd = false;
    for (let a = 0, b = xs.length - 1; a < xs.length; b = a++)
      if (ys[a] > y !== ys[b] > y && x < ((xs[b] - xs[a]) * (y - ys[a])) / (ys[b] - ys[a]) + xs[a])
        odd = !odd;
    if (!odd) continue;
    inside[i] = 1;
    count++;
  }
  return { inside, count };
}

/**
 * The data under a pixel.
 * @param {View} view
 * @param {number} width
 * @param {number} height
 * @param {number} px
 * @param {number} py
 * @returns {[x: number, y: number]}
 */
export const dataAt = (view, width, height, px, py) => [
  view.x + (px - width / 2) / view.scale,
  view.y - (py - height / 2) / view.scale,
];
