import { createHash } from 'node:crypto';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readLsa, removeLsa } from '../embed/lsa-model.js';
import { readMatrix, writeAtomic, writeNpy } from '../io/index.js';
import {
  asLsa,
  type Embedded,
  type EmbedOperation,
  LSA,
  type ModelFacts,
  modelFacts,
  modelPath,
  textFacts,
  withEmbedder,
} from './embed-texts.js';
import { version } from './versions.js';

/** Beside `embeddings.npy`: what it was made from. */
export const MANIFEST = 'embeddings.json';
interface Manifest {
  key: string;
  model: ModelFacts;
}

/**
 * The embeddings of a run folder. They are written as they come, so that a run that was stopped can go on from them,
 * and a run over the same texts with the same model can do without embedding.
 */
export class EmbeddingStore {
  readonly #npy: string;
  readonly #lsa: string;
  readonly #manifest: string;
  readonly #model: string;
  readonly #resume: boolean;
  /** Whether embeddings.npy is of this run. */
  #written = false;

  constructor(dir: string, model: string, resume: boolean) {
    this.#npy = join(dir, 'embeddings.npy');
    this.#lsa = join(dir, LSA);
    this.#manifest = join(dir, MANIFEST);
    this.#model = model;
    this.#resume = resume;
  }

  /** Embeds the texts, or takes what is there when it was made from the same texts by the same model. */
  async embed(texts: readonly string[], operation: EmbedOperation): Promise<Embedded> {
    const stored = this.#resume ? await this.#stored(texts, operation.words) : undefined;
    if (stored) return stored;
    await rm(this.#manifest, { force: true });
    await removeLsa(this.#lsa);
    const { signal, onProgress } = operation;
    const model = await withEmbedder(this.#model, operation, async (embedder) => {
      const resume = this.#resume;
      const lsa = asLsa(embedder);
      if (lsa && !lsa.fitted) {
        const { data, rows, cols, ...facts } = await lsa.fitEmbed(texts, {
          signal,
          onProgress,
          words: await operation.cut?.(signal),
        });
        await writeNpy(this.#npy, { data, rows, cols });
        await lsa.save(this.#lsa);
        return { ...modelFacts(embedder, this.#model), ...textFacts(facts) };
      }
      const facts = await embedder.embedToFile(texts, this.#npy, {
        resume,
        signal,
        onProgress,
      });
      return { ...modelFacts(embedder, this.#model), ...textFacts(facts) };
    });
    this.#written = true;
    const manifest: Manifest = { key: await this.#key(texts, operation.words), model };
    await writeAtomic(this.#manifest, `${JSON.stringify(manifest, null, 2)}\n`);
    return { embeddings: await readMatrix(this.#npy), model, lsa: await this.#learnt() };
  }

  /** Takes away what a run that failed for good has written, unless it was to resume. */
  async discard(): Promise<void> {
    if (this.#resume) return;
    const own = this.#written ? [this.#npy, this.#manifest] : [];
    for (const path of [...own, `${this.#npy}.partial`, `${this.#npy}.journal`])
      await rm(path, { force: true });
    if (this.#written) await removeLsa(this.#lsa);
  }

  /** What the lsa embedder of this run has learnt. */
  async #learnt(): Promise<Embedded['lsa']> {
    return this.#model === 'lsa' ? readLsa(this.#lsa) : undefined;
  }

  /** What is there, if it was made from these texts. */
  async #stored(texts: readonly string[], words: EmbedOperation['words']): Promise<Embedded | undefined> {
    try {
      const { key, model } = JSON.parse(await readFile(this.#manifest, 'utf8')) as Manifest;
      if (key !== (await this.#key(texts, words))) return undefined;
      const embeddings = await readMatrix(this.#npy);
      const fits = embeddings.rows === texts.length && embeddings.cols === model.dimensions;
      return fits ? { embeddings, model, lsa: await this.#learnt() } : undefined;
    } catch {
      // Nothing there, or nothing that can be trusted: everything is embedded anew.
      return undefined;
    }
  }

  /** A hash of everything that decides the embeddings: the texts, the model's files and this version. */
  async #key(texts: readonly string[], words: EmbedOperation['words']): Promise<string> {
    const cut = this.#model === 'lsa' ? [words] : [];
    const hash = createHash('sha256').update(JSON.stringify([version(), this.#model, ...cut]));
    const dir = modelPath(this.#model);
    if (dir !== undefined)
      for (const name of (await readdir(dir, { recursive: true })).sort()) {
        const { size, mtimeMs } = await stat(join(dir, name));
        hash.update(JSON.stringify([name, size, mtimeMs]));
      }
    for (const text of texts) hash.update(JSON.stringify(text));
    return hash.digest('hex');
  }
}
