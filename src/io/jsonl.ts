import { show } from '../check.js';
import { MatomariError } from '../errors.js';
import { badFile } from './file-error.js';
import { textLines } from './lines.js';
import { type Columns, noColumn, onlyColumn, type Row } from './rows.js';

/** Every line is a JSON object with the text in one field; blank lines hold no document. */
export async function* jsonlRows(
  name: string,
  chunks: AsyncIterable<Buffer>,
  columns: Columns,
): AsyncGenerator<Row[]> {
  let line = 0;
  let textField = columns.text;
  for await (const lines of textLines(name, chunks)) {
    const rows: Row[] = [];
    for (const json of lines) {
      line++;
      if (json.trim() === '') continue;
      const object = parseObject(name, line, json);
      textField ??= onlyColumn(name, 'field', Object.keys(object));
      const found = { name, line, object, escapes: json.includes('\\u') };
      rows.push({
        text: readField(found, textField, false),
        id: columns.id === undefined ? undefined : readField(found, columns.id, true),
        category: columns.category === undefined ? undefined : readField(found, columns.category, true),
        line,
      });
    }
    yield rows;
  }
}

function parseObject(name: string, line: number, json: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    const hint = /^\s*\[\s*$/.test(json) ? ' (it looks like a JSON array over several lines)' : '';
    throw badFile(
      name,
      `has no valid JSON in line ${line}${hint}: write one object a line, such as {"id": "1", "text": "…"}`,
      cause,
    );
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw badFile(
    name,
    `holds ${value === null ? 'null' : show(value)} in line ${line}, not an object: write one object a line, such as {"id": "1", "text": "…"}`,
  );
}

interface Found {
  name: string;
  line: number;
  object: Record<string, unknown>;
  /** Whether the line holds `\u` escapes at all. */
  escapes: boolean;
}

function readField({ name, line, object, escapes }: Found, field: string, numbers: boolean): string {
  const where = `${name}, line ${line},`;
  if (!Object.hasOwn(object, field)) throw noColumn(where, 'field', field, Object.keys(object));
  const value = object[field];
  if (typeof value === 'string') {
    // An escape such as \ud83d can stand for half a character, which no UTF-8 file could hold.
    if (escapes && /\p{Surrogate}/u.test(value))
      throw new MatomariError(
        'bad_input',
        `${where} has half a character (a lone surrogate) in field ${JSON.stringify(field)}: repair or remove it`,
      );
    return value;
  }
  if (numbers && typeof value === 'number') {
    if (Number.isInteger(value) && !Number.isSafeInteger(value))
      throw new MatomariError(
        'bad_input',
        `${where} has a number beyond 2^53 in field ${JSON.stringify(field)}, which JSON cannot carry exactly: write it in quotes`,
      );
    return String(value);
  }
  throw new MatomariError(
    'bad_input',
    `${where} has ${describe(value)} in field ${JSON.stringify(field)}, not a string${numbers ? ' or a number' : ''}`,
  );
}

function describe(value: unknown): string {
  if (typeof value === 'number') return `the number ${value}`;
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? 'an object' : show(value);
}
