/** @import { ReportData } from './data.js' */

/**
 * Text as the search compares it: half and full width, compatibility forms and letter case are one.
 * @param {string} text
 */
export const fold = (text) => text.normalize('NFKC').toLowerCase();

/**
 * The one filter that the map and the table share: words (all must occur), a cluster and a category.
 * @param {Pick<ReportData, 'documents' | 'texts' | 'ids' | 'clusterOf' | 'categoryOf'>} data
 */
export function createFilter(data) {
  const n = data.documents;
  /** @type {string[] | undefined} */
  let folded;
  /** @type {(() => void)[]} */
  const listeners = [];
  const filter = {
    query: '',
    /** @type {number | null} position of a cluster, −1 for noise */
    cluster: null,
    /** @type {number | null} position of a category */
    category: null,
    /** 1 for every document that passes. */
    match: new Uint8Array(n).fill(1),
    count: n,
    get active() {
      return filter.query.trim() !== '' || filter.cluster !== null || filter.category !== null;
    },
    /** @param {() => void} listener */
    onChange(listener) {
      listeners.push(listener);
    },
    /** @param {{ query?: string, cluster?: number | null, category?: number | null }} change */
    set(change) {
      Object.assign(filter, change);
      const words = fold(filter.query).split(/\s+/).filter(Boolean);
      if (words.length > 0) folded ??= data.texts.map((text, i) => fold(`${text}\n${data.ids[i]}`));
      filter.count = 0;
      for (let i = 0; i < n; i++) {
        const passes =
          (filter.cluster === null || data.clusterOf[i] === filter.cluster) &&
          (filter.category === null || data.categoryOf?.[i] === filter.category) &&
          words.every((word) => folded?.[i]?.includes(word));
        filter.match[i] = passes ? 1 : 0;
        if (passes) filter.count++;
      }
      for (const listener of listeners) listener();
    },
  };
  return filter;
}

/** @typedef {ReturnType<typeof createFilter>} Filter */
