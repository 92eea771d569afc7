/** @import { Group } from './grouping.js' */

/**
 * What text over the map is written with: a canvas, or an SVG in the making.
 * @typedef {Pick<CanvasRenderingContext2D, 'font' | 'fillStyle' | 'strokeStyle' | 'lineWidth' | 'lineJoin' | 'textAlign'
 *   | 'textBaseline' | 'strokeText' | 'fillText' | 'beginPath' | 'moveTo' | 'lineTo' | 'stroke'>
 *   & { measureText(text: string): { width: number } }} Pen
 */

/**
 * Finds room for labels: each goes to the first of its places that lies in the picture and touches no earlier one.
 * @param {number} width
 * @param {number} height
 */
export function createLayout(width, height) {
  /** @type {{ left: number, top: number, right: number, bottom: number }[]} */
  const taken = [];
  /** @param {typeof taken[number]} box */
  const free = (box) =>
    !taken.some(
      (other) =>
        box.left < other.right && other.left < box.right && box.top < other.bottom && other.top < box.bottom,
    );
  return {
    /**
     * Keeps labels away from a mark.
     * @param {number} x
     * @param {number} y
     * @param {number} radius
     */
    block(x, y, radius) {
      taken.push({ left: x - radius, right: x + radius, top: y - radius, bottom: y + radius });
    },
    /**
     * @param {[x: number, y: number][]} places centres, best first
     * @param {number} w
     * @param {number} h
     * @returns {[x: number, y: number] | null} the centre it got
     */
    place(places, w, h) {
      for (const [x, y] of places) {
        const box = { left: x - w / 2, right: x + w / 2, top: y - h / 2, bottom: y + h / 2 };
        if (box.left < 2 || box.top < 2 || box.right > width - 2 || box.bottom > height - 2) continue;
        if (!free(box)) continue;
        taken.push(box);
        return [x, y];
      }
      return null;
    },
  };
}

/**
 * @param {string} text
 * @param {number} most characters
 */
export function shorten(text, most) {
  const characters = Array.from(text.replace(/\s+/g, ' ').trim());
  return characters.length > most ? `${characters.slice(0, most).join('')}…` : characters.join('');
}

/**
 * Text with a halo in the background's colour, so that it can be read on top of points.
 * @param {Pen} pen
 * @param {string} text
 * @param {number} x
 * @param {number} y
 * @param {{ ink: string, surface: string }} colours
 */
function write(pen, text, x, y, { ink, surface }) {
  pen.lineWidth = 4;
  pen.lineJoin = 'round';
  pen.strokeStyle = surface;
  pen.strokeText(text, x, y);
  pen.fillStyle = ink;
  pen.fillText(text, x, y);
}

const LINE = 16;

/**
 * Writes every shown group's short name at the median of its points, the largest group first; where there is no room
 * it moves up or down a line or two, or stays away until the reader zooms in.
 * @param {Pen} pen
 * @param {ReturnType<typeof createLayout>} layout
 * @param {Group[]} groups
 * @param {(x: number, y: number) => [number, number]} project
 * @param {{ ink: string, surface: string }} colours
 */
export function writeGroupLabels(pen, layout, groups, project, colours) {
  pen.textAlign = 'center';
  pen.textBaseline = 'middle';
  const shown = groups.filter(({ hidden, short, centre }) => !hidden && short !== '' && centre);
  shown.sort((a, b) => b.count - a.count);
  for (const { short, centre } of shown) {
    if (!centre) continue;
    const text = shorten(short, 16);
    const [x, y] = project(...centre);
    /** @type {[number, number][]} */
    const places = [0, -1, 1, -2, 2].map((lines) => [x, y + lines * LINE]);
    const at = layout.place(places, pen.measureText(text).width + 6, LINE);
    if (at) write(pen, text, ...at, colours);
  }
}

/**
 * Writes texts beside their points, right, left, above or below, and farther out with a line where it is crowded.
 * @param {Pen} pen
 * @param {ReturnType<typeof createLayout>} layout
 * @param {{ text: string, x: number, y: number }[]} points
 * @param {number} radius of a point's mark
 * @param {{ ink: string, surface: string, noise: string }} colours
 */
export function writePointLabels(pen, layout, points, radius, colours) {
  pen.textAlign = 'center';
  pen.textBaseline = 'middle';
  for (const { x, y } of points) layout.block(x, y, radius);
  for (const { text, x, y } of points) {
    const width = pen.measureText(text).width + 6;
    const [aside, above] = [width / 2 + radius + 1, LINE / 2 + radius + 1];
    /** @type {[number, number][]} */
    const places = [];
    for (const far of [0, 16, 34, 56, 80, 110])
      places.push(
        [x + aside + far, y],
        [x - aside - far, y],
        [x, y - above - far],
        [x, y + above + far],
        [x + aside * 0.8 + far, y - above - far * 0.7],
        [x - aside * 0.8 - far, y - above - far * 0.7],
        [x + aside * 0.8 + far, y + above + far * 0.7],
        [x - aside * 0.8 - far, y + above + far * 0.7],
      );
    const at = layout.place(places, width, LINE);
    if (!at) continue;
    const [tx, ty] = at;
    const nearX = Math.min(tx + width / 2, Math.max(tx - width / 2, x));
    const nearY = Math.min(ty + LINE / 2, Math.max(ty - LINE / 2, y));
    if (Math.hypot(nearX - x, nearY - y) > radius + 6) {
      pen.strokeStyle = colours.noise;
      pen.lineWidth = 1;
      pen.beginPath();
      pen.moveTo(x, y);
      pen.lineTo(nearX, nearY);
      pen.stroke();
    }
    write(pen, text, tx, ty, colours);
  }
}
