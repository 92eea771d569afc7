import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { loadEmbedder } from 'matomari/embed';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { FIXTURES, lookupModel, temporaryFolder } from './embed-helpers.js';
import { COMMIT, hubServer } from './hub-server.js';

const ID = 'someone/lookup';
const LOOKUP = join(FIXTURES, 'lookup');
const REPO = 'models--someone--lookup';
let hub: Awaited<ReturnType<typeof hubServer>>;
let cacheDir: string;

beforeAll(async () => {
  hub = await hubServer(ID, LOOKUP);
});
afterAll(() => hub.close());
beforeEach(() => {
  cacheDir = temporaryFolder();
  vi.stubEnv('HF_ENDPOINT', hub.endpoint);
  vi.stubEnv('HF_TOKEN', 'hf_secret');
  vi.stubEnv('HF_HUB_OFFLINE', '');
  hub.play(undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

const snapshot = () => join(cacheDir, REPO, 'snapshots', COMMIT);
const cached = () => readdirSync(cacheDir, { recursive: true, encoding: 'utf8' });

async function vector(options: object = {}): Promise<number[]> {
  const embedder = await loadEmbedder(ID, { cacheDir, ...options });
  try {
    expect(embedder).toMatchObject({ model: ID, revision: COMMIT, dimensions: 6 });
    return [...(await embedder.embed(['あい'])).data];
  } finally {
    await embedder.close();
  }
}

async function local(): Promise<number[]> {
  const embedder = await loadEmbedder(LOOKUP);
  const { data } = await embedder.embed(['あい']);
  await embedder.close();
  return [...data];
}

const refused = (options: object, code: string, message: RegExp) =>
  expect(loadEmbedder(ID, { cacheDir, ...options })).rejects.toMatchObject({
    name: 'MatomariError',
    code,
    message,
  });

/** Lays the model out as Python's huggingface_hub does: blobs named by checksum, and links to them. */
function pythonCache(files: string[]): void {
  for (const file of files) {
    const bytes = readFileSync(join(LOOKUP, file));
    const blob = join(cacheDir, REPO, 'blobs', createHash('sha256').update(bytes).digest('hex'));
    const link = join(snapshot(), file);
    for (const path of [blob, link, join(cacheDir, REPO, 'refs', 'main')])
      mkdirSync(dirname(path), { recursive: true });
    writeFileSync(blob, bytes);
    symlinkSync(relative(dirname(link), blob), link);
  }
  writeFileSync(join(cacheDir, REPO, 'refs', 'main'), COMMIT);
}
const FILES = readdirSync(LOOKUP, { recursive: true, encoding: 'utf8' }).filter((f) => /\.\w+$/.test(f));

describe('a model of the hub', () => {
  it('is downloaded, only what is needed, and then comes from the cache', async () => {
    const wanted = await local();
    expect(await vector()).toEqual(wanted);
    expect(hub.requests[0]).toBe(`/api/models/${ID}/revision/main?blobs=true`);
    expect(hub.requests).toContain(`/${ID}/resolve/${COMMIT}/1_Pooling/config.json`);
    expect(hub.requests.join()).not.toMatch(/fp16|expected\.json/);
    expect(new Set(hub.tokens)).toEqual(new Set(['Bearer hf_secret']));
    expect(readFileSync(join(cacheDir, REPO, 'refs', 'main'), 'utf8')).toBe(COMMIT);
    expect(cached().filter((file) => file.includes('incomplete'))).toEqual([]);
    // Only the branch is asked for again.
    hub.play(undefined);
    expect(await vector()).toEqual(wanted);
    expect(hub.requests).toEqual([`/api/models/${ID}/revision/main?blobs=true`]);
    // A commit never changes.
    hub.play(undefined);
    expect(await vector({ revision: COMMIT })).toEqual(wanted);
    expect(await vector({ localOnly: true })).toEqual(wanted);
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    expect(await vector()).toEqual(wanted);
    expect(hub.requests).toEqual([]);
    // Another precision is another file.
    await refused(
      { dtype: 'fp16' },
      'model_not_found',
      /not \(completely\) in .*load it once without localOnly/,
    );
    await refused({ dtype: 'q8' }, 'model_not_found', /not \(completely\)/);
  });

  it('comes with the precision asked for', async () => {
    const half = await vector({ dtype: 'fp16' });
    (await local()).forEach((x, i) => {
      expect(half[i]).toBeCloseTo(x, 2);
    });
    expect(existsSync(join(snapshot(), 'onnx', 'model.onnx'))).toBe(false);
    await refused({ dtype: 'q8' }, 'model_not_found', /no model_quantized\.onnx/);
  });

  it('is read from the cache of Python, links and all', async () => {
    pythonCache(FILES);
    expect(await vector({ localOnly: true })).toEqual(await local());
    expect(await vector()).toEqual(await local());
    expect(hub.requests).toEqual([`/api/models/${ID}/revision/main?blobs=true`]);
  });

  it('is completed where the cache has only some of it', async () => {
    pythonCache(FILES.filter((file) => !/Pooling|onnx/.test(file)));
    await refused({ localOnly: true }, 'model_not_found', /not \(completely\)/);
    expect(await vector()).toEqual(await local());
    expect(hub.requests.filter((url) => url.includes('tokenizer.json'))).toEqual([]);
  });

  it('is not taken from the cache when a download stopped in the middle', async () => {
    hub.play((request, response) => {
      if (!request.url!.endsWith('1_Pooling/config.json')) return false;
      response.writeHead(404).end();
      return true;
    });
    await refused({}, 'model_not_found', /no model "someone\/lookup" at revision/);
    await refused({ localOnly: true }, 'model_not_found', /not \(completely\)/);
    hub.play(undefined);
    expect(await vector()).toEqual(await local());
  });

  it('survives a connection that breaks off, and goes on where it stopped', async () => {
    let broken = 0;
    const ranges: (string | undefined)[] = [];
    hub.play((request, response, file) => {
      if (!request.url!.endsWith('model.onnx')) return false;
      ranges.push(request.headers.range);
      if (broken++ > 0) return false;
      response.writeHead(200, { 'content-length': file!.length });
      response.write(file!.subarray(0, 500), () => setTimeout(() => response.destroy(), 500));
      return true;
    });
    expect(await vector()).toEqual(await local());
    expect(ranges).toEqual([undefined, 'bytes=500-']);
  });

  it('is asked for again after 429 and 5xx answers, when the server says', async () => {
    const statuses = [429, 503];
    hub.play((request, response) => {
      const status = request.url!.endsWith('model.onnx') ? statuses.shift() : undefined;
      if (status === undefined) return false;
      response.writeHead(status, { 'retry-after': '0' }).end();
      return true;
    });
    expect(await vector()).toEqual(await local());
    expect(statuses).toEqual([]);
  });

  it('that arrives damaged is never used', async () => {
    hub.play((request, response, file) => {
      if (!request.url!.endsWith('model.onnx')) return false;
      const damaged = Buffer.from(file!);
      damaged[600]! ^= 1;
      response.end(damaged);
      return true;
    });
    await refused({}, 'bad_file', /onnx\/model\.onnx of someone\/lookup arrived damaged.*try again/);
    expect(cached().filter((file) => /model\.onnx|incomplete/.test(file))).toEqual([]);
    // Small files are verified as well, by git's checksum.
    cacheDir = temporaryFolder();
    hub.play((request, response, file) => {
      if (!request.url!.endsWith('/config.json')) return false;
      response.end(file!.toString().replace('40', '41'));
      return true;
    });
    await refused({}, 'bad_file', /arrived damaged/);
  });

  it('that never comes is given up, one that is slow is not', async () => {
    vi.stubEnv('HF_HUB_DOWNLOAD_TIMEOUT', '1');
    hub.play((request, response, file) => {
      if (!request.url!.endsWith('tokenizer.json')) return false;
      const half = file!.length >> 1;
      response.write(file!.subarray(0, half));
      setTimeout(() => response.end(file!.subarray(half)), 100);
      return true;
    });
    expect(await vector()).toEqual(await local());
    hub.play((request) => request.url!.startsWith('/api/'));
    // The hub hangs: what is in the cache will do, and what is not there is one sentence.
    expect(await vector()).toEqual(await local());
    cacheDir = temporaryFolder();
    await refused(
      {},
      'model_not_found',
      /cannot be reached \(no answer in 1 s\): check the network or HF_ENDPOINT/,
    );
  });

  it.each([
    [401, /refuses access to "someone\/lookup" \(401\).*HF_TOKEN/],
    [403, /refuses access.*\(403\)/],
    [404, /has no model "someone\/lookup" at revision "v2" \(404\): check the id and the revision/],
  ])('answered with %i is one sentence, which does not tell the token', async (status, message) => {
    hub.play((_, response) => {
      response.writeHead(status).end();
      return true;
    });
    const error = (await loadEmbedder(ID, { cacheDir, revision: 'v2' }).catch((e) => e)) as Error;
    expect(error).toMatchObject({ code: 'model_not_found', message });
    expect(error.message).not.toContain('hf_secret');
  });

  it('without a hub is one sentence with the cure', async () => {
    vi.stubEnv('HF_ENDPOINT', 'http://127.0.0.1:9');
    await refused(
      {},
      'model_not_found',
      /hub http:\/\/127\.0\.0\.1:9 cannot be reached .*give the directory/,
    );
    hub.play((_, response) => {
      response.end('<html>');
      return true;
    });
    vi.stubEnv('HF_ENDPOINT', hub.endpoint);
    await refused({}, 'model_not_found', /cannot be reached/);
  });

  it('can be cancelled while it comes', async () => {
    const abort = new AbortController();
    hub.play((request) => {
      if (!request.url!.endsWith('model.onnx')) return false;
      abort.abort('enough');
      return true;
    });
    await expect(loadEmbedder(ID, { cacheDir, signal: abort.signal })).rejects.toMatchObject({
      code: 'cancelled',
      cause: 'enough',
    });
    expect(cached().filter((file) => file.includes('incomplete'))).toEqual([]);
  });

  it('takes no path out of its folder from the hub', async () => {
    hub.play((request, response) => {
      if (!request.url!.startsWith('/api/')) return false;
      const siblings = ['../config.json', '/etc/tokenizer.json', 'onnx/../../model.onnx'].map(
        (rfilename) => ({
          rfilename,
        }),
      );
      response.end(JSON.stringify({ sha: COMMIT, siblings }));
      return true;
    });
    await refused({}, 'model_not_found', /no \.onnx file/);
    expect(hub.requests.length).toBe(1);
  });

  it('needs options that make sense', async () => {
    await refused({ revision: '../x' }, 'bad_option', /revision must be a branch, a tag or a commit/);
    await refused({ cacheDir: 3 }, 'bad_option', /cacheDir must be the path/);
    await refused({ localOnly: 'yes' }, 'bad_option', /localOnly must be true or false/);
    await expect(loadEmbedder(lookupModel(), { revision: 'main' })).rejects.toMatchObject({
      code: 'bad_option',
      message: /is a directory: leave the option out/,
    });
  });
});
