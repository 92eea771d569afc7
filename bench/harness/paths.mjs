import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/** The repository. */
export const root = fileURLToPath(new URL('../..', import.meta.url));
/** The Python of the peers, set up by `npm run bench:peers`. */
export const peerPython = fileURLToPath(new URL('../../.peers/bin/python', import.meta.url));
/** The file of an npm peer that `npm run bench:peers` has set up; throws where it has not. */
export const resolvePeer = createRequire(new URL('../peers/package.json', import.meta.url)).resolve;
