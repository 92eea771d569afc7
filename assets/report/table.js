/** @import { ReportData } from './data.js' */
/** @import { Filter } from './filter.js' */
import { byId, count, distance, framed, make, makeMark } from './dom.js';

/** Browsers stop placing elements some way beyond this many pixels; a longer list is scrolled in proportion. */
const TALLEST = 8_000_000;
const SPARE_ROWS = 6;
/** Comparing by a language's rules is slow; beyond this many texts they are sorted by code point. */
const COLLATED = 20_000;
/** More rows than these are not printed. */
const PRINTED = 1000;

/** @typedef {'text' | 'cluster' | 'category' | 'distance' | 'id'} Column */

/**
 * Documents in ascending order of a column. Missing values (noise, no category, NaN) come last; within a cluster the
 * nearest to its centroid come first; other ties stay in the order of the input.
 * @param {ReportData} data
 * @param {Column} column
 * @returns {Int32Array}
 */
export function sortedRows(data, column) {
  const { documents: n, distances, clusterOf, categoryOf, categories } = data;
  const rows = Int32Array.from({ length: n }, (_, i) => i);
  /** @param {ArrayLike<number>} keys @param {(a: number, b: number) => number} [ties] */
  const byNumber = (keys, ties = () => 0) =>
    rows.sort((a, b) => {
      const [x, y] = [keys[a], keys[b]];
      if (x < y) return -1;
      if (x > y) return 1;
      if (x === y || (Number.isNaN(x) && Number.isNaN(y))) return ties(a, b) || a - b;
      return Number.isNaN(x) ? 1 : -1;
    });
  const { compare } = new Intl.Collator(data.language || undefined, { numeric: true });
  /** @param {string[]} keys */
  const byText = (keys) => {
    const order =
      n <= COLLATED
        ? compare
        : (/** @type {string} */ x, /** @type {string} */ y) => (x < y ? -1 : x > y ? 1 : 0);
    return rows.sort((a, b) => order(keys[a], keys[b]) || a - b);
  };
  const last = (/** @type {number} */ at) => (at < 0 ? Number.NaN : at);
  if (column === 'text') return byText(data.texts);
  if (column === 'distance') return byNumber(distances);
  if (column === 'cluster')
    return byNumber(Float64Array.from(clusterOf, last), (a, b) => {
      const difference = distances[a] - distances[b];
      return Number.isNaN(difference) ? 0 : difference;
    });
  if (column === 'category') {
    const alphabetic = categories
      .map((_, at) => at)
      .sort((a, b) => compare(categories[a].name, categories[b].name));
    const rank = new Float64Array(categories.length);
    alphabetic.forEach((at, place) => {
      rank[at] = place;
    });
    return byNumber(Float64Array.from(categoryOf ?? [], (at) => (at < 0 ? Number.NaN : rank[at])));
  }
  const numbers = data.ids.map((id) => (/^\d{1,15}$/.test(id) ? Number(id) : Number.NaN));
  return numbers.some(Number.isNaN) ? byText(data.ids) : byNumber(numbers);
}

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

  function arrange() {
    let order = orders.get(column);
    if (!order) {
      order = sortedRows(data, column);
      orders.set(column, order);
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

  /** @param {number} i @param {number} position */
  function row(i, position) {
    const cluster = data.clusters[data.clusterOf[i]];
    const category = data.categories[data.categoryOf?.[i] ?? -1];
    /** @param {string} name @param {(Node | string)[]} content */
    const cell = (name, ...content) => make('div', { role: 'cell', class: name }, ...content);
    const cells = [
      cell('text', make('button', { type: 'button', dir: 'auto' }, data.texts[i].slice(0, 400) || '\u2014')),
      cell(
        'cluster',
        makeMark(cluster),
        make('b', {}, cluster ? String(cluster.id) : '–'),
        make('span', {}, cluster ? cluster.term : 'Noise'),
      ),
    ];
    if (data.categoryOf) cells.push(cell('category', make('bdi', {}, category?.name ?? '–')));
    cells.push(cell('distance', distance(data.distances[i])), cell('id', make('bdi', {}, data.ids[i])));
    return make(
      'div',
      {
        role: 'row',
        'aria-rowindex': String(position + 2),
        'data-document': String(i),
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
  arrange();

  return {
    /** On paper all rows exist, unless they would be too many to print. @param {boolean} on */
    print(on) {
      const few = data.documents <= PRINTED;
      table.classList.toggle('unprinted', !few);
      printing = on && few;
      rebuild();
    },
  };
}
