/** @import { Theme } from './data.js' */
/** @import { Group } from './grouping.js' */
/** @import { Pen } from './labels.js' */
/** @import { View } from './view.js' */
import { gridOf, writeAxes } from './axes.js';
import { createLayout, shorten, writeGroupLabels, writePointLabels } from './labels.js';

export const FONT =
  '-apple-system, BlinkMacSystemFont, "Segoe UI", Roboto, "Hiragino Sans", "Noto Sans", "Noto Sans CJK JP", system-ui, sans-serif';
/** Up to here every point carries its text; more than these would cover each other. */
export const LABELLED_DOCUMENTS = 60;
const LABEL_CHARACTERS = 36;

/**
 * Writes what stands over the marks: the axes, and the points' texts or the groups' names.
 * @param {Pen} pen
 * @param {object} picture
 * @param {View} picture.view
 * @param {number} picture.width
 * @param {number} picture.height
 * @param {number} picture.radius of a mark
 * @param {Theme} picture.theme
 * @param {[string, string]} picture.axes
 * @param {Group[]} picture.groups that are shown
 * @param {{ text: string, place: [x: number, y: number] }[] | null} picture.points shown ones, where there are few
 */
export function writeCaptions(pen, { view, width, height, radius, theme, axes, groups, points }) {
  /** @param {number} x @param {number} y @returns {[number, number]} */
  const project = (x, y) => [(x - view.x) * view.scale + width / 2, height / 2 - (y - view.y) * view.scale];
  writeAxes(pen, gridOf(view, width, height), project, { ...theme, names: axes, width, height, font: FONT });
  const layout = createLayout(width, height);
  if (points) {
    pen.font = `12px ${FONT}`;
    const placed = points.map(({ text, place }) => {
      const [x, y] = project(...place);
      return { text: shorten(text, LABEL_CHARACTERS), x, y };
    });
    const seen = placed.filter(({ x, y }) => x > 0 && y > 0 && x < width && y < height);
    writePointLabels(pen, layout, seen, radius, theme);
  } else {
    pen.font = `600 ${width < 500 ? 11 : 13}px ${FONT}`;
    writeGroupLabels(pen, layout, groups, project, theme);
  }
}
