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

  /** @param {number} i */
  function fill(i) {
    const cluster = data.clusters[data.clusterOf[i]];
    const category = data.categories[data.categoryOf?.[i] ?? -1];
    const facts = [data.ids[i], category?.name ?? '', distance(data.distances[i])];
    box.replaceChildren(
      make('p', { class: 'title', dir: 'auto' }, shorten(data.texts[i], 160)),
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
      if (i < 0) return;
      if (i !== shown) fill(i);
      shown = i;
      const { offsetWidth: w, offsetHeight: h } = box;
      const left = Math.max(6, Math.min(width - w - 6, x + 16 + w > width ? x - w - 16 : x + 16));
      const top = Math.max(6, Math.min(height - h - 6, y + 16 + h > height ? y - h - 12 : y + 16));
      box.style.transform = `translate(${left}px, ${top}px)`;
    },
  };
}
