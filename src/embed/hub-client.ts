import { createHash, type Hash } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { environment } from '../check.js';
import { MatomariError, throwIfAborted } from '../errors.js';
import { failure, fetchPatiently, passing } from './http.js';

/** A file of a model on the hub. */
export interface HubFile {
  path: string;
  /** Bytes, where the hub tells. */
  size?: number | undefined;
  /** What its bytes must hash to: SHA-256 of large files, git's own SHA-1 of small ones. */
  checksum?: string | undefined;
}

/** One commit of a model on the hub. */
export interface HubListing {
  commit: string;
  files: HubFile[];
}

/** The hub did not answer, so that what is in the cache must do. */
export class Unreachable extends MatomariError {}

/** Attempts after the first: for a file, and for the listing, whose failing is the sign that one is offline. */
const RETRIES = 3;
const LISTING_RETRIES = 1;

export const endpoint = (): string =>
  (environment('HF_ENDPOINT') ?? 'https://huggingface.co').replace(/\/+$/, '');

/** Where the hub's own tools keep their things. */
export const hubHome = (): string => environment('HF_HOME') ?? join(homedir(), '.cache', 'huggingface');

/** Milliseconds without a byte after which a connection counts as broken. */
const patience = (): number => 1000 * (Number(environment('HF_HUB_DOWNLOAD_TIMEOUT')) || 10);

async function headers(): Promise<Record<string, string>> {
  const file = environment('HF_TOKEN_PATH') ?? join(hubHome(), 'token');
  const token = environment('HF_TOKEN') ?? (await readFile(file, 'utf8').catch(() => '')).trim();
  return { 'user-agent': 'matomari', ...(token ? { authorization: `Bearer ${token}` } : {}) };
}

/** Asks the hub which commit a revision is, and which files it has. */
export async function listModel(
  id: string,
  revision: string,
  signal: AbortSignal | undefined,
): Promise<HubListing> {
  const url = `${endpoint()}/api/models/${id}/revision/${encodeURIComponent(revision)}?blobs=true`;
  const response = await get(url, id, revision, {}, LISTING_RETRIES, signal);
  let answer: Answer;
  try {
    answer = (await response.json()) as Answer;
  } catch (error) {
    throwIfAborted(signal, 'loadEmbedder');
    throw unreachable(failure(error));
  }
  const { sha, siblings } = answer ?? {};
  if (!/^\w+$/.test(sha ?? '') || !Array.isArray(siblings))
    throw unreachable('its answer is not that of a model hub');
  // What a path must not be able to do is to leave the folder of the model.
  const inside = siblings.filter(({ rfilename }) => !/^\/|\\|(^|\/)\.\.?(\/|$)/.test(rfilename));
  const files = inside.map(({ rfilename, size, blobId, lfs }) => ({
    path: rfilename,
    size: lfs?.size ?? size ?? undefined,
    checksum: lfs?.sha256 ?? lfs?.oid?.replace(/^sha256:/, '') ?? blobId ?? undefined,
  }));
  return { commit: sha!, files };
}

interface Answer {
  sha?: string;
  siblings?: {
    rfilename: string;
    size?: number | null;
    blobId?: string | null;
    lfs?: { sha256?: string; oid?: string; size?: number } | null;
  }[];
}

/**
 * Downloads a file to `target`, which must not be used before this resolves: its size and checksum are verified then.
 * A connection that breaks off goes on where it stopped, as far as the server can do that.
 */
