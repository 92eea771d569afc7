/** @import { Blocks } from './blocks.js' */
/** @import { Chunk, Texts } from './texts.js' */
import { createBlocks } from './blocks.js';
import { createTexts } from './texts.js';

/**
 * @typedef {object} Theme
 * @property {string} surface
 * @property {string} ink
 * @property {string} muted
 * @property {string} line
 * @property {string} grid
 * @property {string} faint
 * @property {string} noise
 * @property {string} accent
 * @property {string[]} marks
 *
 * @typedef {object} ClusterInfo
 * @property {number} id
 * @property {string} anchor id of its card
 * @property {string} name
 * @property {string} term its best term
 * @property {number} colour
 * @property {number} shape
 *
 * @typedef {object} CategoryInfo
 * @property {string} name
 * @property {number} colour
 * @property {number} shape
 *
 * @typedef {object} ReportData
 * @property {number} documents
 * @property {string} title
 * @property {string} language
 * @property {[string, string]} axes
 * @property {{ light: Theme, dark: Theme }} themes
 * @property {ClusterInfo[]} clusters
 * @property {CategoryInfo[]} categories
 * @property {Int32Array} clusterOf position in clusters, −1 is noise
 * @property {Int32Array | null} categoryOf position in categories, −1 is none
 * @property {Float32Array} distances
 * @property {Float32Array} map x and y of every document in turn
 * @property {Texts} texts
 */

/**
 * The numbers of all documents: map, clusters, categories and distances, in slices of so many documents.
 * @param {{ documents: number, perSlice: number, hasCategories: boolean }} head
 * @param {Blocks} block
 */
async function readNumbers({ documents: n, perSlice, hasCategories }, block) {
  const map = new Float32Array(2 * n);
  const clusterOf = new Int32Array(n);
  const categoryOf = hasCategories ? new Int32Array(n) : null;
  const distances = new Float32Array(n);
  for (let first = 0; first < n; first += perSlice) {
    const count = Math.min(perSlice, n - first);
    const { buffer } = await block(`numbers-${first / perSlice}`);
    let at = 0;
    /** @param {Float32Array | Int32Array} into @param {number} width */
    const take = (into, width) => {
      const Kind = /** @type {Float32ArrayConstructor} */ (into.constructor);
      into.set(new Kind(buffer, at, width * count), width * first);
      at += 4 * width * count;
    };
    take(map, 2);
    take(clusterOf, 1);
    if (categoryOf) take(categoryOf, 1);
    take(distances, 1);
  }
  return { map, clusterOf, categoryOf, distances };
}

/**
 * The report's data: what the page's data block says, and the blocks it speaks of.
 * @param {Element} element
 * @returns {Promise<ReportData>}
 */
export async function readData(element) {
  const head = JSON.parse(element.textContent ?? '');
  element.textContent = '';
  const block = createBlocks(head.folder);
  /** @param {number} at @returns {Promise<Chunk>} */
  const read = async (at) =>
    head.texts ? head : JSON.parse(new TextDecoder().decode(await block(`texts-${at}`)));
  const texts = createTexts(head.documents, head.perBlock, read);
  if (head.documents > 0 && head.texts) await texts.read(0);
  return { ...head, ...(await readNumbers(head, block)), texts };
}
