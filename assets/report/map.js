/** @import { ReportData } from './data.js' */
/** @import { Filter } from './filter.js' */
/** @import { Grouping } from './grouping.js' */
/** @import { Rgb, Stamp } from './raster.js' */
/** @import { View } from './view.js' */
import { byId, count, distance, framed, make, makeMark } from './dom.js';
import { groupings } from './grouping.js';
import { createLayout, shorten, writeGroupLabels, writePointLabels } from './labels.js';
import { createLegend } from './legend.js';
import { blend, fillRectangle, makeStamp, rgbOf } from './raster.js';
import { extentOf, fitView, panView, ticks, zoomView } from './view.js';

/** Up to here every point carries its text; more than these would cover each other. */
const LABELLED_DOCUMENTS = 60;
const FONT =
  '-apple-system, BlinkMacSystemFont, "Segoe UI", Roboto, "Hiragino Sans", "Noto Sans", "Noto Sans CJK JP", system-ui, sans-serif';
const DOUBLE_CLICK_MS = 240;

/** @param {number} n */
const baseRadius = (n) => {
  const steps = [
    [60, 6],
    [300, 5],
    [1000, 4.2],
    [5000, 3.2],
    [20_000, 2.3],
    [100_000, 1.6],
  ];
  return steps.find(([most]) => n <= most)?.[1] ?? 1.1;
};

/**
 * The interactive map. Points are blended pixel by pixel into one picture: that costs the same everywhere, with or
 * without a GPU, and 100,000 of them take a few milliseconds a frame. A second canvas above it carries all text.
 * @param {ReportData} data
 * @param {Filter} filter
 * @param {ReturnType<import('./theme.js').createTheme>} theme
 * @param {(document: number) => void} onOpen a point was chosen
 */
