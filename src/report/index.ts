import { createHash } from 'node:crypto';
import type { ReportData } from '../pipeline/types.js';
import { assets } from './assets.js';
import { cards } from './cards.js';
import { html, Markup } from './html.js';
import { header, overview } from './overview.js';
import { paletteCss } from './palette.js';
import { payload } from './payload.js';
import { documents, map, toolbar } from './sections.js';
import { viewOf } from './view.js';

const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/**
 * The report of a run as one HTML file that needs nothing beside it: no network, no server.
 *
 * It shows the facts of the run, the scores against known categories, where the time went, an interactive map, a card
 * per cluster and a searchable table of the documents. Every text in it is data, never markup, and the page's
 * content-security policy lets nothing run but its own script. Up to 1,000 documents their texts stand readable in the
 * source; beyond, they are compressed and texts of over 2,000 characters (fewer past 16,000 documents) are cut.
 *
 * The same data gives the same bytes. The cost is linear in the documents: 100,000 headlines take about a second.
 * @throws MatomariError `bad_input` when labels, distances, map and documents are not equally many, or a label has no
 * cluster.
 */
export function renderReport(data: ReportData): string {
  const view = viewOf(data);
  const { style, script } = assets();
  const css = `${paletteCss()}${style}`;
  const policy = `default-src 'none'; script-src ${hash(script)}; style-src ${hash(css)}; img-src data:; base-uri 'none'; form-action 'none'`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Markup(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="Matomari">
<link rel="icon" href="data:,">
<title>${data.title}</title>
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
<footer class="colophon">Made with Matomari. This file is complete in itself and works offline.</footer>
${payload(view)}
<script>${new Markup(script)}</script>
</body>
</html>
`.text;
}
