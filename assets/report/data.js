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
 * @property {string} language
 * @property {[string, string]} axes
 * @property {{ light: Theme, dark: Theme }} themes
 * @property {ClusterInfo[]} clusters
 * @property {CategoryInfo[]} categories
 * @property {Int32Array} clusterOf position in clusters, −1 is noise
 * @property {Int32Array | null} categoryOf position in categories, −1 is none
 * @property {Float32Array} distances
 * @property {Float32Array} map x and y of every document in turn
 * @property {string[]} ids
 * @property {string[]} texts
 */

/** @param {string} base64 */
function bytesOf(base64) {
  const binary = atob(base64);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/** @param {Element} block */
async function jsonOf(block) {
  const content = block.textContent ?? '';
  if (block.getAttribute('data-encoding') !== 'gzip') return content;
  const stream = new Blob([bytesOf(content)]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Response(stream).text();
}

/**
 * The report's data out of its block in the page, which is then emptied.
 * @param {Element} block
 * @returns {Promise<ReportData>}
 */
export async function readData(block) {
  const raw = JSON.parse(await jsonOf(block));
  block.textContent = '';
  return {
    ...raw,
    clusterOf: new Int32Array(bytesOf(raw.clusterOf).buffer),
    categoryOf: raw.categoryOf === null ? null : new Int32Array(bytesOf(raw.categoryOf).buffer),
    distances: new Float32Array(bytesOf(raw.distances).buffer),
    map: new Float32Array(bytesOf(raw.map).buffer),
  };
}
