import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

/** Answers a request in place of the server; true when it did. */
export type Trick = (request: IncomingMessage, response: ServerResponse, file: Buffer | undefined) => boolean;

export const COMMIT = 'c0ffee0000000000000000000000000000000001';

/**
 * The part of the Hugging Face hub that serves one model: the listing of a revision, and its files.
 *
 * @param dir the model's files; those above 1000 bytes are listed as large files, with their SHA-256
 */
export async function hubServer(id: string, dir: string) {
  const requests: string[] = [];
  const tokens: (string | undefined)[] = [];
  let trick: Trick | undefined;
  const paths = readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((path) =>
    statSync(join(dir, path)).isFile(),
  );
  const siblings = paths.map((rfilename) => {
    const bytes = readFileSync(join(dir, rfilename));
    const blobId = createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const large = bytes.length > 1000 ? { lfs: { sha256, size: bytes.length } } : {};
    return { rfilename, size: bytes.length, blobId, ...large };
  });
  const server = createServer((request, response) => {
    const url = decodeURIComponent(request.url!);
    requests.push(url);
    tokens.push(request.headers.authorization);
    const path = url.startsWith(`/${id}/resolve/${COMMIT}/`) ? url.split(`${COMMIT}/`)[1]! : undefined;
    const file = path !== undefined && paths.includes(path) ? readFileSync(join(dir, path)) : undefined;
    if (trick?.(request, response, file)) return;
    const listing = url === `/api/models/${id}/revision/main?blobs=true`;
    const range = /bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1];
    if (listing) response.end(JSON.stringify({ id, sha: COMMIT, siblings }));
    else if (file && range) response.writeHead(206).end(file.subarray(Number(range)));
    else if (file) response.writeHead(200, { 'content-length': file.length }).end(file);
    else response.writeHead(404).end('{"error":"not found"}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    tokens,
    /** Until the next call. */
    play(next: Trick | undefined) {
      trick = next;
      requests.length = 0;
      tokens.length = 0;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
