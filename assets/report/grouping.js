/** @import { ReportData } from './data.js' */

/**
 * One colour of the map.
 * @typedef {object} Group
 * @property {string} label
 * @property {string} prefix what stands before the label in the legend
 * @property {string} short what the map writes on it; empty for the rest
 * @property {{ colour: number, shape: number } | undefined} mark undefined for the rest, which is grey
 * @property {number} count
 * @property {boolean} hidden
 * @property {[number, number] | null} centre median of its points
 * @property {import('./view.js').Extent | null} box where nearly all of them are
 *
 * @typedef {object} Grouping
 * @property {string} title
 * @property {Int32Array} of group of every document
 * @property {Group[]} groups the rest, if any, is the last
 */

/** Shares of a group's points, on either axis, that its box leaves out at each end: strays are not its place. */
const STRAYS = 0.05;

/**
 * @param {string} title
 * @param {Int32Array} assigned −1 is the rest
 * @param {Pick<Group, 'label' | 'prefix' | 'short' | 'mark'>[]} named
 * @param {string} rest label of the rest
 * @param {Float32Array} map
 * @returns {Grouping}
 */
function grouping(title, assigned, named, rest, map) {
  const of = assigned.map((at) => (at === -1 ? named.length : at));
  /** @type {Group[]} */
  const groups = named.map((group) => ({ ...group, count: 0, hidden: false, centre: null, box: null }));
  if (assigned.includes(-1))
    groups.push({
      label: rest,
      prefix: '',
      short: '',
      mark: undefined,
      count: 0,
      hidden: false,
      centre: null,
      box: null,
    });
  const placed = new Uint32Array(groups.length);
  const isPlaced = (/** @type {number} */ i) =>
    Number.isFinite(map[2 * i]) && Number.isFinite(map[2 * i + 1]);
  for (let i = 0; i < of.length; i++) {
    groups[of[i]].count++;
    if (isPlaced(i)) placed[of[i]]++;
  }
  const points = Array.from(placed, (size) => ({
    x: new Float32Array(size),
    y: new Float32Array(size),
    at: 0,
  }));
  for (let i = 0; i < of.length; i++) {
    if (!isPlaced(i)) continue;
    const own = points[of[i]];
    own.x[own.at] = map[2 * i];
    own.y[own.at++] = map[2 * i + 1];
  }
  groups.forEach((group, at) => {
    const { x, y } = points[at];
    if (x.length === 0) return;
    x.sort();
    y.sort();
    const [middle, first] = [x.length >> 1, Math.floor(x.length * STRAYS)];
    const last = x.length - 1 - first;
    group.centre = [x[middle], y[middle]];
    group.box = { left: x[first], right: x[last], bottom: y[first], top: y[last] };
  });
  return { title, of, groups };
}

/**
 * The ways to colour the map: by cluster and, where documents have categories, by category.
 * @param {ReportData} data
 * @returns {Map<string, Grouping>}
 */
export function groupings({ clusters, categories, clusterOf, categoryOf, map }) {
  const byCluster = clusters.map((one) => ({
    label: one.name,
    prefix: String(one.id),
    short: one.term,
    mark: one,
  }));
  const all = new Map([['cluster', grouping('Clusters', clusterOf, byCluster, 'Noise', map)]]);
  const byCategory = categories.map((one) => ({ label: one.name, prefix: '', short: one.name, mark: one }));
  if (categoryOf) all.set('category', grouping('Categories', categoryOf, byCategory, 'No category', map));
  return all;
}
