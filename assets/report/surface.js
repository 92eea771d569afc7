/** @import { Scene } from './scene.js' */
import { make } from './dom.js';
import { paint } from './raster.js';
import { createWebglPainter } from './webgl.js';

/** Marks that the raster draws while the picture moves. */
const MOVING_MARKS = 150_000;

/**
 * What draws the marks. WebGL where a graphics processor does it; a WebGL that computes every pixel on the processor
 * is several times slower than the raster, which takes its place there, and where there is none. `?draw=webgl` and
 * `?draw=raster` in the page's address choose one.
 * @param {HTMLElement} host gets the canvas as its first child
 * @param {Float32Array} map
 * @param {() => void} onLost the picture is gone and must be drawn anew
 */
export function createSurface(host, map, onLost) {
  const wanted = new URLSearchParams(location.search).get('draw');
  let size = { width: 1, height: 1 };

  /** @param {HTMLCanvasElement} canvas */
  const put = (canvas) => {
    Object.assign(canvas, size);
    host.prepend(canvas);
  };
  function raster() {
    const canvas = make('canvas');
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    let image = new ImageData(1, 1);
    put(canvas);
    return {
      canvas,
      /** @param {Scene} scene @param {boolean} moving */
      paint(scene, moving) {
        if (image.width !== canvas.width || image.height !== canvas.height)
          image = new ImageData(canvas.width, canvas.height);
        const stride = moving ? Math.ceil(scene.layers.order.length / MOVING_MARKS) : 1;
        paint(image, map, scene, Math.max(1, stride));
        context.putImageData(image, 0, 0);
      },
    };
  }
  function webgl() {
    if (wanted === 'raster') return null;
    const canvas = make('canvas');
    const painter = createWebglPainter(canvas, map, wanted !== 'webgl');
    if (!painter) return null;
    put(canvas);
    canvas.addEventListener('webglcontextlost', () => {
      canvas.remove();
      painting = raster();
      host.dataset.draw = 'raster';
      onLost();
    });
    return { canvas, paint: painter.paint };
  }

  const best = webgl();
  /** @type {{ canvas: HTMLCanvasElement, paint: (scene: Scene, moving: boolean) => void }} */
  let painting = best ?? raster();
  host.dataset.draw = best ? 'webgl' : 'raster';

  return {
    /** @param {number} width in device pixels @param {number} height */
    resize(width, height) {
      size = { width, height };
      Object.assign(painting.canvas, size);
    },
    /** @param {Scene} scene @param {boolean} moving */
    paint: (scene, moving) => painting.paint(scene, moving),
  };
}
