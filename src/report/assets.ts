import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import root from '../root.cjs';

const STYLES = ['page.css', 'cards.css', 'map.css', 'table.css', 'print.css'];
/** In the order of their imports: a module stands after all it imports. */
const MODULES = [
  'blocks.js',
  'texts.js',
  'data.js',
  'dom.js',
  'theme.js',
  'filter.js',
  'grouping.js',
  'view.js',
  'raster.js',
  'scene.js',
  'webgl.js',
  'surface.js',
  'pick.js',
  'labels.js',
  'legend.js',
  'axes.js',
  'captions.js',
  'svg.js',
  'figure.js',
  'tooltip.js',
  'gestures.js',
  'map.js',
  'selection.js',
  'order.js',
  'table.js',
  'detail.js',
  'main.js',
];

const read = (name: string): string => readFileSync(join(root, 'assets', 'report', name), 'utf8');

/** The client's ES modules joined to one classic script: an inline module could import its siblings only by address. */
function bundle(): string {
  const bodies = MODULES.map((name) =>
    read(name)
      .replace(/^import [^;]*;\n/gm, '')
      .replace(/^export /gm, ''),
  );
  return `(() => {\n'use strict';\n${bodies.join('\n')}})();\n`;
}

let cached: { style: string; script: string } | undefined;

/** The page's own style and script, read once from the package. */
export function assets(): { style: string; script: string } {
  cached ??= { style: STYLES.map(read).join('\n'), script: bundle() };
  return cached;
}
