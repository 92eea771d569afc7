/** @import { ReportData } from './data.js' */
/** @import { Filter } from './filter.js' */
/** @import { Grouping } from './grouping.js' */
/** @import { Layers, Scene } from './scene.js' */
/** @import { View } from './view.js' */
import { gridOf } from './axes.js';
import { LABELLED_DOCUMENTS, writeCaptions } from './captions.js';
import { byId, count, framed } from './dom.js';
import { pictureOf, saveFigure } from './figure.js';
import { listenToGestures } from './gestures.js';
import { groupings } from './grouping.js';
import { createLegend } from './legend.js';
import { dataAt, nearestPoint, pointsInside, pointTowards } from './pick.js';
import { rgbOf } from './raster.js';
import { layersOf, markSize, stylesOf } from './scene.js';
import { createSurface } from './surface.js';
import { createTooltip } from './tooltip.js';
import { fitView, homeOf, panView, zoomView } from './view.js';

/** CSS pixels and their density for the map on paper, whatever the window's size. */
const PAPER = { width: 540, height: 460, ratio: 3 };
/** CSS pixels of the plot in a saved figure, whatever the window's size. */
const FIGURE = { width: 960, height: 640, ratio: 1 };
const BUTTON_ZOOM = 1.6;
/** The view counts as moving until this long after its last move. */
const MOVING_MS = 140;
/** How much of the plot a place that is gone to fills. */
const PLACE_SHARE = 0.6;

/**
 * The interactive map: marks on one canvas, text on a second one above it.
 * @param {ReportData} data
 * @param {Filter} filter
 * @param {ReturnType<typeof import('./theme.js').createTheme>} theme
 * @param {(document: number) => void} onOpen a point was chosen
 */
