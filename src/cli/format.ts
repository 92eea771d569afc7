/** 1234567 → 1,234,567. */
export const count = (n: number): string => n.toLocaleString('en-US');

/** Milliseconds as a reader wants them: 85 ms, 3.2 s, 4 min 10 s, 2 h 5 min. */
export function duration(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(Math.round(seconds) / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(seconds) - minutes * 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** East Asian wide and full-width characters, and emoji, take two columns of a terminal. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

/** The text on one line: white space and control characters become single spaces. */
export const oneLine = (text: string): string => text.replace(/[\s\p{Cc}]+/gu, ' ');

/** A line in at most `columns` columns of a terminal, cut with an ellipsis. */
export function clip(line: string, columns: number): string {
  let width = 0;
  let end = 0;
  let fits = 0;
  for (const char of line) {
    width += WIDE.test(char) ? 2 : 1;
    end += char.length;
    if (width > columns) return `${line.slice(0, fits)}…`;
    if (width < columns) fits = end;
  }
  return line;
}

/** Tab-separated fields: what would break the line becomes a space. */
export const tsv = (...fields: (string | number)[]): string =>
  fields.map((field) => String(field).replace(/[\t\r\n]+/g, ' ')).join('\t');
