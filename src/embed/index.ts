export type { Embedder, EmbedFacts, EmbedOptions, EmbedToFileOptions, PromptOptions } from './embedder.js';
export { type LoadEmbedderOptions, loadEmbedder } from './load.js';
export { LsaEmbedder, type LsaOptions } from './lsa.js';
export type { LsaModel } from './lsa-model.js';
export type { Dtype } from './model-directory.js';
export type { PoolingMode } from './pooling.js';
export { type ExecutionProviders, executionProviders } from './providers.js';