export function createMap(data, filter, theme, onOpen) {
  const n = data.documents;
  const plot = byId('points');
  const overlay = /** @type {HTMLCanvasElement} */ (byId('overlay'));
  const text = /** @type {CanvasRenderingContext2D} */ (overlay.getContext('2d'));
  const lassoButton = byId('lasso');
  const tooltip = createTooltip(data);
  const all = groupings(data);
  let grouping = /** @type {Grouping} */ (all.get('cluster'));
  const extent = homeOf(data.map);

  let size = { width: 0, height: 0, ratio: 1 };
  /** @type {View} */
  let fitted = { x: 0, y: 0, scale: 1 };
  let view = fitted;
  let moving = 0;
  let hovered = -1;
  /** Document singled out from its dialog. */
  let pinned = -1;
  /** Lasso being drawn. @type {[x: number, y: number][]} */
  let lasso = [];
  /** Documents of every group that pass the filter. */
  let matching = new Uint32Array(0);
  /** @type {Layers} */
  let layers = { order: new Uint32Array(0), dimmed: 0 };
  /** @type {Scene['styles']} */
  let styles = [];

  /** @param {number} i @returns {[x: number, y: number]} CSS pixels */
  const placeOf = (i) => [
    (data.map[2 * i] - view.x) * view.scale + size.width / 2,
    size.height / 2 - (data.map[2 * i + 1] - view.y) * view.scale,
  ];
  /** @param {number} i */
  const groupOf = (i) => grouping.groups[grouping.of[i]];

  /**
   * What there is to draw in a plot of this size.
   * @param {typeof size} plotSize
   * @param {View} shown
   * @param {View} whole
   * @returns {Scene}
   */
  function sceneOf({ width, height, ratio }, shown, whole) {
    const { surface, grid, faint } = theme.current;
    const { x, y } = gridOf(shown, width, height);
    return {
      view: shown,
      width,
      height,
      ratio,
      ...markSize(n, width, height, shown.scale / whole.scale),
      of: grouping.of,
      styles,
      layers,
      lines: {
        x: x.map((value) => (value - shown.x) * shown.scale + width / 2),
        y: y.map((value) => height / 2 - (value - shown.y) * shown.scale),
      },
      surface: rgbOf(surface),
      grid: rgbOf(grid),
      faint: rgbOf(faint),
    };
  }
  /** @param {Scene} scene @returns {Parameters<typeof writeCaptions>[1]} */
  function captionsOf({ view: shown, width, height, radius }) {
    const few =
      n <= LABELLED_DOCUMENTS ? Array.from(layers.order.subarray(layers.dimmed)).sort((a, b) => a - b) : null;
    return {
      view: shown,
      width,
      height,
      radius,
      theme: theme.current,
      axes: data.axes,
      groups: grouping.groups.filter(({ hidden }, at) => !hidden && (!filter.active || matching[at] > 0)),
      points:
        few?.map((i) => ({
          text: data.texts.peek(i)?.text ?? '',
          place: [data.map[2 * i], data.map[2 * i + 1]],
        })) ?? null,
    };
  }

  const surface = createSurface(plot, data.map, () => draw());

  function drawText() {
    const { width, height, ratio } = size;
    const scene = sceneOf(size, view, fitted);
    text.setTransform(ratio, 0, 0, ratio, 0, 0);
    text.clearRect(0, 0, width, height);
    writeCaptions(text, captionsOf(scene));
    for (const i of new Set([pinned, hovered])) if (i >= 0 && !groupOf(i).hidden) drawRing(i, scene.radius);
    if (lasso.length > 1) drawLasso();
  }

  /** @param {number} i @param {number} radius */
  function drawRing(i, radius) {
    const { surface: ground, ink } = theme.current;
    for (const [colour, line] of /** @type {[string, number][]} */ ([
      [ground, 4],
      [ink, 2],
    ])) {
      text.strokeStyle = colour;
      text.lineWidth = line;
      text.beginPath();
      text.arc(...placeOf(i), radius + 4, 0, 2 * Math.PI);
      text.stroke();
    }
  }

  function drawLasso() {
    const { accent } = theme.current;
    text.beginPath();
    for (const [x, y] of lasso) text.lineTo(x, y);
    text.closePath();
    text.fillStyle = `${accent}22`;
    text.fill();
    text.strokeStyle = accent;
    text.lineWidth = 1.5;
    text.stroke();
  }

  const draw = framed(() => {
    if (size.width === 0) return;
    surface.paint(sceneOf(size, view, fitted), moving !== 0);
    drawText();
  });
  const drawTextSoon = framed(() => {
    if (size.width > 0) drawText();
  });

  /** Finds anew what the filter and the legend leave, says so, and draws it. */
  function update() {
    layers = layersOf(data.map, grouping, filter.match);
    matching = new Uint32Array(grouping.groups.length);
    for (let i = 0; i < n; i++) matching[grouping.of[i]] += filter.match[i];
    const hidden = grouping.groups.reduce((sum, group) => sum + (group.hidden ? group.count : 0), 0);
    const parts = [`${count(n)} ${n === 1 ? 'point' : 'points'}`];
    if (hidden > 0) parts.push(`${count(hidden)} hidden`);
    if (filter.active) parts.push(`${count(filter.count)} highlighted`);
    byId('map-status').textContent = parts.join(' · ');
    draw();
  }
  function restyle() {
    styles = stylesOf(grouping, theme.current);
    draw();
  }
  const legend = createLegend(update);
  /** @param {Grouping} next */
  function colourBy(next) {
    grouping = next;
    legend.show(next);
    restyle();
    update();
  }

  function fillPlot() {
    const zoomed = view.scale / fitted.scale;
    const untouched = view === fitted;
    const { width, height } = plot.getBoundingClientRect();
    size = { width, height, ratio: Math.min(2, devicePixelRatio) };
    const [across, down] = [width, height].map((length) => Math.max(1, Math.round(length * size.ratio)));
    surface.resize(across, down);
    Object.assign(overlay, { width: across, height: down });
    fitted = fitView(extent, width, height);
    view = untouched ? fitted : { ...view, scale: fitted.scale * zoomed };
    draw();
  }

  /** @param {View} next */
  function move(next) {
    view = next;
    plot.classList.toggle('zoomed', view.scale > fitted.scale * 1.01);
    clearTimeout(moving);
    moving = setTimeout(() => {
      moving = 0;
      draw();
    }, MOVING_MS);
    hover(-1, 0, 0);
    draw();
  }
  const zoom = (factor = 1, x = size.width / 2, y = size.height / 2) =>
    move(zoomView(view, factor, x - size.width / 2, y - size.height / 2, fitted.scale));
  const reset = () => move(fitted);

  /** @param {number} px @param {number} py @returns {[x: number, y: number]} */
  const under = (px, py) => dataAt(view, size.width, size.height, px, py);
  /** @param {number} px @param {number} py */
  function pick(px, py) {
    const { radius } = sceneOf(size, view, fitted);
    return nearestPoint(data.map, layers, ...under(px, py), Math.max(10, radius + 5) / view.scale);
  }

  /** @param {number} i @param {number} x @param {number} y */
  function hover(i, x, y) {
    plot.classList.toggle('over', i >= 0);
    if (i !== hovered) drawTextSoon();
    hovered = i;
    tooltip.show(i, x, y, size.width, size.height);
  }

  /** Brings a document into the view. @param {number} i */
  function seek(i) {
    const { width, height } = size;
    const [x, y] = placeOf(i);
    if (x < 20 || y < 20 || x > width - 20 || y > height - 20)
      move(panView(view, width / 2 - x, height / 2 - y));
  }

  /** @param {[x: number, y: number][]} corners in CSS pixels */
  function select(corners) {
    const { inside, count: found } = pointsInside(
      data.map,
      layers,
      corners.map(([x, y]) => under(x, y)),
    );
    filter.set({ selection: found > 0 ? inside : null });
  }

  /** @param {boolean} on */
  const setLassoing = (on) => {
    lassoButton.setAttribute('aria-pressed', String(on));
    plot.classList.toggle('lassoing', on);
  };
  const lassoing = () => lassoButton.getAttribute('aria-pressed') === 'true';
  lassoButton.addEventListener('click', () => setLassoing(!lassoing()));

  listenToGestures(plot, {
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
    lassoing,
    lasso(path, closed) {
      lasso = closed ? [] : path;
      if (closed) {
        select(path);
        setLassoing(false);
      } else hover(-1, 0, 0);
      drawTextSoon();
    },
    step(dx, dy) {
      const from = hovered;
      const [x, y] =
        from >= 0 ? [data.map[2 * from], data.map[2 * from + 1]] : under(size.width / 2, size.height / 2);
      const i = pointTowards(data.map, layers, from, x, y, dx, -dy);
      if (i < 0) return;
      seek(i);
      hover(i, ...placeOf(i));
      data.texts.read(i).then(({ text: words }) => {
        if (hovered === i) byId('map-said').textContent = words;
      });
    },
    choose: () => hovered >= 0 && onOpen(hovered),
    selectView() {
      const { width, height } = size;
      select([
        [0, 0],
        [width, 0],
        [width, height],
        [0, height],
      ]);
    },
    leave() {
      setLassoing(false);
      if (filter.selection) filter.set({ selection: null });
      hover(-1, 0, 0);
    },
  });
  byId('zoom-in').addEventListener('click', () => zoom(BUTTON_ZOOM));
  byId('zoom-out').addEventListener('click', () => zoom(1 / BUTTON_ZOOM));
  byId('zoom-reset').addEventListener('click', reset);
  for (const format of /** @type {const} */ (['png', 'svg']))
    byId(`save-${format}`).addEventListener('click', () => {
      // What is in view, in a picture of the figure's own proportions.
      const whole = fitView(extent, FIGURE.width, FIGURE.height);
      const shown = view === fitted ? whole : { ...view, scale: (whole.scale * view.scale) / fitted.scale };
      const scene = sceneOf(FIGURE, shown, whole);
      saveFigure(format, data, scene, captionsOf(scene), grouping, theme.current);
    });
  for (const input of document.querySelectorAll('input[name="colour"]'))
    input.addEventListener('change', () =>
      colourBy(all.get(/** @type {HTMLInputElement} */ (input).value) ?? grouping),
    );
  filter.onChange(update);
  theme.onChange(restyle);
  new ResizeObserver(fillPlot).observe(plot);
  colourBy(grouping);

  return {
    /**
     * Puts a picture for paper in the map's place, or takes it away: at once, a printer does not wait for the next
     * frame. Marks and text share one canvas, since browsers print the upper of two as if it were opaque.
     * @param {boolean} on
     */
    print(on) {
      document.getElementById('paper')?.remove();
      if (!on) return;
      const whole = fitView(extent, PAPER.width, PAPER.height);
      const scene = sceneOf(PAPER, whole, whole);
      // The theme has turned to paper's, the styles are still the screen's.
      const picture = pictureOf({ ...scene, styles: stylesOf(grouping, theme.current) }, data.map);
      const pen = /** @type {CanvasRenderingContext2D} */ (picture.getContext('2d'));
      pen.scale(PAPER.ratio, PAPER.ratio);
      writeCaptions(pen, captionsOf(scene));
      plot.after(Object.assign(picture, { id: 'paper' }));
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
      seek(i);
      draw();
    },
    /**
     * Goes to where a cluster lies.
     * @param {number} cluster its position
     */
    goTo(cluster) {
      const box = all.get('cluster')?.groups[cluster]?.box;
      if (!box || size.width === 0) return;
      const place = fitView(box, size.width * PLACE_SHARE, size.height * PLACE_SHARE);
      move({ ...place, scale: Math.min(place.scale, fitted.scale * 8) });
    },
  };
}
