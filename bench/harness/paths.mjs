import { fileURLToPath } from 'node:url';

/** The repository. */
export const root = fileURLToPath(new URL('../..', import.meta.url));
/** The Python of the peers, set up by `npm run bench:peers`. */
export const peerPython = fileURLToPath(new URL('../../.peers/bin/python', import.meta.url));
