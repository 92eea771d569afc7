/** @import { Scene } from './scene.js' */

/** Groups in a row of the texture of styles. */
const STYLES_WIDE = 256;
/** Below this radius in pixels shapes cannot be told apart, and all marks are drawn as circles, which cost less. */
const SHAPED_PIXELS = 2;

const VERTEX = `#version 300 es
precision highp float;
precision highp int;
uniform highp vec2 centreHigh, centreLow, scale;
uniform float size, ring, noise;
uniform vec4 faint;
uniform bool dimmed, shaped;
uniform highp sampler2D styles;
layout(location = 0) in vec2 place;
layout(location = 1) in int group;
flat out vec4 style;
flat out float radius;
flat out float sprite;
void main() {
  vec4 own = texelFetch(styles, ivec2(group % ${STYLES_WIDE}, group / ${STYLES_WIDE}), 0);
  bool small = dimmed || own.a > 0.9;
  style = dimmed ? faint : vec4(own.rgb, small ? 0.0 : own.a * 255.0);
  radius = size * (small ? noise : 1.0);
  sprite = 2.0 * ceil(radius * (shaped ? 1.45 : 1.0) + ring + 0.5);
  gl_PointSize = sprite;
  gl_Position = vec4(((place - centreHigh) - centreLow) * scale, 0.0, 1.0);
}`;

// The same shapes and the same edges as the raster's: see EDGES and makeStamp.
const FRAGMENT = `#version 300 es
precision highp float;
uniform vec4 surface;
uniform float ring, alpha;
uniform bool shaped;
flat in vec4 style;
flat in float radius;
flat in float sprite;
out vec4 colour;
float edge(vec2 p, float shape) {
  vec2 q = abs(p);
  if (shape < 0.5) return length(p) - 1.0;
  if (shape < 1.5) return max(q.x, q.y) - 0.89;
  if (shape < 2.5) return max(p.y - 0.72, 0.866 * q.x - 0.5 * p.y - 0.72);
  if (shape < 3.5) return (q.x + q.y) * 0.70710678 - 0.9;
  return min(max(q.x - 1.12, q.y - 0.42), max(q.x - 0.42, q.y - 1.12));
}
void main() {
  vec2 p = (gl_PointCoord - 0.5) * sprite;
  float away = (shaped ? edge(p / radius, style.a) : length(p) / radius - 1.0) * radius;
  float outer = clamp(0.5 - (away - ring), 0.0, 1.0);
  if (outer == 0.0) discard;
  float inner = clamp(0.5 - away, 0.0, 1.0) / outer;
  colour = vec4(mix(surface.rgb, style.rgb, inner), outer * alpha);
}`;

/** Names of drivers that compute every pixel on the processor. */
const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|basic render/i;

/** @param {WebGL2RenderingContext} gl */
function isSoftware(gl) {
  // Chromium and Safari hide the driver's name behind an extension that Firefox would rather not be asked for.
  const plain = String(gl.getParameter(gl.RENDERER));
  const extension = plain.includes('WebGL') ? gl.getExtension('WEBGL_debug_renderer_info') : null;
  return SOFTWARE.test(extension ? String(gl.getParameter(extension.UNMASKED_RENDERER_WEBGL)) : plain);
}

