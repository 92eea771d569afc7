/** @import { Grouping } from './grouping.js' */
import { byId, count, make, makeMark } from './dom.js';

/**
 * The list of groups beside the map: a click hides or shows one, a double click (or Shift and Enter) leaves it alone.
 * @param {(changed: Grouping) => void} onChange
 */
export function createLegend(onChange) {
  const list = byId('legend');
  const showAll = byId('show-all');
  /** @type {Grouping | undefined} */
  let grouping;

  const refresh = () => {
    const groups = grouping?.groups ?? [];
    Array.from(list.children).forEach((entry, at) => {
      entry.firstElementChild?.setAttribute('aria-pressed', String(!groups[at]?.hidden));
    });
    showAll.hidden = !groups.some(({ hidden }) => hidden);
  };
  const change = () => {
    if (!grouping) return;
    refresh();
    onChange(grouping);
  };
  /** @param {number} at */
  const toggle = (at) => {
    const group = grouping?.groups[at];
    if (group) group.hidden = !group.hidden;
    change();
  };
  /** @param {number} at */
  const isolate = (at) => {
    const groups = grouping?.groups ?? [];
    const alone = groups.every(({ hidden }, i) => hidden === (i !== at));
    groups.forEach((group, i) => {
      group.hidden = !alone && i !== at;
    });
    change();
  };
  showAll.addEventListener('click', () => {
    for (const group of grouping?.groups ?? []) group.hidden = false;
    change();
  });

  return {
    /** @param {Grouping} shown */
    show(shown) {
      grouping = shown;
      byId('legend-title').textContent = shown.title;
      list.replaceChildren(
        ...shown.groups.map(({ label, prefix, mark, count: size }, at) => {
          const button = make(
            'button',
            { type: 'button', title: label },
            makeMark(mark),
            make('span', { class: 'prefix' }, prefix),
            make('bdi', {}, label),
            make('b', {}, count(size)),
          );
          button.addEventListener('click', (event) => {
            // The second click of a double click undoes the first, then dblclick isolates.
            if (event.shiftKey) isolate(at);
            else toggle(at);
          });
          button.addEventListener('dblclick', () => isolate(at));
          return make('li', {}, button);
        }),
      );
      refresh();
    },
  };
}
