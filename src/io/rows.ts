import { nearestName, show } from '../check.js';
import { MatomariError } from '../errors.js';

/** One document as a file holds it. */
export interface Row {
  text: string;
  id: string | undefined;
  category: string | undefined;
  /** Line of the file on which it starts, from 1. */
  line: number;
}

/** Which columns (or fields) hold what. */
export interface Columns {
  text?: string | undefined;
  id?: string | undefined;
  category?: string | undefined;
}

const MOST_NAMES = 30;

/** The columns that there are, as messages list them. */
export function listNames(names: readonly string[]): string {
  if (names.length === 0) return 'none';
  const shown = names.slice(0, MOST_NAMES).map(show);
  return shown.join(', ') + (names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : '');
}

/** `bad_input` about a column that was asked for and is not there. `where` names the file, and the line if it matters. */
export function noColumn(
  where: string,
  kind: 'column' | 'field',
  wanted: string,
  there: readonly string[],
): MatomariError {
  const near = nearestName(wanted, there);
  return new MatomariError(
    'bad_input',
    `${where} has no ${kind} ${show(wanted)}; it has ${listNames(there)}${near === undefined ? '' : `: did you mean ${show(near)}?`}`,
  );
}

/** The column of the text when the caller named none: the only one there is. */
export function onlyColumn(name: string, kind: 'column' | 'field', there: readonly string[]): string {
  if (there.length === 1) return there[0]!;
  throw new MatomariError(
    'bad_option',
    `${name} has the ${kind}s ${listNames(there)}: say which one is the text (text: ${show(there[0] ?? 'name')}, or --text on the command line)`,
  );
}
