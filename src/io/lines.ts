import { badFile } from './file-error.js';
import type { Row } from './rows.js';
import { MAX_TEXT_BYTES } from './text-guard.js';

const NEWLINE = 10;

/**
 * The lines of a text, without their ends (LF or CRLF), as many at a time as a chunk completes. The newline at the end
 * of the text starts no further line.
 */
export async function* textLines(name: string, chunks: AsyncIterable<Buffer>): AsyncGenerator<string[]> {
  let open: Buffer[] = [];
  let openBytes = 0;
  let count = 0;
  for await (const chunk of chunks) {
    const end = chunk.lastIndexOf(NEWLINE) + 1;
    if (end > 0) {
      const lines = Buffer.concat([...open, chunk.subarray(0, end)])
        .toString()
        .split('\n');
      lines.pop();
      count += lines.length;
      yield lines.map(withoutReturn);
      open = [];
      openBytes = 0;
    }
    if (end < chunk.length) open.push(Buffer.from(chunk.subarray(end)));
    openBytes += chunk.length - end;
    if (openBytes > MAX_TEXT_BYTES)
      throw badFile(
        name,
        `has more than ${MAX_TEXT_BYTES} bytes in line ${count + 1}: it needs one document a line`,
      );
  }
  if (openBytes > 0) yield [withoutReturn(Buffer.concat(open).toString())];
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

/** Every line is a document; an empty line is an empty document. */
export async function* lineRows(name: string, chunks: AsyncIterable<Buffer>): AsyncGenerator<Row[]> {
  let line = 1;
  for await (const lines of textLines(name, chunks))
    yield lines.map((text) => ({ text, id: undefined, category: undefined, line: line++ }));
}
