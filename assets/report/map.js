/** @import { ReportData } from './data.js' */
/** @import { Filter } from './filter.js' */
/** @import { Grouping } from './grouping.js' */
/** @import { Stamp } from './raster.js' */
/** @import { View } from './view.js' */
import { gridOf, writeAxes } from './axes.js';
import { byId, count, framed } from './dom.js';
import { listenToGestures } from './gestures.js';
import { groupings } from './grouping.js';
import { createLayout, shorten, writeGroupLabels, writePointLabels } from './labels.js';
import { createLegend } from './legend.js';
import { blend, fillRectangle, makeStamp, rgbOf } from './raster.js';
import { createTooltip } from './tooltip.js';
import { extentOf, fitView, panView, zoomView } from './view.js';

/** Up to here every point carries its text; more than these would cover each other. */
const LABELLED_DOCUMENTS = 60;
/** Up to here marks have an outline and are opaque; more of them show density by their overlap. */
const OUTLINED_DOCUMENTS = 5000;
/** CSS pixels and their density for the map on paper, whatever the window's size. */
const PAPER = { width: 540, height: 460, ratio: 3 };
const BUTTON_ZOOM = 1.6;
const FONT =
  '-apple-system, BlinkMacSystemFont, "Segoe UI", Roboto, "Hiragino Sans", "Noto Sans", "Noto Sans CJK JP", system-ui, sans-serif';
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
 * The interactive map. Points are blended pixel by pixel into one picture: that costs the same everywhere, with or
 * without a GPU, and does not grow into seconds at 100,000 documents. A second canvas above it carries all text.
 * @param {ReportData} data
 * @param {Filter} filter
 * @param {ReturnType<import('./theme.js').createTheme>} theme
 * @param {(document: number) => void} onOpen a point was chosen
 */
