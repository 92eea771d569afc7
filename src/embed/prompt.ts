import { show } from '../check.js';
import { MatomariError } from '../errors.js';

/**
 * Which prompt is put before the texts; without either, the one given to loadEmbedder, else the model's default.
 */
export interface PromptOptions {
  /** Name of a prompt of the model (config_sentence_transformers.json), e.g. `query`. */
  prompt?: string | undefined;
  /** The prompt itself; '' is none. */
  promptText?: string | undefined;
}

/** The prompt that options ask for, or undefined when they ask for none. */
export function promptText(options: PromptOptions, prompts: Record<string, string>): string | undefined {
  const { prompt, promptText } = options;
  if (prompt !== undefined && promptText !== undefined)
    throw new MatomariError(
      'bad_option',
      'prompt (a name) and promptText (the text itself) exclude each other: give one',
    );
  if (promptText !== undefined) {
    if (typeof promptText === 'string') return promptText;
    throw new MatomariError('bad_option', `promptText must be a string, not ${show(promptText)}`);
  }
  if (prompt === undefined) return undefined;
  if (typeof prompt === 'string' && Object.hasOwn(prompts, prompt)) return prompts[prompt]!;
  const names = Object.keys(prompts);
  const cure =
    names.length > 0 ? `it has ${names.join(', ')}` : 'it has none; give the text itself as promptText';
  throw new MatomariError('bad_option', `the model has no prompt named ${show(prompt)}: ${cure}`);
}
