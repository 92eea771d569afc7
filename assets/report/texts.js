/**
 * Texts and ids of documents that follow one another.
 * @typedef {object} Chunk
 * @property {string[]} ids
 * @property {string[]} texts
 * @property {string} [folded] what the search reads: texts and ids, folded, each document closed by a separator
 * @property {Uint32Array} [ends] where each document ends in `folded`
 */

/** Kept in memory at most; what was used longest ago goes, and is read again when it is wanted. */
const KEPT_CHARACTERS = 200_000_000;
/** After so long the page may answer its reader before the work goes on. */
const BUSY_MS = 40;
const SEPARATOR = '\u0000';

/**
 * Text as the search compares it: half and full width, compatibility forms and letter case are one.
 * @param {string} text
 */
export const fold = (text) => text.normalize('NFKC').toLowerCase();

/** @param {Chunk} chunk @returns {Required<Chunk>} */
function folded(chunk) {
  if (chunk.folded === undefined) {
    const whole = chunk.texts.map((text, i) => `${text}\n${chunk.ids[i]}`.replaceAll(SEPARATOR, ' '));
    chunk.folded = fold(whole.join(SEPARATOR) + SEPARATOR);
    chunk.ends = new Uint32Array(chunk.texts.length);
    for (let i = 0, at = -1; i < chunk.ends.length; i++) {
      at = chunk.folded.indexOf(SEPARATOR, at + 1);
      chunk.ends[i] = at;
    }
  }
  return /** @type {Required<Chunk>} */ (chunk);
}

/**
 * Sets `found` to 1 for the chunk's documents that have all words, in one pass through the chunk for each word.
 * @param {Chunk} chunk
 * @param {string[]} words folded
 * @param {Uint8Array} found of the chunk's documents
 */
function searchChunk(chunk, words, found) {
  const { folded: text, ends } = folded(chunk);
  const hits = new Uint16Array(found.length);
  words.forEach((word, w) => {
    let document = 0;
    for (let at = text.indexOf(word); at !== -1; at = text.indexOf(word, ends[document++])) {
      while (ends[document] < at) document++;
      if (hits[document] === w) hits[document]++;
    }
  });
  hits.forEach((count, i) => {
    found[i] = count === words.length ? 1 : 0;
  });
}

/**
 * The documents' texts and ids, read chunk by chunk as they are needed.
 * @param {number} documents
 * @param {number} perBlock
 * @param {(chunk: number) => Promise<Chunk>} read
 */
export function createTexts(documents, perBlock, read) {
  /** In the order of their last use. @type {Map<number, Chunk>} */
  const kept = new Map();
  /** @type {Map<number, Promise<Chunk>>} */
  const coming = new Map();
  let characters = 0;
  /** @param {Chunk} chunk */
  const sizeOf = ({ texts, ids }) => 2 * [...texts, ...ids].reduce((sum, text) => sum + text.length, 0);

  /** @param {number} at @returns {Promise<Chunk>} */
  async function get(at) {
    const have = kept.get(at);
    if (have) {
      kept.delete(at);
      kept.set(at, have);
      return have;
    }
    let promise = coming.get(at);
    if (!promise) {
      promise = read(at).then((chunk) => {
        kept.set(at, chunk);
        characters += sizeOf(chunk);
        for (const [oldest, old] of kept) {
          if (characters <= KEPT_CHARACTERS || oldest === at) break;
          kept.delete(oldest);
          characters -= sizeOf(old);
        }
        return chunk;
      });
      coming.set(at, promise);
      promise.finally(() => coming.delete(at)).catch(() => {});
    }
    return promise;
  }

  /**
   * Goes through all chunks, some of them read ahead.
   * @param {(chunk: Chunk, first: number) => void} visit
   * @param {(share: number) => boolean} goOn told how much is done; false ends it
   */
  async function each(visit, goOn) {
    const chunks = Math.ceil(documents / perBlock);
    let rested = performance.now();
    for (let at = 0; at < chunks; at++) {
      for (let ahead = at + 1; ahead < Math.min(chunks, at + 4); ahead++) get(ahead).catch(() => {});
      visit(await get(at), at * perBlock);
      if (!goOn((at + 1) / chunks)) return false;
      if (performance.now() - rested < BUSY_MS) continue;
      await new Promise((resume) => setTimeout(resume));
      rested = performance.now();
    }
    return true;
  }

  return {
    /** Whether the texts are all at hand, so that none has to be waited for. */
    get whole() {
      return kept.size === Math.ceil(documents / perBlock);
    },
    /**
     * A document's text and id, if they are at hand.
     * @param {number} i
     */
    peek(i) {
      const chunk = kept.get(Math.floor(i / perBlock));
      return chunk && { text: chunk.texts[i % perBlock], id: chunk.ids[i % perBlock] };
    },
    /**
     * @param {number} i
     * @returns {Promise<{ text: string, id: string }>}
     */
    async read(i) {
      const chunk = await get(Math.floor(i / perBlock));
      return { text: chunk.texts[i % perBlock], id: chunk.ids[i % perBlock] };
    },
    each,
    /**
     * 1 for every document that has all words; null when it was told to stop.
     * @param {string[]} words folded
     * @param {(share: number) => boolean} goOn
     */
    async search(words, goOn) {
      const found = new Uint8Array(documents);
      const whole = await each((chunk, first) => {
        searchChunk(chunk, words, found.subarray(first, first + chunk.texts.length));
      }, goOn);
      return whole ? found : null;
    },
  };
}

/** @typedef {ReturnType<typeof createTexts>} Texts */
