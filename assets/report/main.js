import { readData } from './data.js';
import { createDetail } from './detail.js';
import { byId, count, flash, scrollTo } from './dom.js';
import { createFilter } from './filter.js';
import { createMap } from './map.js';
import { createSelection } from './selection.js';
import { createTable } from './table.js';
import { createTheme } from './theme.js';

const TYPING_MS = 120;

async function start() {
  const data = await readData(byId('data'));
  const filter = createFilter(data);
  const theme = createTheme(data.themes);

  /** @param {number} i */
  const openCluster = (i) => {
    const cluster = data.clusters[data.clusterOf[i]];
    if (!cluster) {
      detail.open(i);
      return;
    }
    const card = byId(cluster.anchor);
    scrollTo(card);
    card.focus({ preventScroll: true });
    flash(card);
  };
  const map = createMap(data, filter, theme, openCluster);
  const detail = createDetail(data, {
    onMap: (i) => {
      map.pin(i);
      scrollTo(byId('map'));
    },
    onCluster: openCluster,
  });
  const table = createTable(data, filter, detail.open);
  createSelection(data, filter, detail.open);

  const query = /** @type {HTMLInputElement} */ (byId('query'));
  const clusters = /** @type {HTMLSelectElement} */ (byId('cluster-filter'));
  const categories = /** @type {HTMLSelectElement | null} */ (document.getElementById('category-filter'));
  const clear = byId('clear');
  /** @param {HTMLSelectElement} select */
  const chosen = (select) => (select.value === '' ? null : Number(select.value));

  let typing = 0;
  query.addEventListener('input', () => {
    clearTimeout(typing);
    typing = setTimeout(() => filter.set({ query: query.value }), TYPING_MS);
  });
  clusters.addEventListener('change', () => filter.set({ cluster: chosen(clusters) }));
  categories?.addEventListener('change', () => filter.set({ category: chosen(categories) }));
  clear.closest('form')?.addEventListener('submit', (event) => event.preventDefault());
  clear.closest('form')?.addEventListener('reset', () => {
    clearTimeout(typing);
    filter.set({ query: '', cluster: null, category: null, selection: null });
  });
  document.addEventListener('keydown', (event) => {
    const writing = /** @type {Element} */ (event.target).closest?.('input, select, textarea, dialog');
    if (event.key !== '/' || writing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    query.focus();
  });

  const showButtons = Array.from(document.querySelectorAll('[data-show]'));
  for (const button of showButtons)
    button.addEventListener('click', () => {
      const cluster = Number(button.getAttribute('data-show'));
      const on = filter.cluster !== cluster;
      filter.set({ cluster: on ? cluster : null });
      if (!on) return;
      map.goTo(cluster);
      scrollTo(byId('map'));
    });
  for (const button of document.querySelectorAll('[data-list]'))
    button.addEventListener('click', () => {
      filter.set({ cluster: Number(button.getAttribute('data-list')) });
      scrollTo(byId('documents'));
    });

  filter.onSearch((share) => {
    byId('filter-count').textContent = `Searching… ${Math.round(100 * share)}%`;
  });
  filter.onChange(() => {
    clusters.value = filter.cluster === null ? '' : String(filter.cluster);
    byId('filter-count').textContent = filter.active
      ? `${count(filter.count)} of ${count(data.documents)}`
      : '';
    clear.hidden = !filter.active;
    for (const button of showButtons)
      button.setAttribute(
        'aria-pressed',
        String(Number(button.getAttribute('data-show')) === filter.cluster),
      );
  });

  /** @type {HTMLDetailsElement[]} closed ones that were opened for the printer */
  let unfolded = [];
  /** @param {boolean} on */
  const print = (on) => {
    if (on) unfolded = Array.from(document.querySelectorAll('details')).filter(({ open }) => !open);
    for (const details of unfolded) details.open = on;
    theme.print(on);
    table.print(on);
    map.print(on);
  };
  addEventListener('beforeprint', () => print(true));
  addEventListener('afterprint', () => print(false));
  await table.ready;
  document.documentElement.classList.add('ready');
}

/** @param {string} what @param {unknown} error */
function complain(what, error) {
  byId('map-status').textContent = `${what}: ${error instanceof Error ? error.message : error}`;
}
addEventListener('unhandledrejection', ({ reason }) => complain('Something is missing', reason));
start().catch((error) => {
  complain('The map and the table could not be drawn', error);
  throw error;
});
