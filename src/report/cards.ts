import type { Exemplar, Term } from '../types.js';
import { bar, clip, count, fixed, html, type Markup, percent } from './html.js';
import { markClass } from './palette.js';
import type { ClusterView, ReportView } from './view.js';

const TERMS_SHOWN = 10;
const CATEGORIES_SHOWN = 4;
/** A card shows the beginning of a document; the whole text stands in the table. */
const EXEMPLAR_CHARACTERS = 280;

const plural = (n: number, one: string, many: string): string => `${count(n)} ${n === 1 ? one : many}`;

function termList(terms: readonly Term[]): Markup {
  const chip = ({ term, score }: Term) => html`<li><bdi>${term}</bdi> <small>${fixed(score, 2)}</small></li>`;
  const rest = terms.slice(TERMS_SHOWN);
  if (terms.length === 0) return html`<p class="nothing">No terms</p>`;
  return html`<ul class="terms">${terms.slice(0, TERMS_SHOWN).map(chip)}</ul>${
    rest.length === 0
      ? undefined
      : html`<details><summary>${plural(rest.length, 'more term', 'more terms')}</summary><ul class="terms">${rest.map(chip)}</ul></details>`
  }`;
}

function exemplarList(exemplars: readonly Exemplar[]): Markup {
  if (exemplars.length === 0) return html`<p class="nothing">No documents</p>`;
  const item = ({ text, distance }: Exemplar) =>
    html`<li><span dir="auto">${clip(text, EXEMPLAR_CHARACTERS)}</span> <small>${fixed(distance, 3)}</small></li>`;
  return html`<ol class="nearest">${exemplars.map(item)}</ol>`;
}

function fitMeter(fit: number): Markup {
  const shown = percent(fit);
  const share = Number.isNaN(fit) ? 0 : Math.min(1, Math.max(0, fit));
  return html`<p class="fit" title="Share of the cluster's own documents among those nearest to its terms"><span>Fit</span>${bar(
    [{ share, className: 'fill' }],
  )}<b>${shown}</b></p>`;
}

function categoryMix({ mix, cluster }: ClusterView, { categories }: ReportView): Markup {
  const parts = mix
    .map((size, i) => ({
      size,
      name: categories[i]?.name ?? 'no category',
      colour: categories[i] ? `c${categories[i].mark.colour}` : 'noise',
    }))
    .filter(({ size }) => size > 0)
    .sort((a, b) => b.size - a.size);
  const rest = parts.slice(CATEGORIES_SHOWN);
  const shares = parts.map(({ size, name, colour }) => ({
    share: size / Math.max(1, cluster.size),
    className: colour,
    title: `${name}: ${count(size)}`,
  }));
  const entry = ({ size, name, colour }: (typeof parts)[number]) =>
    html`<li><i class="mark ${colour}" aria-hidden="true"></i><bdi>${name}</bdi> <b>${count(size)}</b></li>`;
  return html`<h4>Categories</h4>${bar(shares)}<ul class="mix">${parts.slice(0, CATEGORIES_SHOWN).map(entry)}${
    rest.length === 0
      ? undefined
      : html`<li title="${rest.map(({ name, size }) => `${name} ${count(size)}`).join(', ')}">others <b>${count(
          rest.reduce((sum, { size }) => sum + size, 0),
        )}</b></li>`
  }</ul>`;
}

function card(one: ClusterView, position: number, view: ReportView): Markup {
  const { cluster, anchor, name, mark } = one;
  const share = percent(cluster.size / Math.max(1, view.data.documents.length));
  return html`<article class="card" id="${anchor}" tabindex="-1" aria-labelledby="${anchor}-name">
<header><p class="eyebrow"><i class="${markClass(mark)}" aria-hidden="true"></i>Cluster ${cluster.id}<span>${plural(cluster.size, 'document', 'documents')} · ${share}</span></p>
<h3 id="${anchor}-name"><bdi>${name}</bdi></h3>${fitMeter(cluster.fit)}</header>
<h4>Terms</h4>${termList(cluster.terms)}
<h4>Nearest documents</h4>${exemplarList(cluster.exemplars)}
${view.categories.length > 0 ? categoryMix(one, view) : undefined}
<footer><button type="button" data-show="${position}" aria-pressed="false">Show on map</button><button type="button" data-list="${position}">List documents</button></footer>
</article>`;
}

/** One card per cluster, in plain HTML: they are read, printed and searched without the script. */
export function cards(view: ReportView): Markup {
  return html`<section id="clusters" aria-labelledby="clusters-title"><h2 id="clusters-title">Clusters</h2>
<div class="cards${view.clusters.length > 60 ? ' many' : ''}" lang="${view.language}">${view.clusters.map((one, i) => card(one, i, view))}</div></section>`;
}
