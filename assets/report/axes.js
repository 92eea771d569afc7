/** @import { Pen } from './labels.js' */
/** @import { View } from './view.js' */

/**
 * Round numbers apart by one step on both axes: the grid is square, as the scale is.
 * @param {View} view
 * @param {number} width
 * @param {number} height
 */
export function gridOf(view, width, height) {
  const longer = Math.max(width, height) / view.scale;
  const rough = longer / Math.max(2, Math.round(Math.max(width, height) / 150));
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((m) => m * power >= rough) ?? 10);
  /** @param {number} centre @param {number} length */
  const within = (centre, length) => {
    const values = [];
    const half = length / view.scale / 2;
    for (let k = Math.ceil((centre - half) / step); k * step <= centre + half; k++) values.push(k * step);
    return values;
  };
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return { x: within(view.x, width), y: within(view.y, height), decimals: Math.min(20, decimals) };
}

/**
 * Writes the axes' names and the grid's numbers along the left and lower edge.
 * @param {Pen} pen
 * @param {ReturnType<typeof gridOf>} grid
 * @param {(x: number, y: number) => [number, number]} project
 * @param {{ names: [string, string], width: number, height: number, font: string, muted: string, surface: string }} style
 */
export function writeAxes(pen, grid, project, { names, width, height, font, muted, surface }) {
  /** @param {string} label @param {number} x @param {number} y */
  const write = (label, x, y) => {
    pen.strokeText(label, x, y);
    pen.fillText(label, x, y);
  };
  /** @param {number} value */
  const number = (value) =>
    value
      .toFixed(grid.decimals)
      .replace(/^-(?=.*[1-9])/, '−')
      .replace('-', '');
  pen.fillStyle = muted;
  pen.strokeStyle = surface;
  pen.lineWidth = 3;
  pen.font = `600 10.5px ${font}`;
  pen.textAlign = 'left';
  pen.textBaseline = 'middle';
  write(`↑ ${names[1]}`, 8, 15);
  pen.textAlign = 'right';
  pen.textBaseline = 'alphabetic';
  write(`${names[0]} →`, width - 8, height - 7);
  const reserved = pen.measureText(`${names[0]} →`).width + 30;

  pen.font = `10.5px ${font}`;
  pen.textAlign = 'center';
  for (const value of grid.x) {
    const [x] = project(value, 0);
    if (x > 34 && x < width - reserved) write(number(value), x, height - 7);
  }
  pen.textAlign = 'left';
  pen.textBaseline = 'middle';
  for (const value of grid.y) {
    const [, y] = project(0, value);
    if (y > 34 && y < height - 24) write(number(value), 8, y);
  }
}
