/** @typedef {(name: string) => Promise<Uint8Array>} Blocks reads a block of the report by its name */

/** @param {string} base64 */
function bytesOf(base64) {
  const binary = atob(base64);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/**
 * Reads the report's blocks, gzip in base64: out of the page where they stand in it, else out of a script in the
 * folder beside it. A page opened from the disk may fetch nothing, but it may run scripts; each calls `matomari` with
 * its name and its block.
 * @param {string | null} folder
 * @returns {Blocks}
 */
export function createBlocks(folder) {
  /** @type {Map<string, string>} */
  const arrived = new Map();
  Object.assign(globalThis, {
    matomari: (/** @type {string} */ name, /** @type {string} */ base64) => arrived.set(name, base64),
  });
  /** @param {string} name @returns {Promise<string>} */
  const fromFolder = (name) =>
    new Promise((resolve, reject) => {
      const script = document.createElement('script');
      const done = () => {
        script.remove();
        const base64 = arrived.get(name);
        arrived.delete(name);
        if (base64 === undefined)
          reject(new Error(`${folder}/${name}.js cannot be read: keep that folder beside the report`));
        else resolve(base64);
      };
      script.addEventListener('load', done);
      script.addEventListener('error', done);
      script.src = `${folder}/${name}.js`;
      document.head.append(script);
    });
  return async (name) => {
    const base64 =
      folder === null ? (document.getElementById(name)?.textContent ?? '') : await fromFolder(name);
    const stream = new Blob([bytesOf(base64)]).stream().pipeThrough(new DecompressionStream('gzip'));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  };
}
