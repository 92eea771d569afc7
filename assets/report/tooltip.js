/** @import { ReportData } from './data.js' */
import { byId, distance, make, makeMark } from './dom.js';
import { shorten } from './labels.js';

/**
 * The box beside the pointer that says which document a point is.
 * @param {ReportData} data
 */
export function createTooltip(data) {
  const box = byId('tooltip');
  let shown = -1;
  /** Where the box was put last. */
  let at = { x: 0, y: 0, width: 0, height: 0 };

  /** @param {number} i @param {{ text: string, id: string } | undefined} known */
  function fill(i, known) {
    const cluster = data.clusters[data.clusterOf[i]];
    const category = data.categories[data.categoryOf?.[i] ?? -1];
    const facts = [known?.id ?? '', category?.name ?? '', distance(data.distances[i])];
    box.replaceChildren(
      make('p', { class: 'title', dir: 'auto' }, known ? shorten(known.text, 160) : '…'),
      make(
        'p',
        { class: 'cluster' },
        makeMark(cluster),
        cluster ? `${cluster.id} · ${cluster.name}` : 'Noise',
      ),
      make(
        'p',
        { class: 'facts' },
        ...facts.filter((fact) => fact !== '' && fact !== '–').map((fact) => make('bdi', {}, fact)),
      ),
    );
  }

  function place() {
    const { x, y, width, height } = at;
    const { offsetWidth: w, offsetHeight: h } = box;
    const left = Math.max(6, Math.min(width - w - 6, x + 16 + w > width ? x - w - 16 : x + 16));
    const top = Math.max(6, Math.min(height - h - 6, y + 16 + h > height ? y - h - 12 : y + 16));
    box.style.transform = `translate(${left}px, ${top}px)`;
  }

  return {
    /**
     * @param {number} i document, −1 for none
     * @param {number} x
     * @param {number} y
     * @param {number} width of the plot, inside which the box stays
     * @param {number} height
     */
    show(i, x, y, width, height) {
      box.hidden = i < 0;
      at = { x, y, width, height };
      if (i < 0) {
        shown = -1;
        return;
      }
      if (i !== shown) {
        shown = i;
        const known = data.texts.peek(i);
        fill(i, known);
        if (!known)
          data.texts.read(i).then((read) => {
            if (shown !== i) return;
            fill(i, read);
            place();
          });
      }
      place();
    },
  };
}
