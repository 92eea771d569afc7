import { framed } from './dom.js';

/** A second click within this time makes the first one half of a double click. */
const DOUBLE_CLICK_MS = 240;
/** A pointer that moved farther than this was dragging. */
const STILL_PIXELS = 4;
const KEY_PIXELS = 60;
const KEY_ZOOM = 1.5;
/** The page counts as being scrolled until this long after its last scroll event. */
const SCROLLING_MS = 200;

/** A lasso's corners are at least so far apart. */
const LASSO_PIXELS = 3;

/**
 * Turns what mouse, fingers and keys do on a canvas into moves of the view. Places are CSS pixels from its corner.
 * @param {HTMLElement} canvas
 * @param {object} act
 * @param {(dx: number, dy: number) => void} act.pan
 * @param {(factor: number, x?: number, y?: number) => void} act.zoom without a place about the middle
 * @param {() => void} act.reset
 * @param {(x: number, y: number) => void} act.hover NaN when the pointer has left
 * @param {(x: number, y: number, mouse: boolean) => (() => void) | undefined} act.tap what to do when no second click
 * follows
 * @param {() => boolean} act.lassoing whether a drag draws a lasso; with Shift held it always does
 * @param {(path: [x: number, y: number][], closed: boolean) => void} act.lasso drawn so far, or closed
 * @param {(dx: number, dy: number) => void} act.step to the next point in that direction, y downwards
 * @param {() => void} act.choose the point that step came to
 * @param {() => void} act.selectView
 * @param {() => void} act.leave
 */
export function listenToGestures(canvas, act) {
  /** @type {Map<number, [x: number, y: number]>} */
  const held = new Map();
  let travelled = 0;
  let waiting = 0;
  let lastScroll = Number.NEGATIVE_INFINITY;
  /** @type {[x: number, y: number]} */
  let pointer = [0, 0];
  /** The lasso that is being drawn. @type {[x: number, y: number][] | null} */
  let path = null;

  /** @param {MouseEvent} event @returns {[x: number, y: number]} */
  const placeOf = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const hoverSoon = framed(() => {
    if (held.size === 0) act.hover(...pointer);
  });
  /** @param {PointerEvent} event */
  const release = (event) => {
    held.delete(event.pointerId);
    canvas.classList.remove('dragging');
  };

  canvas.addEventListener('pointerdown', (event) => {
    if (held.size === 0) travelled = 0;
    if (held.size === 0 && event.button === 0 && (event.shiftKey || act.lassoing())) path = [placeOf(event)];
    held.set(event.pointerId, placeOf(event));
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener('pointermove', (event) => {
    const [x, y] = placeOf(event);
    const before = held.get(event.pointerId);
    if (!before) {
      pointer = [x, y];
      hoverSoon();
      return;
    }
    const [dx, dy] = [x - before[0], y - before[1]];
    travelled += Math.hypot(dx, dy);
    if (path) {
      const [lastX, lastY] = path[path.length - 1];
      if (Math.hypot(x - lastX, y - lastY) >= LASSO_PIXELS) path.push([x, y]);
      act.lasso(path, false);
      held.set(event.pointerId, [x, y]);
      return;
    }
    const other = [...held].find(([id]) => id !== event.pointerId)?.[1];
    if (other) {
      const was = Math.hypot(before[0] - other[0], before[1] - other[1]);
      const is = Math.hypot(x - other[0], y - other[1]);
      if (was > 0 && is > 0) act.zoom(is / was, (x + other[0]) / 2, (y + other[1]) / 2);
      act.pan(dx / 2, dy / 2);
    } else if (travelled > STILL_PIXELS) {
      canvas.classList.add('dragging');
      act.pan(dx, dy);
    }
    held.set(event.pointerId, [x, y]);
  });
  canvas.addEventListener('pointercancel', (event) => {
    release(event);
    if (path) act.lasso([], false);
    path = null;
  });
  canvas.addEventListener('pointerup', (event) => {
    release(event);
    const drawn = path;
    path = null;
    if (drawn && travelled > STILL_PIXELS) {
      act.lasso(drawn, true);
      return;
    }
    if (travelled > STILL_PIXELS) return;
    clearTimeout(waiting);
    const later = act.tap(...placeOf(event), event.pointerType === 'mouse');
    if (later) waiting = setTimeout(later, DOUBLE_CLICK_MS);
  });
  canvas.addEventListener('pointerleave', (event) => {
    if (event.pointerType !== 'mouse') return;
    pointer = [Number.NaN, Number.NaN];
    hoverSoon();
  });
  canvas.addEventListener('dblclick', () => {
    clearTimeout(waiting);
    act.reset();
  });

  addEventListener('scroll', () => {
    lastScroll = performance.now();
  });
  canvas.addEventListener(
    'wheel',
    (event) => {
      // A page being scrolled must not stop because the map happens to arrive under the pointer.
      if (performance.now() - lastScroll < SCROLLING_MS) return;
      event.preventDefault();
      const pixels = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 30 : 1);
      act.zoom(Math.exp(-Math.max(-200, Math.min(200, pixels)) * 0.0025), ...placeOf(event));
    },
    { passive: false },
  );

  /** @type {Record<string, () => void>} */
  const keys = {
    ArrowLeft: () => act.pan(KEY_PIXELS, 0),
    ArrowRight: () => act.pan(-KEY_PIXELS, 0),
    ArrowUp: () => act.pan(0, KEY_PIXELS),
    ArrowDown: () => act.pan(0, -KEY_PIXELS),
    '+': () => act.zoom(KEY_ZOOM),
    '=': () => act.zoom(KEY_ZOOM),
    '-': () => act.zoom(1 / KEY_ZOOM),
    0: () => act.reset(),
    Enter: act.choose,
    s: act.selectView,
    Escape: () => {
      if (path) act.lasso([], false);
      path = null;
      act.leave();
    },
  };
  /** @type {Record<string, () => void>} */
  const shifted = {
    ArrowLeft: () => act.step(-1, 0),
    ArrowRight: () => act.step(1, 0),
    ArrowUp: () => act.step(0, -1),
    ArrowDown: () => act.step(0, 1),
  };
  canvas.addEventListener('keydown', (event) => {
    const press = (event.shiftKey && shifted[event.key]) || keys[event.key];
    if (!press || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    press();
  });
}
