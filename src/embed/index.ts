export type { Embedder, EmbedFacts, EmbedOptions, EmbedToFileOptions, PromptOptions } from './embedder.js';
export type { Dtype } from './graph-choice.js';
export { type LoadEmbedderOptions, loadEmbedder } from './load.js';
export type { PoolingMode } from './pooling.js';
export { type ExecutionProviders, executionProviders } from './providers.js';