export function createMap(data, filter, theme, onOpen) {
  const n = data.documents;
  const canvas = /** @type {HTMLCanvasElement} */ (byId('points'));
  const overlay = /** @type {HTMLCanvasElement} */ (byId('overlay'));
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  const text = /** @type {CanvasRenderingContext2D} */ (overlay.getContext('2d'));
  const tooltip = createTooltip(data);
  const all = groupings(data);
  let grouping = /** @type {Grouping} */ (all.get('cluster'));
  const extent = extentOf(data.map);
  const baseRadius = RADII.find(([most]) => n <= most)?.[1] ?? 1;

  let [width, height, ratio] = [0, 0, 1];
  /** @type {View} */
  let fitted = { x: 0, y: 0, scale: 1 };
  let view = fitted;
  let image = new ImageData(1, 1);
  let printing = false;
  let hovered = -1;
  /** Document singled out from its dialog. */
  let pinned = -1;
  /** Documents of every group that pass the filter. */
  let matching = new Uint32Array(0);

  /** @param {number} x @param {number} y @returns {[number, number]} CSS pixels */
  const project = (x, y) => [(x - view.x) * view.scale + width / 2, height / 2 - (y - view.y) * view.scale];
  /** @param {number} i */
  const placeOf = (i) => project(data.map[2 * i], data.map[2 * i + 1]);
  /** @param {number} i */
  const groupOf = (i) => grouping.groups[grouping.of[i]];
  const radius = () => {
    const room = Math.max(0.68, Math.min(1, Math.sqrt((width * height) / 400_000)));
    const grown = Math.min(2.2, Math.max(1, (view.scale / fitted.scale) ** 0.35));
    return Math.round(Math.min(9, baseRadius * room * grown) * 4) / 4;
  };

  /** Pixels of every group's mark, and of what the filter leaves out. */
  function stamps() {
    const { surface, noise, faint, marks } = theme.current;
    const [ground, size] = [rgbOf(surface), radius() * ratio];
    const ring = n <= OUTLINED_DOCUMENTS ? Math.max(1, 0.8 * ratio) : 0;
    const alpha = n <= OUTLINED_DOCUMENTS ? 1 : 0.8;
    /** @param {number} shape @param {string} fill @param {number} scale */
    const stamp = (shape, fill, scale) => makeStamp(shape, size * scale, rgbOf(fill), ground, ring, alpha);
    return {
      normal: grouping.groups.map(({ mark }) =>
        mark ? stamp(mark.shape, marks[mark.colour], 1) : stamp(0, noise, 0.72),
      ),
      dimmed: stamp(0, faint, 0.72),
    };
  }

  /** @param {Stamp} stamp @param {number} i */
  function put(stamp, i) {
    const [x, y] = placeOf(i);
    if (Number.isFinite(x) && Number.isFinite(y))
      blend(image, stamp, Math.round(x * ratio), Math.round(y * ratio));
  }

  function drawPoints() {
    const { surface, grid } = theme.current;
    const { width: w, height: h } = image;
    fillRectangle(image, rgbOf(surface), 0, 0, w, h);
    const [line, colour] = [Math.max(1, Math.round(ratio)), rgbOf(grid)];
    const { x, y } = gridOf(view, width, height);
    for (const value of x) fillRectangle(image, colour, Math.round(project(value, 0)[0] * ratio), 0, line, h);
    for (const value of y) fillRectangle(image, colour, 0, Math.round(project(0, value)[1] * ratio), w, line);
    const { normal, dimmed } = stamps();
    const { groups, of } = grouping;
    // What matters less lies below: documents that the filter leaves out, then noise, then the groups.
    const background = groups.findIndex(({ mark }) => !mark);
    for (const layer of ['dimmed', 'background', 'groups'])
      for (let i = 0; i < n; i++) {
        const at = of[i];
        const own = !filter.match[i] ? 'dimmed' : at === background ? 'background' : 'groups';
        if (own === layer && !groups[at].hidden) put(own === 'dimmed' ? dimmed : normal[at], i);
      }
    context.putImageData(image, 0, 0);
  }

  function drawText() {
    const colours = theme.current;
    text.setTransform(ratio, 0, 0, ratio, 0, 0);
    text.clearRect(0, 0, width, height);
    writeAxes(text, gridOf(view, width, height), project, {
      ...colours,
      names: data.axes,
      width,
      height,
      font: FONT,
    });
    const layout = createLayout(width, height);
    if (n <= LABELLED_DOCUMENTS) {
      text.font = `12px ${FONT}`;
      const points = [];
      for (let i = 0; i < n; i++) {
        const [x, y] = placeOf(i);
        const seen = x > 0 && y > 0 && x < width && y < height;
        if (seen && filter.match[i] && !groupOf(i).hidden)
          points.push({ text: shorten(data.texts[i], 22), x, y });
      }
      writePointLabels(text, layout, points, radius(), colours);
    } else {
      text.font = `600 ${width < 500 ? 11 : 13}px ${FONT}`;
      const groups = grouping.groups.filter((_, at) => !filter.active || matching[at] > 0);
      writeGroupLabels(text, layout, groups, project, colours);
    }
    for (const i of new Set([pinned, hovered])) if (i >= 0 && !groupOf(i).hidden) drawRing(i);
  }

  /** @param {number} i */
  function drawRing(i) {
    const [x, y] = placeOf(i);
    const { surface, ink } = theme.current;
    for (const [colour, line] of /** @type {[string, number][]} */ ([
      [surface, 4],
      [ink, 2],
    ])) {
      text.strokeStyle = colour;
      text.lineWidth = line;
      text.beginPath();
      text.arc(x, y, radius() + 4, 0, 2 * Math.PI);
      text.stroke();
    }
  }

  function drawNow() {
    if (width === 0) return;
    drawPoints();
    drawText();
    // Browsers print the upper of two canvases as if it were opaque, so on paper there is one.
    if (printing) context.drawImage(overlay, 0, 0);
  }
  const draw = framed(drawNow);
  const drawTextSoon = framed(() => {
    if (width > 0 && !printing) drawText();
  });

  /** Counts anew what the filter and the legend leave, and says so. */
  function recount() {
    matching = new Uint32Array(grouping.groups.length);
    for (let i = 0; i < n; i++) matching[grouping.of[i]] += filter.match[i];
    const hidden = grouping.groups.reduce((sum, group) => sum + (group.hidden ? group.count : 0), 0);
    const parts = [`${count(n)} ${n === 1 ? 'point' : 'points'}`];
    if (hidden > 0) parts.push(`${count(hidden)} hidden`);
    if (filter.active) parts.push(`${count(filter.count)} highlighted`);
    byId('map-status').textContent = parts.join(' · ');
  }
  function update() {
    recount();
    draw();
  }
  const legend = createLegend(update);
  /** @param {Grouping} next */
  function colourBy(next) {
    grouping = next;
    legend.show(next);
    update();
  }

  /** @param {{ width: number, height: number, ratio: number }} size */
  function layOut(size) {
    const zoomed = view.scale / fitted.scale;
    const untouched = view === fitted;
    ({ width, height, ratio } = size);
    image = new ImageData(Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio)));
    for (const one of [canvas, overlay]) {
      one.width = image.width;
      one.height = image.height;
    }
    fitted = fitView(extent, width, height);
    view = untouched ? fitted : { ...view, scale: fitted.scale * zoomed };
  }
  function fillPlot() {
    const box = canvas.getBoundingClientRect();
    layOut({ width: box.width, height: box.height, ratio: Math.min(2, devicePixelRatio) });
  }

  /** @param {View} next */
  function move(next) {
    view = next;
    canvas.classList.toggle('zoomed', view.scale > fitted.scale * 1.01);
    hover(-1, 0, 0);
    draw();
  }
  const zoom = (factor = 1, x = width / 2, y = height / 2) =>
    move(zoomView(view, factor, x - width / 2, y - height / 2, fitted.scale));
  const reset = () => move(fitted);

  /**
   * The shown point nearest to a pixel, or −1; one that the filter leaves out must be nearer than one that it keeps.
   * @param {number} px
   * @param {number} py
   */
  function pick(px, py) {
    const reach = Math.max(10, radius() + 5);
    let [best, nearest] = [-1, reach];
    for (let i = 0; i < n; i++) {
      const [x, y] = placeOf(i);
      const away = Math.hypot(x - px, y - py) + (filter.match[i] ? 0 : reach / 2);
      if (away < nearest && !groupOf(i).hidden) [best, nearest] = [i, away];
    }
    return best;
  }

  /** @param {number} i @param {number} x @param {number} y */
  function hover(i, x, y) {
    canvas.classList.toggle('over', i >= 0);
    if (i !== hovered) drawTextSoon();
    hovered = i;
    tooltip.show(i, x, y, width, height);
  }

  listenToGestures(canvas, {
    pan: (dx, dy) => move(panView(view, dx, dy)),
    zoom,
    reset,
    hover: (x, y) => hover(pick(x, y), x, y),
    tap(x, y, mouse) {
      const i = pick(x, y);
      // Fingers cannot hover: the first tap on a point shows what it is, the next one opens it.
      const seen = mouse || i === hovered;
      hover(i, x, y);
      return i >= 0 && seen ? () => onOpen(i) : undefined;
    },
  });
  byId('zoom-in').addEventListener('click', () => zoom(BUTTON_ZOOM));
  byId('zoom-out').addEventListener('click', () => zoom(1 / BUTTON_ZOOM));
  byId('zoom-reset').addEventListener('click', reset);
  for (const input of document.querySelectorAll('input[name="colour"]'))
    input.addEventListener('change', () =>
      colourBy(all.get(/** @type {HTMLInputElement} */ (input).value) ?? grouping),
    );
  filter.onChange(update);
  theme.onChange(draw);
  new ResizeObserver(() => {
    if (printing) return;
    fillPlot();
    draw();
  }).observe(canvas);
  colourBy(grouping);

  return {
    /**
     * Draws for paper, or for the screen again, at once: a printer does not wait for the next frame.
     * @param {boolean} on
     */
    print(on) {
      printing = on;
      if (on) layOut(PAPER);
      else fillPlot();
      drawNow();
    },
    /**
     * Rings one document and brings it into the view.
     * @param {number} i
     */
    pin(i) {
      pinned = i;
      if (groupOf(i).hidden) {
        groupOf(i).hidden = false;
        colourBy(grouping);
      }
      const [x, y] = placeOf(i);
      if (x < 20 || y < 20 || x > width - 20 || y > height - 20)
        move(panView(view, width / 2 - x, height / 2 - y));
      draw();
    },
  };
}