export async function downloadFile(
  id: string,
  commit: string,
  file: HubFile,
  target: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const url = `${endpoint()}/${id}/resolve/${commit}/${file.path.split('/').map(encodeURIComponent).join('/')}`;
  const handle = await open(target, 'wx');
  try {
    let bytes = 0;
    let size = file.size;
    let checksum = file.checksum;
    let hash: Hash | undefined;
    for (let attempt = 0; ; attempt++) {
      const range: Record<string, string> = bytes > 0 ? { range: `bytes=${bytes}-` } : {};
      const response = await get(url, id, commit, range, RETRIES, signal);
      if (response.status !== 206) {
        await handle.truncate(0);
        bytes = 0;
        size ??= Number(response.headers.get('content-length')) || undefined;
        checksum ??= /^(?:W\/)?"?([0-9a-f]{40}|[0-9a-f]{64})"?$/.exec(
          response.headers.get('etag') ?? '',
        )?.[1];
        hash = checksum === undefined ? undefined : hasher(checksum, size);
      }
      try {
        for await (const chunk of chunks(response)) {
          for (let at = 0; at < chunk.length; )
            at += (await handle.write(chunk, at, undefined, bytes + at)).bytesWritten;
          hash?.update(chunk);
          bytes += chunk.length;
        }
        if (size === undefined || bytes >= size) break;
      } catch (cause) {
        throwIfAborted(signal, 'loadEmbedder');
        // The disk, not the network.
        if ((cause as NodeJS.ErrnoException).syscall === 'write') throw cause;
        if (attempt >= RETRIES)
          throw unreachable(`${file.path} broke off after ${bytes} bytes, ${failure(cause)}`);
        continue;
      }
      if (attempt >= RETRIES) throw unreachable(`${file.path} ended after ${bytes} of ${size} bytes`);
    }
    const found = hash?.digest('hex');
    if ((size !== undefined && bytes !== size) || found !== checksum)
      throw new MatomariError(
        'bad_file',
        `${file.path} of ${id} arrived damaged from ${endpoint()} (${bytes} bytes with checksum ${found}, not ${size ?? bytes} with ${checksum}): try again later, or give another HF_ENDPOINT`,
      );
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Large files are named by the SHA-256 of their bytes; small ones by git, which puts their length before them. */
function hasher(checksum: string, size: number | undefined): Hash {
  if (checksum.length === 64) return createHash('sha256');
  return createHash('sha1').update(`blob ${size}\0`);
}

/** The body of an answer; rejects when no byte comes for too long. */
async function* chunks(response: Response): AsyncGenerator<Uint8Array, void, void> {
  const reader = response.body!.getReader();
  const wait = patience();
  try {
    for (;;) {
      let late: NodeJS.Timeout | undefined;
      const silence = new Promise<never>((_, reject) => {
        late = setTimeout(() => reject(new Error(`no byte in ${wait / 1000} s`)), wait);
      });
      const next = await Promise.race([reader.read(), silence]).finally(() => clearTimeout(late));
      if (next.done) return;
      yield next.value;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

async function get(
  url: string,
  id: string,
  revision: string,
  extra: Record<string, string>,
  retries: number,
  signal: AbortSignal | undefined,
): Promise<Response> {
  let response: Response;
  const init = { headers: { ...(await headers()), ...extra } };
  try {
    response = await fetchPatiently(url, init, { retries, timeout: patience(), signal });
  } catch (error) {
    throwIfAborted(signal, 'loadEmbedder');
    throw unreachable(failure(error));
  }
  if (response.ok) return response;
  await response.body?.cancel();
  const { status } = response;
  if (passing(status)) throw unreachable(`it answers ${status}`);
  if (status === 401 || status === 403)
    throw new MatomariError(
      'model_not_found',
      `${endpoint()} refuses access to "${id}" (${status}): check the id, and for a private or gated model set HF_TOKEN to a token that may read it`,
    );
  throw new MatomariError(
    'model_not_found',
    `${endpoint()} has no model "${id}" at revision "${revision}" (${status}): check the id and the revision, or give the path of a directory`,
  );
}

const unreachable = (reason: string): Unreachable =>
  new Unreachable(
    'model_not_found',
    `the model hub ${endpoint()} cannot be reached (${reason.replace(/\s+/g, ' ')}): check the network or HF_ENDPOINT, or give the directory of a model that was downloaded elsewhere`,
  );
