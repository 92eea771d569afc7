/** @import { ReportData } from './data.js' */
/** @import { Filter } from './filter.js' */
/** @import { Column } from './order.js' */
import { byId, count, distance, framed, make, makeMark } from './dom.js';
import { sortedRows } from './order.js';

/** Browsers stop placing elements some way beyond this many pixels; a longer list is scrolled in proportion. */
const TALLEST = 8_000_000;
const SPARE_ROWS = 6;
/** More rows than these are not printed. */
const PRINTED = 1000;

/**
 * The table of documents. Only the rows in view exist, so a hundred thousand scroll as well as a hundred.
 * @param {ReportData} data
 * @param {Filter} filter
 * @param {(document: number) => void} onOpen
 */
export function createTable(data, filter, onOpen) {
  const table = byId('table');
  const body = byId('rows');
  const head = /** @type {HTMLElement} */ (table.querySelector('.thead'));
  const buttons = Array.from(table.querySelectorAll('button'));
  /** @type {Map<Column, Int32Array>} */
  const orders = new Map();
  /** @type {Column} */
  let column = 'cluster';
  let descending = false;
  /** Documents shown, in order. */
  let rows = new Int32Array(0);
  let rowHeight = 44;
  /** @type {Map<number, HTMLElement>} rows that exist, by position */
  const built = new Map();
  let printing = false;

  /** Puts the rows in order; a text or an id may have to be read first, and what is asked for later wins. */
  async function arrange() {
    const wanted = column;
    let order = orders.get(wanted);
    if (!order) {
      order = await sortedRows(data, wanted, (share) => {
        if (share < 1) byId('table-status').textContent = `Sorting… ${Math.round(100 * share)}%`;
      });
      orders.set(wanted, order);
      if (wanted !== column) return;
    }
    rows = order.filter((i) => filter.match[i] === 1);
    if (descending) rows.reverse();
    for (const button of buttons) {
      const own = button.dataset.sort === column;
      button.parentElement?.setAttribute(
        'aria-sort',
        own ? (descending ? 'descending' : 'ascending') : 'none',
      );
    }
    table.setAttribute('aria-rowcount', String(rows.length + 1));
    byId('table-status').textContent =
      rows.length === data.documents
        ? `${count(data.documents)} documents`
        : `${count(rows.length)} of ${count(data.documents)} documents`;
    rebuild();
  }

  function rebuild() {
    for (const element of built.values()) element.remove();
    built.clear();
    rowHeight = Number.parseFloat(getComputedStyle(table).getPropertyValue('--row')) || rowHeight;
    body.style.height = printing ? '' : `${Math.min(TALLEST, rows.length * rowHeight)}px`;
    body.classList.toggle('empty', rows.length === 0);
    paint();
  }

  function paint() {
    const total = rows.length * rowHeight;
    const room = table.clientHeight - head.offsetHeight;
    const top = Math.max(0, table.scrollTop);
    // Position in the whole list; beyond TALLEST a pixel of scrolling stands for more than a pixel of rows.
    const squeeze = total > TALLEST ? (total - room) / (TALLEST - room) : 1;
    const offset = top * squeeze;
    const first = printing ? 0 : Math.max(0, Math.floor(offset / rowHeight) - SPARE_ROWS);
    const end = printing
      ? rows.length
      : Math.min(rows.length, Math.ceil((offset + room) / rowHeight) + SPARE_ROWS);
    for (const [position, element] of built)
      if (position < first || position >= end) {
        element.remove();
        built.delete(position);
      }
    for (let position = first; position < end; position++) {
      let element = built.get(position);
      if (!element) {
        element = row(rows[position], position);
        built.set(position, element);
        body.append(element);
      }
      element.style.transform = printing ? '' : `translateY(${position * rowHeight - offset + top}px)`;
    }
  }

  const refill = framed(() => {
    for (const [position, element] of built)
      if (element.hasAttribute('aria-busy') && data.texts.peek(rows[position])) {
        const whole = row(rows[position], position);
        whole.style.transform = element.style.transform;
        element.replaceWith(whole);
        built.set(position, whole);
      }
  });

  /** @param {number} i @param {number} position */
  function row(i, position) {
    const known = data.texts.peek(i);
    if (!known) data.texts.read(i).then(refill);
    const cluster = data.clusters[data.clusterOf[i]];
    const category = data.categories[data.categoryOf?.[i] ?? -1];
    /** @param {string} name @param {(Node | string)[]} content */
    const cell = (name, ...content) => make('div', { role: 'cell', class: name }, ...content);
    const cells = [
      cell(
        'text',
        make('button', { type: 'button', dir: 'auto' }, known ? known.text.slice(0, 400) || '\u2014' : '…'),
      ),
      cell(
        'cluster',
        makeMark(cluster),
        make('b', {}, cluster ? String(cluster.id) : '–'),
        make('span', {}, cluster ? cluster.term : 'Noise'),
      ),
    ];
    if (data.categoryOf) cells.push(cell('category', make('bdi', {}, category?.name ?? '–')));
    cells.push(cell('distance', distance(data.distances[i])), cell('id', make('bdi', {}, known?.id ?? '')));
    return make(
      'div',
      {
        role: 'row',
        'aria-rowindex': String(position + 2),
        'data-document': String(i),
        ...(known ? undefined : { 'aria-busy': 'true' }),
      },
      ...cells,
    );
  }

  for (const button of buttons)
    button.addEventListener('click', () => {
      const next = /** @type {Column} */ (button.dataset.sort);
      descending = next === column && !descending;
      column = next;
      table.scrollTop = 0;
      arrange();
    });
  body.addEventListener('click', (event) => {
    const chosen = /** @type {Element} */ (event.target).closest('[data-document]');
    if (chosen) onOpen(Number(chosen.getAttribute('data-document')));
  });
  const repaint = framed(paint);
  table.addEventListener('scroll', repaint);
  new ResizeObserver(framed(rebuild)).observe(table);
  filter.onChange(() => {
    table.scrollTop = 0;
    arrange();
  });
  return {
    /** The rows in their first order. */
    ready: arrange(),
    /** On paper all rows exist, unless they would be too many to print. @param {boolean} on */
    print(on) {
      const few = data.documents <= PRINTED;
      table.classList.toggle('unprinted', !few);
      printing = on && few;
      rebuild();
    },
  };
}
