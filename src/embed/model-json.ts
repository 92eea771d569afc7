import { MatomariError } from '../errors.js';

/** The value of a JSON file of a model; `bad_file` where it is none. */
export function parseModelJson<T>(path: string, text: string): T {
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new MatomariError(
      'bad_file',
      `${path} is not valid JSON (${(cause as Error).message}): get the file again`,
      { cause },
    );
  }
}
