/**
 * Which part of the plane the map shows. One unit is as long on both axes, so distances on the screen mean something.
 * @typedef {object} View
 * @property {number} x centre, in data units
 * @property {number} y
 * @property {number} scale CSS pixels per data unit
 */

/** @typedef {{ left: number, right: number, bottom: number, top: number }} Extent */

const FARTHEST = 0.5;
const NEAREST = 4000;

/**
 * The extent of the points that have finite coordinates.
 * @param {Float32Array} map
 * @returns {Extent}
 */
export function extentOf(map) {
  let [left, right, bottom, top] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let i = 0; i + 1 < map.length; i += 2) {
    const [x, y] = [map[i], map[i + 1]];
    if (!Number.isFinite(x) || !Number.isFinite(y)) continue;
    if (x < left) left = x;
    if (x > right) right = x;
    if (y < bottom) bottom = y;
    if (y > top) top = y;
  }
  return left <= right ? { left, right, bottom, top } : { left: 0, right: 0, bottom: 0, top: 0 };
}

/** Beyond so many points a view that holds all of them is a view of the farthest strays. */
const ALL_IN_VIEW = 5000;
/** Points that measure what a view should hold, and the share of them that it leaves out on each side. */
const MEASURED = 50_000;
const STRAY_SHARE = 0.001;
const MARGIN_SHARE = 0.05;

/**
 * What the first view shows: every point where there are few, else all but the farthest two in a thousand on each
 * axis and a margin, but never more than there is.
 * @param {Float32Array} map
 * @returns {Extent}
 */
export function homeOf(map) {
  const whole = extentOf(map);
  const n = map.length / 2;
  if (n <= ALL_IN_VIEW) return whole;
  const stride = Math.ceil(n / MEASURED);
  /** @param {number} axis */
  const middle = (axis) => {
    const values = Float32Array.from({ length: Math.floor(n / stride) }, (_, k) => map[2 * k * stride + axis])
      .filter(Number.isFinite)
      .sort();
    const cut = Math.floor(values.length * STRAY_SHARE);
    const [low, high] = [values[cut] ?? 0, values[values.length - 1 - cut] ?? 0];
    return { low: low - MARGIN_SHARE * (high - low), high: high + MARGIN_SHARE * (high - low) };
  };
  const [x, y] = [middle(0), middle(1)];
  return {
    left: Math.max(whole.left, x.low),
    right: Math.min(whole.right, x.high),
    bottom: Math.max(whole.bottom, y.low),
    top: Math.min(whole.top, y.high),
  };
}

/**
 * The view that holds the whole extent. A single point, or all in one place, gets a unit around it.
 * @param {Extent} extent
 * @param {number} width
 * @param {number} height
 * @returns {View}
 */
export function fitView({ left, right, bottom, top }, width, height) {
  const margin = Math.min(40, 0.06 * width);
  const across = Math.max(1, width - 2 * margin) / (right - left || Number.MIN_VALUE);
  const up = Math.max(1, height - 2 * margin) / (top - bottom || Number.MIN_VALUE);
  const scale = Math.min(across, up);
  return {
    x: (left + right) / 2,
    y: (bottom + top) / 2,
    scale: Number.isFinite(scale) ? scale : Math.max(1, Math.min(width, height) / 2),
  };
}

/**
 * Zooms by a factor and keeps the data point under the pixel (px, py from the middle) where it is.
 * @param {View} view
 * @param {number} factor
 * @param {number} px
 * @param {number} py
 * @param {number} fitted scale of the fitted view, from which the limits are taken
 * @returns {View}
 */
export function zoomView(view, factor, px, py, fitted) {
  const scale = Math.min(fitted * NEAREST, Math.max(fitted * FARTHEST, view.scale * factor));
  return {
    x: view.x + px / view.scale - px / scale,
    y: view.y - py / view.scale + py / scale,
    scale,
  };
}

/**
 * @param {View} view
 * @param {number} px
 * @param {number} py
 * @returns {View}
 */
export const panView = (view, px, py) => ({
  ...view,
  x: view.x - px / view.scale,
  y: view.y + py / view.scale,
});
