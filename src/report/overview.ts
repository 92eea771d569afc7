import type { Scores } from '../types.js';
import { bar, count, duration, fixed, html, type Markup, percent } from './html.js';
import type { ReportView } from './view.js';

const SCORES: readonly (readonly [key: keyof Scores, label: string, meaning: string])[] = [
  ['ari', 'ARI', 'Adjusted Rand index: 0 is chance, 1 is the same grouping'],
  ['nmi', 'NMI', 'Normalized mutual information, from 0 to 1'],
  ['vMeasure', 'V-measure', 'Harmonic mean of homogeneity and completeness, from 0 to 1'],
];

/** Median of the clusters' fit, weighted by nothing: clusters without terms have none and do not count. */
function medianFit({ clusters }: ReportView): number {
  const fits = clusters.map(({ cluster }) => cluster.fit).filter((fit) => !Number.isNaN(fit));
  fits.sort((a, b) => a - b);
  const middle = fits.length / 2;
  return (fits[Math.ceil(middle) - 1]! + fits[Math.floor(middle)]!) / 2;
}

function figures(view: ReportView): Markup {
  const { data, clusters, noise } = view;
  const total = data.seconds.reduce((sum, [, seconds]) => sum + seconds, 0);
  const tiles: [label: string, value: string][] = [
    ['documents', count(data.documents.length)],
    ['clusters', count(clusters.length)],
  ];
  if (noise > 0) tiles.push(['noise', count(noise)]);
  const fit = medianFit(view);
  if (!Number.isNaN(fit)) tiles.push(['median fit', percent(fit)]);
  if (data.seconds.length > 0) tiles.push(['run time', duration(total)]);
  return html`<ul class="figures">${tiles.map(
    ([label, value]) => html`<li><b>${value}</b> <span>${label}</span></li>`,
  )}</ul>`;
}

export function header(view: ReportView): Markup {
  return html`<header class="masthead">
<p class="brand"><svg viewBox="0 0 28 20" aria-hidden="true"><circle cx="6" cy="12" r="4.5"/><circle cx="13" cy="6" r="3.2"/><circle cx="14.5" cy="14.5" r="3"/><circle cx="23" cy="9" r="2.4"/></svg> Matomari <span>topic report</span></p>
<h1 dir="auto" lang="${view.language}">${view.data.title}</h1>
${figures(view)}
</header>`;
}

function facts(entries: readonly (readonly [string, string])[]): Markup {
  return html`<section class="panel facts" aria-labelledby="facts-title"><h2 id="facts-title">Run</h2>
<dl>${entries.map(([label, value]) => html`<div><dt>${label}</dt><dd dir="auto">${value}</dd></div>`)}</dl></section>`;
}

function scores(values: Scores): Markup {
  const rows = SCORES.map(([key, label, meaning]) => {
    const share = Math.min(1, Math.max(0, values[key] || 0));
    return html`<li><span class="name">${label}</span><b>${fixed(values[key], 3)}</b>${bar([
      { share, className: 'fill' },
    ])}<small>${meaning}</small></li>`;
  });
  return html`<section class="panel scores" aria-labelledby="scores-title"><h2 id="scores-title">Agreement with the categories</h2>
<ul>${rows}</ul></section>`;
}

function time(stages: readonly (readonly [string, number])[]): Markup {
  const longest = Math.max(...stages.map(([, seconds]) => seconds), Number.MIN_VALUE);
  const rows = stages.map(
    ([stage, seconds]) =>
      html`<li><span class="name">${stage}</span>${bar([
        { share: Math.max(0, seconds / longest), className: 'fill' },
      ])}<b>${duration(seconds)}</b></li>`,
  );
  return html`<section class="panel time" aria-labelledby="time-title"><h2 id="time-title">Where the time went</h2>
<ol>${rows}</ol></section>`;
}

export function overview({ data }: ReportView): Markup {
  return html`<div class="overview" id="overview">
${data.facts.length > 0 ? facts(data.facts) : undefined}
${data.scores ? scores(data.scores) : undefined}
${data.seconds.length > 0 ? time(data.seconds) : undefined}
</div>`;
}
