import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { checkBoolean, environment, show } from '../check.js';
import { MatomariError } from '../errors.js';
import { fileError } from '../io/file-error.js';
import { writeAtomic } from '../io/index.js';
import { chooseGraph, type Dtype } from './graph-choice.js';
import {
  downloadFile,
  type HubFile,
  type HubListing,
  hubHome,
  listModel,
  Unreachable,
} from './hub-client.js';

/** Which model of the hub, and from where. */
export interface HubOptions {
  /** Branch, tag or commit of a model of the hub (default `main`); a commit that is in the cache needs no network. */
  revision?: string | undefined;
  /** Folder of downloaded models (default HF_HUB_CACHE, else HF_HOME/hub, else ~/.cache/huggingface/hub, as in Python). */
  cacheDir?: string | undefined;
  /** Take the model from the cache only (default HF_HUB_OFFLINE). */
  localOnly?: boolean | undefined;
}

/** A model of the hub in the cache. */
export interface Snapshot {
  dir: string;
  /** The commit. */
  commit: string;
}

/** Whether a name has the form of a hub id, as `intfloat/multilingual-e5-small`. */
export const isHubId = (model: string): boolean =>
  /^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*$/.test(model) && !/\.\.|--|\.git$/.test(model);

/**
 * The folder of a hub model in the cache, downloaded where it is not there.
 *
 * The cache is laid out as Python's huggingface_hub does it, so the two share their downloads; links are followed. A
 * file gets its name only when all its bytes are there and their checksum is right. Where the hub does not answer, a
 * complete copy in the cache is used.
 */
export async function hubModel(
  id: string,
  dtype: Dtype | undefined,
  options: HubOptions,
  signal: AbortSignal | undefined,
): Promise<Snapshot> {
  const { revision, cache, localOnly } = checkHubOptions(options);
  const repo = join(cache, `models--${id.replace('/', '--')}`);
  const known = await knownListing(repo, revision);
  const whole = known !== undefined && (await complete(repo, known, id, dtype));
  const here = whole ? { dir: snapshotDir(repo, known.commit), commit: known.commit } : undefined;
  // A commit never changes.
  if (here && (localOnly || here.commit === revision)) return here;
  if (localOnly)
    throw new MatomariError(
      'model_not_found',
      `model "${id}" at revision "${revision}" is not (completely) in ${cache}: load it once without localOnly and HF_HUB_OFFLINE, or give another cacheDir`,
    );
  let listing: HubListing;
  try {
    listing = await listModel(id, revision, signal);
  } catch (error) {
    if (here && error instanceof Unreachable) return here;
    throw error;
  }
  await download(repo, id, listing, dtype, signal);
  try {
    if (listing.commit !== revision) {
      await mkdir(dirname(join(repo, 'refs', revision)), { recursive: true });
      await writeAtomic(join(repo, 'refs', revision), listing.commit);
    }
  } catch (cause) {
    throw fileError(cause, repo, 'write');
  }
  return { dir: snapshotDir(repo, listing.commit), commit: listing.commit };
}

/** Where models of the hub are kept, unless a call says otherwise. */
export const hubCache = (): string => environment('HF_HUB_CACHE') ?? join(hubHome(), 'hub');

function checkHubOptions(options: HubOptions): { revision: string; cache: string; localOnly: boolean } {
  const { revision = 'main', cacheDir, localOnly } = options;
  if (typeof revision !== 'string' || !/^[\w][\w./-]*$/.test(revision) || revision.includes('..'))
    throw new MatomariError(
      'bad_option',
      `revision must be a branch, a tag or a commit, not ${show(revision)}: leave it out for main`,
    );
  if (cacheDir !== undefined && (typeof cacheDir !== 'string' || cacheDir === ''))
    throw new MatomariError('bad_option', `cacheDir must be the path of a folder, not ${show(cacheDir)}`);
  const offline = /^(1|true|yes|on)$/i.test(environment('HF_HUB_OFFLINE') ?? '');
  return {
    revision,
    cache: resolve(cacheDir ?? hubCache()),
    localOnly: localOnly === undefined ? offline : checkBoolean('localOnly', localOnly),
  };
}

const snapshotDir = (repo: string, commit: string): string => join(repo, 'snapshots', commit);
/** What the hub listed for a commit, kept so that a download that was interrupted is known as such. */
const listingPath = (repo: string, commit: string): string => join(repo, 'matomari', `${commit}.json`);

