import { clip, count, html, type Markup } from './html.js';
import { textLimit } from './payload.js';
import type { ReportView } from './view.js';

const NAME_CHARACTERS = 40;

/** The bar that stays in view: where one is, and the one filter that the map and the table share. */
export function toolbar({ clusters, categories, noise, language }: ReportView): Markup {
  return html`<div class="toolbar">
<nav aria-label="Sections"><a href="#overview">Overview</a><a href="#map">Map</a><a href="#clusters">Clusters</a><a href="#documents">Documents</a></nav>
<form class="filters" role="search">
<input type="search" id="query" placeholder="Search texts and ids" aria-label="Search texts and ids" autocomplete="off" spellcheck="false">
<span class="select"><select id="cluster-filter" aria-label="Cluster" lang="${language}"><option value="">All clusters</option>${clusters.map(
    ({ cluster, name }, i) =>
      html`<option value="${i}">${cluster.id} · ${clip(name, NAME_CHARACTERS)}</option>`,
  )}${noise > 0 ? html`<option value="-1">Noise</option>` : undefined}</select></span>
${
  categories.length > 0
    ? html`<span class="select"><select id="category-filter" aria-label="Category" lang="${language}"><option value="">All categories</option>${categories.map(
        ({ name }, i) => html`<option value="${i}">${clip(name, NAME_CHARACTERS)}</option>`,
      )}</select></span>`
    : undefined
}
<output id="filter-count" aria-live="polite"></output><button type="reset" id="clear" hidden>Clear</button>
</form></div>`;
}

export function map({ data, categories, language }: ReportView): Markup {
  return html`<section id="map" aria-labelledby="map-title"><div class="heading"><h2 id="map-title">Map</h2>
${
  categories.length > 0
    ? html`<fieldset class="switch"><legend>Colour by</legend><label><input type="radio" name="colour" value="cluster" checked><span>Cluster</span></label><label><input type="radio" name="colour" value="category"><span>Category</span></label></fieldset>`
    : undefined
}
<p id="map-status" class="status" aria-live="polite"></p></div>
<div class="atlas" lang="${language}">
<div class="plot"><div id="points" tabindex="0" role="application" aria-label="Map of ${count(data.documents.length)} documents, ${data.axes[0]} against ${data.axes[1]}. The documents table lists the same documents." aria-describedby="map-keys"><canvas id="overlay" aria-hidden="true"></canvas></div>
<div class="tools"><div class="zoom"><button type="button" id="zoom-in" aria-label="Zoom in">+</button><button type="button" id="zoom-out" aria-label="Zoom out">−</button><button type="button" id="zoom-reset" aria-label="Reset the view"><svg viewBox="0 0 16 16" aria-hidden="true"><path d="M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4"/></svg></button></div>
<div class="zoom"><button type="button" id="lasso" aria-pressed="false" aria-label="Select with a lasso" title="Select with a lasso"><svg viewBox="0 0 16 16" aria-hidden="true"><path d="M4.2 10.3C2.6 9.5 1.5 8.3 1.5 6.8 1.5 4.1 4.4 2 8 2s6.5 2.1 6.5 4.8-2.9 4.7-6.5 4.7c-.7 0-1.3-.1-1.9-.2M6.1 11.3a1.5 1.5 0 1 1-3 0 1.5 1.5 0 0 1 3 0c0 1.3-.7 2.4-2 3.2"/></svg></button></div></div>
<div id="tooltip" role="tooltip" hidden></div></div>
<aside class="legend" aria-label="Legend"><section id="selection" aria-labelledby="selection-title" hidden><p><span id="selection-title" aria-live="polite"></span><button type="button" id="selection-table">In the table</button><button type="button" id="selection-clear">Clear</button></p><ul id="selected"></ul></section>
<p><span id="legend-title"></span><button type="button" id="show-all">Show all</button></p><ul id="legend"></ul></aside>
</div>
<p id="map-said" class="unseen" aria-live="polite"></p>
<div class="below"><p class="help">Scroll or pinch to zoom, drag to pan, double-click to reset. Click a point to open its cluster. Drag with Shift, or with the lasso, to list texts. In the legend, click to hide, double-click to isolate.</p>
<p class="save help">Save the picture <button type="button" id="save-png">PNG</button><button type="button" id="save-svg">SVG</button></p></div>
<details class="help"><summary>Keys</summary><p id="map-keys">On the map: arrow keys pan, plus and minus zoom, 0 resets. Shift and an arrow key go from point to point, Enter opens the point’s cluster. S selects what is in view, Escape clears. Slash goes to the search.</p></details>
</section>`;
}

export function documents(view: ReportView): Markup {
  const { data, categories, language } = view;
  const limit = textLimit(data.documents.length);
  const clipped = data.documents.some(({ text }) => text.length > limit);
  const column = (key: string, label: string) =>
    html`<div role="columnheader" class="${key}" aria-sort="none"><button type="button" data-sort="${key}">${label}</button></div>`;
  return html`<section id="documents" aria-labelledby="documents-title"><div class="heading"><h2 id="documents-title">Documents</h2><p id="table-status" class="status" aria-live="polite"></p></div>
<div class="table${categories.length > 0 ? ' with-category' : ''}" id="table" role="table" aria-labelledby="documents-title" tabindex="0" lang="${language}">
<div role="rowgroup" class="thead"><div role="row" aria-rowindex="1">${column('text', 'Text')}${column('cluster', 'Cluster')}${
    categories.length > 0 ? column('category', 'Category') : undefined
  }${column('distance', 'Distance')}${column('id', 'Id')}</div></div>
<div role="rowgroup" class="tbody" id="rows"></div></div>
<p class="help" id="table-help">Click a row to read the whole text.${
    clipped ? ` Texts longer than ${count(limit)} characters are cut.` : ''
  }</p>
<noscript><p class="notice">The map and the table of documents are drawn by a script, which is switched off here. Everything above is complete.</p></noscript>
</section>
<dialog id="detail" aria-labelledby="detail-title"><header><h2 id="detail-title"></h2><button type="button" id="detail-close" aria-label="Close">×</button></header>
<p id="detail-text" dir="auto" lang="${language}"></p><dl id="detail-facts" lang="${language}"></dl>
<footer><button type="button" id="detail-map">Show on map</button><button type="button" id="detail-cluster">Open cluster</button></footer></dialog>`;
}
