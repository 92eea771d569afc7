import { createHash } from 'node:crypto';
import { assets } from './assets.js';
import { cards } from './cards.js';
import { html, Markup } from './html.js';
import { header, overview } from './overview.js';
import { paletteCss } from './palette.js';
import { blocks, dataBlock } from './payload.js';
import { documents, map, toolbar } from './sections.js';
import type { ReportView } from './view.js';

const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/**
 * The page, piece by piece.
 * @param folder where its blocks are, relative to the page; null when they are to stand in the page
 */
export async function* page(view: ReportView, folder: string | null): AsyncGenerator<string> {
  const { style, script } = assets();
  const css = `${paletteCss()}${style}`;
  // The page's own script may load others, which is how it reads the folder; nothing else may.
  const scripts = folder === null ? hash(script) : `${hash(script)} 'strict-dynamic'`;
  const policy = `default-src 'none'; script-src ${scripts}; style-src ${hash(css)}; img-src data:; base-uri 'none'; form-action 'none'`;
  const kept =
    folder === null
      ? html`This file is complete in itself and works offline.`
      : html`This file works offline, together with the folder ${folder.split('/')[0]} beside it.`;
  yield html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Markup(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="Matomari">
<link rel="icon" href="data:,">
<title>${view.data.title}</title>
<style>${new Markup(css)}</style>
</head>
<body>
<a class="skip" href="#clusters">Skip to the clusters</a>
${header(view)}
${toolbar(view)}
<main>
${overview(view)}
${map(view)}
${cards(view)}
${documents(view)}
</main>
<footer class="colophon">Made with Matomari. ${kept}</footer>
`.text;
  yield dataBlock(view, folder).text;
  if (folder === null)
    for await (const { name, base64 } of blocks(view))
      yield html`<script type="text/plain" id="${name}">${new Markup(base64)}</script>\n`.text;
  yield `<script>${script}</script>\n</body>\n</html>\n`;
}
