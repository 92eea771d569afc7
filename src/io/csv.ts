import { MatomariError } from '../errors.js';
import { badFile } from './file-error.js';
import { type Columns, noColumn, onlyColumn, type Row } from './rows.js';
import { MAX_TEXT_BYTES } from './text-guard.js';

/**
 * The rows of a CSV or TSV file with a header row (RFC 4180, strictly): a field in quotes may hold delimiters, newlines
 * and doubled quotes; every row has as many fields as the header. Lines may end in LF, CRLF or CR. A blank line is no
 * row, unless the file has only one column: there it is an empty field.
 */
export async function* csvRows(
  name: string,
  chunks: AsyncIterable<Buffer>,
  columns: Columns,
  delimiter: ',' | '\t',
): AsyncGenerator<Row[]> {
  const { parse } = await import('csv-parse');
  let rows: Row[] = [];
  let toRow: ((fields: string[], line: number) => Row) | undefined;
  let width = 0;
  let start = 1;
  // csv-parse counts a CRLF inside quotes as two lines.
  let counted = 0;
  const parser = parse({
    delimiter,
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    max_record_size: MAX_TEXT_BYTES,
    on_record: (fields: string[], { lines }) => {
      for (const field of fields) if (field.includes('\r\n')) counted += field.split('\r\n').length - 1;
      const line = start;
      start = lines - counted + 1;
      if (fields.length === 1 && fields[0] === '' && width !== 1) return null;
      if (toRow === undefined) {
        width = fields.length;
        toRow = chooseColumns(name, fields, columns, delimiter);
      } else if (fields.length !== width) {
        const cure =
          fields.length > width
            ? `put a field that holds a ${delimiter === ',' ? 'comma' : 'tab'} in quotes`
            : 'add the missing fields';
        const count = `${fields.length} field${fields.length === 1 ? '' : 's'}`;
        throw badFile(name, `has ${count} in line ${line}, but the header has ${width}: ${cure}`);
      } else rows.push(toRow(fields, line));
      // Nothing is passed on through the stream, which would cost more than the parsing.
      return null;
    },
  });
  // A write reports the failure; without a listener Node would treat the event as uncaught besides.
  parser.on('error', () => {});
  try {
    for await (const chunk of chunks) {
      await new Promise<void>((resolve, reject) =>
        parser.write(chunk, (error) => (error ? reject(error) : resolve())),
      );
      yield rows;
      rows = [];
    }
    await new Promise<void>((resolve, reject) => {
      parser.end((error?: Error | null) => (error ? reject(error) : resolve()));
    });
    yield rows;
  } catch (error) {
    throw csvError(name, error, start);
  } finally {
    parser.destroy();
  }
}

/** How a row becomes a document, from the header. */
function chooseColumns(
  name: string,
  header: string[],
  columns: Columns,
  delimiter: string,
): (fields: string[], line: number) => Row {
  const other = [';', '\t', '|', ','].find((d) => d !== delimiter && header[0]!.includes(d));
  if (header.length === 1 && other !== undefined && header[0] !== columns.text)
    throw new MatomariError(
      'bad_input',
      `${name} has the header ${JSON.stringify(header[0])}, which seems to be separated by ${JSON.stringify(other)}, not by ${JSON.stringify(delimiter)}: convert it, or give the format csv or tsv that it has`,
    );
  const find = (wanted: string | undefined) => {
    if (wanted === undefined) return -1;
    const at = header.indexOf(wanted);
    if (at < 0) throw noColumn(name, 'column', wanted, header);
    if (header.indexOf(wanted, at + 1) >= 0)
      throw new MatomariError(
        'bad_input',
        `${name} has the column ${JSON.stringify(wanted)} twice: rename one of them in the header`,
      );
    return at;
  };
  const text = find(columns.text ?? onlyColumn(name, 'column', header));
  const [id, category] = [find(columns.id), find(columns.category)];
  return (fields, line) => ({ text: fields[text]!, id: fields[id], category: fields[category], line });
}

/** What csv-parse refuses, as a sentence about the row that starts in `line`. */
function csvError(name: string, error: unknown, line: number): unknown {
  const { code } = error as { code?: string };
  const row = `in the row that starts in line ${line}`;
  switch (code) {
    case 'CSV_QUOTE_NOT_CLOSED':
      return badFile(
        name,
        `has an unclosed quote ${row}: close it, or double a quote that is meant as text ("")`,
        error,
      );
    case 'CSV_INVALID_CLOSING_QUOTE':
      return badFile(
        name,
        `has text after a closing quote ${row}: double a quote that is meant as text (""), or close the one before`,
        error,
      );
    case 'INVALID_OPENING_QUOTE':
      return badFile(
        name,
        `has a quote in the middle of a field ${row}: put the whole field in quotes and double the quotes in it ("")`,
        error,
      );
    case 'CSV_MAX_RECORD_SIZE':
      return badFile(
        name,
        `has more than ${MAX_TEXT_BYTES} bytes ${row}: most likely a quote is opened there and never closed`,
        error,
      );
    default:
      return error;
  }
}
