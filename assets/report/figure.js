/** @import { ReportData, Theme } from './data.js' */
/** @import { Grouping } from './grouping.js' */
/** @import { Scene } from './scene.js' */
import { FONT, writeCaptions } from './captions.js';
import { count, make } from './dom.js';
import { shorten } from './labels.js';
import { paint, rgbOf } from './raster.js';
import { attributesOf, SvgPen, svgMark, svgMarks } from './svg.js';

/** More marks than these are a picture inside the SVG: as paths, an editor could not open them. */
const VECTOR_MARKS = 100_000;
/** A picture for the PNG draws more than these with the raster too, which is faster than an SVG of as many paths. */
const VECTOR_MARKS_OF_PNG = 5000;
const PNG_RATIO = 2;
const MARGIN = 24;
const TITLE = 60;
const LEGEND = 250;
const LINE_HEIGHT = 21;

/**
 * The map as a figure on its own, with title, axes and legend: what stands on the screen, drawn as SVG.
 * @param {ReportData} data
 * @param {Scene} scene
 * @param {Parameters<typeof writeCaptions>[1]} captions
 * @param {Grouping} grouping
 * @param {Theme} theme
 * @param {number} vectorMarks how many marks may be paths
 */
function svgFigure(data, scene, captions, { title, groups }, theme, vectorMarks) {
  const { width, height, lines } = scene;
  const whole = { width: width + LEGEND + 2 * MARGIN, height: height + TITLE + MARGIN };
  const pen = new SvgPen();
  writeCaptions(pen, captions);
  const text = pen.take();
  pen.textAlign = 'left';
  pen.textBaseline = 'alphabetic';
  pen.font = `650 19px ${FONT}`;
  pen.fillStyle = theme.ink;
  pen.fillText(shorten(data.title, 90), MARGIN, 38);
  const left = MARGIN + width + 20;
  pen.font = `11px ${FONT}`;
  pen.fillStyle = theme.muted;
  pen.fillText(title, left, TITLE + 12);
  const shown = groups.filter(({ hidden }) => !hidden);
  const fitting = Math.floor((height - 40) / LINE_HEIGHT);
  const listed = shown.length > fitting ? shown.slice(0, fitting - 1) : shown;
  /** @type {string[]} */
  const marks = [];
  pen.font = `12px ${FONT}`;
  pen.textBaseline = 'middle';
  listed.forEach(({ label, prefix, mark, count: size }, at) => {
    const y = TITLE + 32 + at * LINE_HEIGHT;
    marks.push(svgMark(mark?.shape, rgbOf(mark ? theme.marks[mark.colour] : theme.noise), left + 5, y, 5));
    pen.textAlign = 'left';
    pen.fillStyle = theme.ink;
    pen.fillText(shorten(`${prefix} ${label}`, 30), left + 18, y);
    pen.textAlign = 'right';
    pen.fillStyle = theme.muted;
    pen.fillText(count(size), left + LEGEND - 20, y);
  });
  if (listed.length < shown.length) {
    pen.textAlign = 'left';
    pen.fillText(
      `and ${count(shown.length - listed.length)} more`,
      left + 18,
      TITLE + 32 + listed.length * LINE_HEIGHT,
    );
  }
  const grid = [
    ...lines.x.map((x) => `M${x.toFixed(1)},0v${height}`),
    ...lines.y.map((y) => `M0,${y.toFixed(1)}h${width}`),
  ].join('');
  const drawn =
    scene.layers.order.length <= vectorMarks
      ? `<path d="${grid}" stroke="${theme.grid}" fill="none"/>\n${svgMarks(scene, data.map)}`
      : `<image${attributesOf({ width, height, href: pictureOf(scene, data.map).toDataURL() })}/>`;
  const root = {
    xmlns: document.querySelector('svg')?.namespaceURI ?? undefined,
    ...whole,
    viewBox: `0 0 ${whole.width} ${whole.height}`,
    'font-family': FONT.replaceAll('"', "'"),
  };
  const svg = `<svg${attributesOf(root)}>
<rect width="100%" height="100%" fill="${theme.surface}"/>
<g transform="translate(${MARGIN} ${TITLE})"><svg${attributesOf({ width, height })}>${drawn}</svg>
<rect width="${width}" height="${height}" fill="none" stroke="${theme.line}"/>
${text}</g>
${marks.join('\n')}
${pen.take()}
</svg>
`;
  return { svg, ...whole };
}

/**
 * The marks of a scene alone, in their place.
 * @param {Scene} scene
 * @param {Float32Array} map
 */
export function pictureOf(scene, map) {
  const canvas = make('canvas');
  canvas.width = Math.max(1, Math.round(scene.width * scene.ratio));
  canvas.height = Math.max(1, Math.round(scene.height * scene.ratio));
  const image = new ImageData(canvas.width, canvas.height);
  paint(image, map, scene);
  canvas.getContext('2d')?.putImageData(image, 0, 0);
  return canvas;
}

/** @param {Blob} blob @param {string} name */
function save(blob, name) {
  const link = make('a', { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/**
 * Saves the map as a figure.
 * @param {'png' | 'svg'} format
 * @param {ReportData} data
 * @param {Scene} scene
 * @param {Parameters<typeof writeCaptions>[1]} captions
 * @param {Grouping} grouping
 * @param {Theme} theme
 */
export async function saveFigure(format, data, scene, captions, grouping, theme) {
  const most = format === 'svg' ? VECTOR_MARKS : VECTOR_MARKS_OF_PNG;
  const fine = { ...scene, ratio: PNG_RATIO };
  const { svg, width, height } = svgFigure(data, fine, captions, grouping, theme, most);
  const name = `${shorten(data.title, 60).replace(/[\\/:*?"<>|\p{Cc}]+/gu, '-')}.${format}`;
  if (format === 'svg') {
    save(new Blob([svg], { type: 'image/svg+xml' }), name);
    return;
  }
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = make('canvas');
  [canvas.width, canvas.height] = [width * PNG_RATIO, height * PNG_RATIO];
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((done) => canvas.toBlob(done, 'image/png'));
  if (blob) save(blob, name);
}
