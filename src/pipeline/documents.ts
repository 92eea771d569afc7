import { show } from '../check.js';
import { MatomariError } from '../errors.js';
import type { Document } from '../types.js';

/** A text by itself, or with what is known about it. `id` defaults to the document's number, counted from 0. */
export type DocumentInput =
  | string
  | { text: string; id?: string | number | undefined; category?: string | number | undefined };

/** Checks every document and gives it an id; `bad_input` names the one that is not usable. */
export function toDocuments(operation: string, input: readonly DocumentInput[]): Document[] {
  if (!Array.isArray(input))
    throw new MatomariError('bad_input', `${operation}: documents must be an array, not ${show(input)}`);
  if (input.length === 0)
    throw new MatomariError('bad_input', `${operation}: there are no documents: give at least one text`);
  return input.map((entry: DocumentInput, index) => {
    const {
      text,
      id = index,
      category,
    } = typeof entry === 'object' && entry !== null ? entry : { text: entry };
    if (typeof text !== 'string')
      throw new MatomariError(
        'bad_input',
        `${operation}: document ${index} must be a string or { id?, text, category? } with a string text, not ${show(entry)}`,
      );
    if (category !== undefined && typeof category !== 'string' && typeof category !== 'number')
      throw new MatomariError(
        'bad_input',
        `${operation}: the category of document ${index} must be a string or a number, not ${show(category)}`,
      );
    return {
      id: String(id),
      text,
      ...(category === undefined || category === '' ? {} : { category: String(category) }),
    };
  });
}