/** @param {WebGL2RenderingContext} gl */
function programOf(gl) {
  const program = gl.createProgram();
  for (const [type, source] of /** @type {[number, string][]} */ ([
    [gl.VERTEX_SHADER, VERTEX],
    [gl.FRAGMENT_SHADER, FRAGMENT],
  ])) {
    const shader = gl.createShader(type);
    if (!shader) return null;
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  return gl.getProgramParameter(program, gl.LINK_STATUS) ? program : null;
}

/**
 * Draws scenes with WebGL 2: the places of all points are uploaded once, and a frame is one or two calls.
 * Null where WebGL 2 is not to be had.
 * @param {HTMLCanvasElement} canvas
 * @param {Float32Array} map x and y of every document in turn
 * @param {boolean} onlyFast refuse a WebGL without a graphics processor
 */
export function createWebglPainter(canvas, map, onlyFast) {
  const gl = canvas.getContext('webgl2', {
    alpha: false,
    antialias: false,
    depth: false,
    failIfMajorPerformanceCaveat: onlyFast,
  });
  if (!gl || (onlyFast && isSoftware(gl))) return null;
  const program = programOf(gl);
  if (!program) return null;
  gl.useProgram(program);
  /** @type {Map<string, WebGLUniformLocation | null>} */
  const places = new Map();
  /** @param {string} name */
  const uniform = (name) => {
    if (!places.has(name)) places.set(name, gl.getUniformLocation(program, name));
    return places.get(name) ?? null;
  };
  gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
  gl.bufferData(gl.ARRAY_BUFFER, map, gl.STATIC_DRAW);
  gl.vertexAttribPointer(0, 2, gl.FLOAT, false, 0, 0);
  gl.enableVertexAttribArray(0);
  gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
  gl.enableVertexAttribArray(1);
  gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, gl.createBuffer());
  gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
  gl.enable(gl.BLEND);
  gl.blendFunc(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA);

  /** What was uploaded last. @type {Partial<Scene>} */
  let held = {};

  /** @param {Scene} scene */
  const upload = ({ of, layers, styles }) => {
    if (held.of !== of) {
      gl.bufferData(gl.ARRAY_BUFFER, of, gl.STATIC_DRAW);
      gl.vertexAttribIPointer(1, 1, gl.INT, 0, 0);
    }
    if (held.layers !== layers) gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, layers.order, gl.DYNAMIC_DRAW);
    if (held.styles !== styles) {
      const high = Math.max(1, Math.ceil(styles.length / STYLES_WIDE));
      const texels = new Uint8Array(4 * STYLES_WIDE * high);
      styles.forEach(({ colour, shape }, i) => {
        texels.set([...colour, shape ?? 255], 4 * i);
      });
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, STYLES_WIDE, high, 0, gl.RGBA, gl.UNSIGNED_BYTE, texels);
    }
    held = { of, layers, styles };
  };

  return {
    /** @param {Scene} scene */
    paint(scene) {
      const { view, width, height, ratio, radius, ring, alpha, small, layers, lines } = scene;
      if (gl.isContextLost()) return;
      upload(scene);
      const [w, h] = [canvas.width, canvas.height];
      gl.viewport(0, 0, w, h);
      /** @param {import('./raster.js').Rgb} rgb @returns {[number, number, number]} */
      const unit = ([r, g, b]) => [r / 255, g / 255, b / 255];
      gl.clearColor(...unit(scene.surface), 1);
      gl.clear(gl.COLOR_BUFFER_BIT);
      gl.enable(gl.SCISSOR_TEST);
      gl.clearColor(...unit(scene.grid), 1);
      const line = Math.max(1, Math.round(ratio));
      for (const x of lines.x) {
        gl.scissor(Math.round(x * ratio), 0, line, h);
        gl.clear(gl.COLOR_BUFFER_BIT);
      }
      for (const y of lines.y) {
        gl.scissor(0, h - line - Math.round(y * ratio), w, line);
        gl.clear(gl.COLOR_BUFFER_BIT);
      }
      gl.disable(gl.SCISSOR_TEST);

      // The centre in two float32 parts: deep in the picture one alone would shift it by a pixel.
      const [x, y] = [Math.fround(view.x), Math.fround(view.y)];
      gl.uniform2f(uniform('centreHigh'), x, y);
      gl.uniform2f(uniform('centreLow'), view.x - x, view.y - y);
      gl.uniform2f(uniform('scale'), (2 * view.scale) / width, (2 * view.scale) / height);
      gl.uniform1f(uniform('size'), radius * ratio);
      gl.uniform1f(uniform('ring'), ring * ratio);
      gl.uniform1f(uniform('alpha'), alpha);
      gl.uniform1f(uniform('noise'), small);
      gl.uniform1i(uniform('shaped'), radius * ratio >= SHAPED_PIXELS ? 1 : 0);
      gl.uniform4f(uniform('surface'), ...unit(scene.surface), 1);
      gl.uniform4f(uniform('faint'), ...unit(scene.faint), 0);
      /** @param {boolean} dimmed @param {number} from @param {number} to */
      const draw = (dimmed, from, to) => {
        if (to <= from) return;
        gl.uniform1i(uniform('dimmed'), dimmed ? 1 : 0);
        gl.drawElements(gl.POINTS, to - from, gl.UNSIGNED_INT, 4 * from);
      };
      draw(true, 0, layers.dimmed);
      draw(false, layers.dimmed, layers.order.length);
    },
  };
}
