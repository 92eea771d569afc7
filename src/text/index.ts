export { detectLanguages } from './language.js';
export { STOP_WORDS } from './stop-words.js';
export { createTokenizer, type TokenizeOptions, type Tokenizer, type TokenizerOptions } from './tokenizer.js';
