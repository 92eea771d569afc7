/** @import { ReportData } from './data.js' */
import { byId, distance, make, makeMark } from './dom.js';

/**
 * The dialog that shows one document whole.
 * @param {ReportData} data
 * @param {{ onMap: (document: number) => void, onCluster: (document: number) => void }} actions
 */
export function createDetail(data, { onMap, onCluster }) {
  const dialog = /** @type {HTMLDialogElement} */ (byId('detail'));
  const toCluster = /** @type {HTMLButtonElement} */ (byId('detail-cluster'));
  let shown = -1;
  byId('detail-close').addEventListener('click', () => dialog.close());
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });
  byId('detail-map').addEventListener('click', () => {
    dialog.close();
    onMap(shown);
  });
  toCluster.addEventListener('click', () => {
    dialog.close();
    onCluster(shown);
  });
  return {
    /** @param {number} i */
    async open(i) {
      shown = i;
      const { text, id } = await data.texts.read(i);
      if (shown !== i) return;
      const cluster = data.clusters[data.clusterOf[i]];
      const category = data.categories[data.categoryOf?.[i] ?? -1];
      byId('detail-title').textContent = `Document ${id}`;
      byId('detail-text').textContent = text;
      toCluster.hidden = !cluster;
      /** @param {string} label @param {(Node | string)[]} value */
      const fact = (label, ...value) => make('div', {}, make('dt', {}, label), make('dd', {}, ...value));
      const facts = [
        fact('Cluster', makeMark(cluster), cluster ? `${cluster.id} · ${cluster.name}` : 'Noise'),
        fact('Distance to its centroid', distance(data.distances[i])),
      ];
      if (category) facts.push(fact('Category', make('bdi', {}, category.name)));
      byId('detail-facts').replaceChildren(...facts);
      if (!dialog.open) dialog.showModal();
    },
  };
}
