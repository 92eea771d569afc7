/** @import { ReportData } from './data.js' */
import { fold } from './texts.js';

/**
 * The one filter that the map and the table share: words (all must occur), a cluster, a category, and documents that
 * were selected on the map.
 * @param {Pick<ReportData, 'documents' | 'texts' | 'clusterOf' | 'categoryOf'>} data
 */
export function createFilter(data) {
  const n = data.documents;
  /** Documents that have the words; null without words. @type {Uint8Array | null} */
  let found = null;
  let searches = 0;
  /** @type {(() => void)[]} */
  const listeners = [];
  /** @type {((share: number) => void)[]} */
  const watchers = [];
  const filter = {
    query: '',
    /** @type {number | null} position of a cluster, −1 for noise */
    cluster: null,
    /** @type {number | null} position of a category */
    category: null,
    /** @type {Uint8Array | null} 1 for every document selected on the map */
    selection: null,
    /** 1 for every document that passes. */
    match: new Uint8Array(n).fill(1),
    count: n,
    get active() {
      const { query, cluster, category, selection } = filter;
      return query.trim() !== '' || cluster !== null || category !== null || selection !== null;
    },
    /** @param {() => void} listener */
    onChange(listener) {
      listeners.push(listener);
    },
    /** @param {(share: number) => void} watcher told how much of a search that takes long is done, from 0 to 1 */
    onSearch(watcher) {
      watchers.push(watcher);
    },
    /**
     * @param {{ query?: string, cluster?: number | null, category?: number | null, selection?: Uint8Array | null }} change
     * @returns {Promise<void>} kept when the matches are those of the change, or of a later one
     */
    async set(change) {
      Object.assign(filter, change);
      if (change.query !== undefined) {
        const own = ++searches;
        const words = fold(filter.query).split(/\s+/).filter(Boolean);
        let last = performance.now();
        const searched =
          words.length === 0
            ? null
            : await data.texts.search(words, (share) => {
                if (own === searches && performance.now() - last > 100) {
                  last = performance.now();
                  for (const watcher of watchers) watcher(share);
                }
                return own === searches;
              });
        if (own !== searches) return;
        found = searched;
      }
      const { cluster, category, selection } = filter;
      const { clusterOf, categoryOf } = data;
      filter.count = 0;
      filter.match = new Uint8Array(n);
      for (let i = 0; i < n; i++) {
        const passes =
          (cluster === null || clusterOf[i] === cluster) &&
          (category === null || categoryOf?.[i] === category) &&
          (selection === null || selection[i] === 1) &&
          (found === null || found[i] === 1);
        filter.match[i] = passes ? 1 : 0;
        if (passes) filter.count++;
      }
      for (const listener of listeners) listener();
    },
  };
  return filter;
}

/** @typedef {ReturnType<typeof createFilter>} Filter */