/** What is known of a revision without the network: the hub's listing, else the files that Python has put there. */
async function knownListing(repo: string, revision: string): Promise<HubListing | undefined> {
  const ref = await readFile(join(repo, 'refs', revision), 'utf8').catch(() => revision);
  const commit = ref.trim();
  const kept = await readFile(listingPath(repo, commit), 'utf8').catch(() => undefined);
  try {
    if (kept !== undefined) return JSON.parse(kept) as HubListing;
  } catch {
    // A listing that cannot be read is none: the hub is asked again.
    return undefined;
  }
  const found = await readdir(snapshotDir(repo, commit), { recursive: true }).catch(() => []);
  return found.length > 0 ? { commit, files: found.map((path) => ({ path })) } : undefined;
}

/** Whether every file that is needed is in the cache, and as long as it should be. */
async function complete(
  repo: string,
  listing: HubListing,
  id: string,
  dtype: Dtype | undefined,
): Promise<boolean> {
  // Which modules a model has only its own files tell: without them what is there cannot be known to be all.
  const needed = await wanted(repo, listing, id, dtype).catch(() => undefined);
  if (needed === undefined) return false;
  const missing = await Promise.all(needed.map((file) => absent(repo, listing.commit, file)));
  return !missing.includes(true);
}

/** Whether a file must be downloaded; links to Python's blobs count as files. */
async function absent(repo: string, commit: string, { path, size }: HubFile): Promise<boolean> {
  const found = await stat(join(snapshotDir(repo, commit), path)).catch(() => undefined);
  return !found?.isFile() || (size !== undefined && found.size !== size);
}

const CONFIGURATION =
  /^((?!onnx\/|openvino\/)[^/]+\/)?(modules|config|config_sentence_transformers|sentence_\w+_config|tokenizer|tokenizer_config)\.json$/;

/** The files of a model that are read: its configuration, and the chosen graph with its weights. */
async function wanted(
  repo: string,
  { commit, files }: HubListing,
  id: string,
  dtype: Dtype | undefined,
): Promise<HubFile[]> {
  const small = files.filter(({ path }) => CONFIGURATION.test(path));
  const base = await transformerFolder(join(snapshotDir(repo, commit), 'modules.json'));
  const graph = chooseGraph(
    files.map(({ path }) => path),
    base,
    dtype,
    id,
  );
  // model.onnx, and its external data: model.onnx_data, model.onnx_data_1, model.onnx.data …
  return [...small, ...files.filter(({ path }) => path === graph || /^[._]/.test(rest(path, graph)))];
}

const rest = (path: string, start: string): string =>
  path.startsWith(start) ? path.slice(start.length) : '';

async function transformerFolder(modules: string): Promise<string> {
  const text = await readFile(modules, 'utf8').catch(() => '[]');
  const list = JSON.parse(text) as { type?: string; path?: string }[];
  return list.find(({ type }) => type?.endsWith('Transformer'))?.path ?? '';
}

async function download(
  repo: string,
  id: string,
  listing: HubListing,
  dtype: Dtype | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { commit, files } = listing;
  await mkdir(join(repo, 'matomari'), { recursive: true }).catch((cause: unknown) => {
    throw fileError(cause, repo, 'write');
  });
  await writeAtomic(listingPath(repo, commit), JSON.stringify(listing));
  // First, because it tells where the graph may be.
  const modules = files.find(({ path }) => path === 'modules.json');
  if (modules) await fetchInto(repo, id, commit, modules, signal);
  for (const file of await wanted(repo, listing, id, dtype)) await fetchInto(repo, id, commit, file, signal);
}

/** Downloads a file that is not there under another name, and renames it when it is whole. */
async function fetchInto(
  repo: string,
  id: string,
  commit: string,
  file: HubFile,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (!(await absent(repo, commit, file))) return;
  const target = join(snapshotDir(repo, commit), file.path);
  const partial = `${target}.${randomBytes(4).toString('hex')}.incomplete`;
  try {
    await mkdir(dirname(target), { recursive: true });
    await downloadFile(id, commit, file, partial, signal);
    await rename(partial, target);
  } catch (cause) {
    await rm(partial, { force: true });
    throw fileError(cause, target, 'write');
  }
}
