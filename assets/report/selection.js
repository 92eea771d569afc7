/** @import { ReportData } from './data.js' */
/** @import { Filter } from './filter.js' */
import { byId, count, make, makeMark, scrollTo } from './dom.js';
import { shorten } from './labels.js';

const LISTED = 100;
const CHARACTERS = 120;

/**
 * The list of texts that were selected on the map, beside it.
 * @param {ReportData} data
 * @param {Filter} filter
 * @param {(document: number) => void} onOpen
 */
export function createSelection(data, filter, onOpen) {
  const panel = byId('selection');
  const list = byId('selected');
  /** @type {Uint8Array | null} */
  let shown = null;

  byId('selection-clear').addEventListener('click', () => filter.set({ selection: null }));
  byId('selection-table').addEventListener('click', () => scrollTo(byId('documents')));
  list.addEventListener('click', (event) => {
    const chosen = /** @type {Element} */ (event.target).closest('[data-document]');
    if (chosen) onOpen(Number(chosen.getAttribute('data-document')));
  });

  async function fill() {
    const selection = /** @type {Uint8Array} */ (filter.selection);
    const first = [];
    let total = 0;
    for (let i = 0; i < selection.length; i++)
      if (selection[i] === 1) {
        if (total < LISTED) first.push(i);
        total++;
      }
    byId('selection-title').textContent = `${count(total)} selected`;
    const texts = await Promise.all(first.map((i) => data.texts.read(i)));
    if (filter.selection !== selection) return;
    const entries = first.map((i, at) =>
      make(
        'li',
        {},
        make(
          'button',
          { type: 'button', 'data-document': String(i) },
          makeMark(data.clusters[data.clusterOf[i]]),
          make('span', { dir: 'auto' }, shorten(texts[at].text, CHARACTERS) || '—'),
        ),
      ),
    );
    if (total > first.length)
      entries.push(make('li', { class: 'nothing' }, `and ${count(total - first.length)} more in the table`));
    list.replaceChildren(...entries);
    list.scrollTop = 0;
  }

  filter.onChange(() => {
    if (filter.selection === shown) return;
    shown = filter.selection;
    panel.hidden = shown === null;
    if (shown) fill();
    else list.replaceChildren();
  });
}