export function createMap(data, filter, theme, onOpen) {
  const n = data.documents;
  const canvas = /** @type {HTMLCanvasElement} */ (byId('points'));
  const overlay = /** @type {HTMLCanvasElement} */ (byId('overlay'));
  const tooltip = byId('tooltip');
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d', { alpha: false }));
  const text = /** @type {CanvasRenderingContext2D} */ (overlay.getContext('2d'));
  const all = groupings(data);
  let grouping = /** @type {Grouping} */ (all.get('cluster'));
  const extent = extentOf(data.map);

  let [width, height, ratio] = [0, 0, 1];
  /** @type {View} */
  let fitted = { x: 0, y: 0, scale: 1 };
  let view = fitted;
  let image = new ImageData(1, 1);
  /** Documents of every group that pass the filter. */
  let matching = new Uint32Array(0);
  let hovered = -1;
  /** Document singled out from the table or its dialog. */
  let pinned = -1;

  /** @param {number} x @param {number} y @returns {[number, number]} CSS pixels */
  const project = (x, y) => [(x - view.x) * view.scale + width / 2, height / 2 - (y - view.y) * view.scale];
  /** @param {number} i */
  const placeOf = (i) => project(data.map[2 * i], data.map[2 * i + 1]);
  /** @param {number} i */
  const groupOf = (i) => grouping.groups[grouping.of[i]];
  const radius = () => {
    const room = Math.max(0.68, Math.min(1, Math.sqrt((width * height) / 400_000)));
    const grown = Math.min(2.2, Math.max(1, (view.scale / fitted.scale) ** 0.35));
    return Math.round(Math.min(9, baseRadius(n) * room * grown) * 4) / 4;
  };

  /** Pixels of every group's mark, and of what the filter leaves out. */
  function stamps() {
    const { surface, noise, faint, marks } = theme.current;
    const [ground, size] = [rgbOf(surface), radius() * ratio];
    const ring = n <= 5000 ? Math.max(1, 0.8 * ratio) : 0;
    const alpha = n <= 5000 ? 1 : n <= 20_000 ? 0.9 : 0.75;
    /** @param {number} shape @param {string} fill @param {number} scale @returns {Stamp} */
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

  function axisTicks() {
    const most = Math.max(2, Math.round(Math.max(width, height) / 150));
    const [across, up] = [width / view.scale / 2, height / view.scale / 2];
    const step = Math.max(across, up);
    // One step for both axes: the grid is square, as the scale is.
    const { values, decimals } = ticks(-step, step, most);
    const gap = values[1] - values[0];
    /** @param {number} centre @param {number} half */
    const within = (centre, half) => {
      const list = [];
      for (let k = Math.ceil((centre - half) / gap); k * gap <= centre + half; k++) list.push(k * gap);
      return list;
    };
    return { x: within(view.x, across), y: within(view.y, up), decimals };
  }

  function drawPoints() {
    const { surface, grid } = theme.current;
    fillRectangle(image, rgbOf(surface), 0, 0, image.width, image.height);
    const line = Math.max(1, Math.round(ratio));
    /** @type {Rgb} */
    const colour = rgbOf(grid);
    const { x, y } = axisTicks();
    for (const value of x)
      fillRectangle(image, colour, Math.round(project(value, 0)[0] * ratio), 0, line, image.height);
    for (const value of y)
      fillRectangle(image, colour, 0, Math.round(project(0, value)[1] * ratio), image.width, line);
    const { normal, dimmed } = stamps();
    const rest = grouping.groups.findIndex(({ mark }) => !mark);
    const { groups, of } = grouping;
    const later = [];
    for (let i = 0; i < n; i++) {
      const at = of[i];
      if (groups[at].hidden) continue;
      if (!filter.match[i]) put(dimmed, i);
      else if (at === rest) put(normal[at], i);
      else later.push(i);
    }
    for (const i of later) put(normal[of[i]], i);
    context.putImageData(image, 0, 0);
  }

  function drawOverlay() {
    const colours = theme.current;
    text.setTransform(ratio, 0, 0, ratio, 0, 0);
    text.clearRect(0, 0, width, height);
    drawAxes();
    const layout = createLayout(width, height);
    if (n <= LABELLED_DOCUMENTS) {
      text.font = `12px ${FONT}`;
      const points = [];
      for (let i = 0; i < n; i++) {
        if (groupOf(i).hidden || !filter.match[i]) continue;
        const [x, y] = placeOf(i);
        if (x > 0 && y > 0 && x < width && y < height)
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

  function drawAxes() {
    const { muted, surface } = theme.current;
    const { x, y, decimals } = axisTicks();
    text.font = `10.5px ${FONT}`;
    text.fillStyle = muted;
    text.strokeStyle = surface;
    text.lineWidth = 3;
    /** @param {string} label @param {number} px @param {number} py */
    const write = (label, px, py) => {
      text.strokeText(label, px, py);
      text.fillText(label, px, py);
    };
    /** @param {number} value */
    const number = (value) => (Math.abs(value) < 1e-12 ? 0 : value).toFixed(decimals).replace('-', '−');
    const [nameX, nameY] = data.axes;
    const reserved = text.measureText(`${nameX} →`).width + 20;
    text.textAlign = 'center';
    text.textBaseline = 'alphabetic';
    for (const value of x) {
      const [px] = project(value, 0);
      if (px > 34 && px < width - reserved) write(number(value), px, height - 7);
    }
    text.textAlign = 'left';
    text.textBaseline = 'middle';
    for (const value of y) {
      const [, py] = project(0, value);
      if (py > 34 && py < height - 24) write(number(value), 8, py);
    }
    text.font = `600 10.5px ${FONT}`;
    write(`↑ ${nameY}`, 8, 15);
    text.textAlign = 'right';
    text.textBaseline = 'alphabetic';
    write(`${nameX} →`, width - 8, height - 7);
  }

  /** @param {number} i */
  function drawRing(i) {
    const [x, y] = placeOf(i);
    const { surface, ink } = theme.current;
    for (const [colour, line, grow] of /** @type {[string, number, number][]} */ ([
      [surface, 4, 4],
      [ink, 2, 4],
    ])) {
      text.strokeStyle = colour;
      text.lineWidth = line;
      text.beginPath();
      text.arc(x, y, radius() + grow, 0, 2 * Math.PI);
      text.stroke();
    }
  }

  const draw = framed(() => {
    if (width === 0) return;
    drawPoints();
    drawOverlay();
  });
  const drawText = framed(() => {
    if (width > 0) drawOverlay();
  });

  function recount() {
    matching = new Uint32Array(grouping.groups.length);
    for (let i = 0; i < n; i++) matching[grouping.of[i]] += filter.match[i];
    const hidden = grouping.groups.reduce((sum, group) => sum + (group.hidden ? group.count : 0), 0);
    const parts = [`${count(n)} points`];
    if (hidden > 0) parts.push(`${count(hidden)} hidden`);
    if (filter.active) parts.push(`${count(filter.count)} highlighted`);
    byId('map-status').textContent = parts.join(' · ');
  }

  const legend = createLegend(() => {
    recount();
    draw();
  });

  function resize() {
    const box = canvas.getBoundingClientRect();
    const untouched = view === fitted;
    [width, height, ratio] = [box.width, box.height, Math.min(2, devicePixelRatio)];
    const [w, h] = [Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio))];
    for (const one of [canvas, overlay]) [one.width, one.height] = [w, h];
    image = new ImageData(w, h);
    fitted = fitView(extent, width, height);
    if (untouched) view = fitted;
    draw();
  }

  /** @param {View} next */
  function move(next) {
    view = next;
    canvas.classList.toggle('zoomed', view.scale > fitted.scale * 1.01);
    hover(-1, 0, 0);
    draw();
  }
  /** @param {number} factor @param {number} px @param {number} py */
  const zoom = (factor, px = width / 2, py = height / 2) =>
    move(zoomView(view, factor, px - width / 2, py - height / 2, fitted.scale));
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

  /** @param {number} i @param {number} px @param {number} py */
  function hover(i, px, py) {
    canvas.classList.toggle('over', i >= 0);
    if (i !== hovered) {
      hovered = i;
      drawText();
      if (i >= 0) tooltip.replaceChildren(...tooltipParts(i));
    }
    tooltip.hidden = i < 0;
    if (i < 0) return;
    const { offsetWidth: w, offsetHeight: h } = tooltip;
    const left = Math.max(6, Math.min(width - w - 6, px + 16 + w > width ? px - w - 16 : px + 16));
    const top = Math.max(6, Math.min(height - h - 6, py + 16 + h > height ? py - h - 12 : py + 16));
    tooltip.style.transform = `translate(${left}px, ${top}px)`;
  }

  /** @param {number} i */
  function tooltipParts(i) {
    const at = data.clusterOf[i];
    const cluster = data.clusters[at];
    const category = data.categories[data.categoryOf?.[i] ?? -1];
    const facts = [data.ids[i], category?.name ?? '', distance(data.distances[i])];
    return [
      make('p', { class: 'title', dir: 'auto' }, shorten(data.texts[i], 160)),
      make(
        'p',
        { class: 'cluster' },
        makeMark(cluster),
        cluster ? `${cluster.id} · ${cluster.name}` : 'Noise',
      ),
      make(
        'p',
        { class: 'facts' },
        ...facts.filter((fact) => fact !== '' && fact !== '–').map((fact) => make('bdi', {}, fact)),
      ),
    ];
  }

  listen();
  function listen() {
    /** @type {Map<number, { x: number, y: number }>} */
    const fingers = new Map();
    let [travelled, waiting, lastScroll] = [0, 0, 0];
    /** @param {MouseEvent} event @returns {[number, number]} */
    const at = (event) => {
      const box = canvas.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    const hoverSoon = (() => {
      /** @type {[number, number]} */
      let last = [0, 0];
      const run = framed(() => {
        if (fingers.size === 0) hover(pick(...last), ...last);
      });
      return (/** @type {[number, number]} */ place) => {
        last = place;
        run();
      };
    })();

    canvas.addEventListener('pointerdown', (event) => {
      const [x, y] = at(event);
      fingers.set(event.pointerId, { x, y });
      if (fingers.size === 1) travelled = 0;
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener('pointermove', (event) => {
      const [x, y] = at(event);
      const before = fingers.get(event.pointerId);
      if (!before) {
        hoverSoon([x, y]);
        return;
      }
      travelled += Math.hypot(x - before.x, y - before.y);
      const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
      if (other) {
        const [was, is] = [before, { x, y }].map((p) => Math.hypot(p.x - other.x, p.y - other.y));
        if (was && is) zoom(is / was, (x + other.x) / 2, (y + other.y) / 2);
        move(panView(view, (x - before.x) / 2, (y - before.y) / 2));
      } else if (travelled > 4) {
        canvas.classList.add('dragging');
        move(panView(view, x - before.x, y - before.y));
      }
      fingers.set(event.pointerId, { x, y });
    });
    /** @param {PointerEvent} event */
    const release = (event) => {
      fingers.delete(event.pointerId);
      canvas.classList.remove('dragging');
    };
    canvas.addEventListener('pointercancel', release);
    canvas.addEventListener('pointerup', (event) => {
      release(event);
      if (travelled > 4) return;
      const [x, y] = at(event);
      const i = pick(x, y);
      // Fingers cannot hover: the first tap on a point shows what it is, the next one opens it.
      const seen = event.pointerType === 'mouse' || i === hovered;
      hover(i, x, y);
      clearTimeout(waiting);
      if (i >= 0 && seen) waiting = setTimeout(() => onOpen(i), DOUBLE_CLICK_MS);
    });
    canvas.addEventListener('pointerleave', (event) => {
      if (event.pointerType === 'mouse') hoverSoon([Number.NaN, Number.NaN]);
    });
    canvas.addEventListener('dblclick', () => {
      clearTimeout(waiting);
      reset();
    });
    addEventListener('scroll', () => {
      lastScroll = performance.now();
    });
    canvas.addEventListener(
      'wheel',
      (event) => {
        // A page being scrolled must not stop because the map happens to arrive under the pointer.
        if (performance.now() - lastScroll < 200) return;
        event.preventDefault();
        const pixels = event.deltaY * (event.deltaMode === 1 ? 30 : 1);
        zoom(Math.exp(-Math.max(-200, Math.min(200, pixels)) * 0.0025), ...at(event));
      },
      { passive: false },
    );
    canvas.addEventListener('keydown', (event) => {
      const step = 60;
      /** @type {Record<string, () => void>} */
      const keys = {
        ArrowLeft: () => move(panView(view, step, 0)),
        ArrowRight: () => move(panView(view, -step, 0)),
        ArrowUp: () => move(panView(view, 0, step)),
        ArrowDown: () => move(panView(view, 0, -step)),
        '+': () => zoom(1.5),
        '=': () => zoom(1.5),
        '-': () => zoom(1 / 1.5),
        0: reset,
      };
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const act = keys[event.key];
      if (!act) return;
      event.preventDefault();
      act();
    });
    byId('zoom-in').addEventListener('click', () => zoom(1.6));
    byId('zoom-out').addEventListener('click', () => zoom(1 / 1.6));
    byId('zoom-reset').addEventListener('click', reset);
    for (const input of document.querySelectorAll('input[name="colour"]'))
      input.addEventListener('change', () => {
        grouping = all.get(/** @type {HTMLInputElement} */ (input).value) ?? grouping;
        legend.show(grouping);
        recount();
        draw();
      });
  }

  filter.onChange(() => {
    recount();
    draw();
  });
  theme.onChange(draw);
  new ResizeObserver(resize).observe(canvas);
  legend.show(grouping);
  recount();

  return {
    /** Draws at once, for a printer that does not wait for the next frame. */
    drawNow() {
      drawPoints();
      drawOverlay();
    },
    /** Rings one document and brings it into the view. @param {number} i */
    pin(i) {
      pinned = i;
      const group = groupOf(i);
      if (group.hidden) {
        group.hidden = false;
        legend.show(grouping);
        recount();
      }
      const [x, y] = placeOf(i);
      if (x < 20 || y < 20 || x > width - 20 || y > height - 20)
        move(panView(view, width / 2 - x, height / 2 - y));
      draw();
    },
  };
}
