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
 *
 * @typedef {object} Grouping
 * @property {string} title
 * @property {Int32Array} of group of every document
 * @property {Group[]} groups the rest, if any, is the last
 */

/** @param {number[]} values */
function median(values) {
  const sorted = Float64Array.from(values).sort();
  return sorted[sorted.length >> 1];
}

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
  const groups = named.map((group) => ({ ...group, count: 0, hidden: false, centre: null }));
  if (assigned.includes(-1))
    groups.push({
      label: rest,
      prefix: '',
      short: '',
      mark: undefined,
      count: 0,
      hidden: false,
      centre: null,
    });
  /** @type {{ x: number[], y: number[] }[]} */
  const points = groups.map(() => ({ x: [], y: [] }));
  of.forEach((at, i) => {
    const [group, own] = [groups[at], points[at]];
    const [x, y] = [map[2 * i], map[2 * i + 1]];
    group.count++;
    if (!Number.isFinite(x) || !Number.isFinite(y)) return;
    own.x.push(x);
    own.y.push(y);
  });
  groups.forEach((group, at) => {
    const own = points[at];
    if (own.x.length > 0) group.centre = [median(own.x), median(own.y)];
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
