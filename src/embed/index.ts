export { cudaInstructions, type EmbedDevice, type SkippedDevice } from './devices.js';
export type { Embedder, EmbedFacts, EmbedOptions, EmbedToFileOptions, PromptOptions } from './embedder.js';
export type { Dtype } from './graph-choice.js';
export { type HubOptions, hubCache } from './hub.js';
export { type LoadEmbedderOptions, loadEmbedder } from './load.js';
export type { ServerEmbedderOptions } from './load-server.js';
export type { PoolingMode } from './pooling.js';
export { type ExecutionProviders, executionProviders } from './providers.js';
