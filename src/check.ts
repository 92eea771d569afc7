import { MatomariError } from './errors.js';

/** How far two names are apart, in single-character edits. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
    row = next;
  }
  return row[b.length]!;
}

/** The known name nearest to `name`, or undefined when none is close enough to be a misspelling of it. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const scored = known.map((k) => ({ k, d: editDistance(name.toLowerCase(), k.toLowerCase()) }));
  scored.sort((x, y) => x.d - y.d);
  const best = scored[0];
  return best && best.d <= Math.max(2, Math.floor(best.k.length / 2)) ? best.k : undefined;
}

/** A value as an error message shows it: short, quoted when a string. */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}…` : value);
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object' && value !== null) return value.constructor?.name ?? 'an object';
  return String(value);
}

/** Refuses options that the operation does not have, and names the nearest one that it has. */
export function checkOptions(operation: string, options: object, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new MatomariError('bad_option', `${operation}: options must be an object, not ${show(options)}`);
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const near = nearestName(name, known);
    const cure = near ? `did you mean "${near}"?` : `it has: ${known.join(', ')}`;
    throw new MatomariError('bad_option', `${operation} has no option "${name}": ${cure}`);
  }
}

/** An integer in [min, max]; otherwise `bad_option` that names the option, the value and the range. */
export function checkInteger(
  name: string,
  value: unknown,
  min: number,
  max = Number.MAX_SAFE_INTEGER,
): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  throw new MatomariError('bad_option', `${name} must be an integer ${range}, not ${show(value)}`);
}

/** How many components of a matrix [rows × cols] are asked for; `bad_input` where it has not as many. */
export function checkComponents(value: unknown, rows: number, cols: number): number {
  const nComponents = checkInteger('nComponents', value, 1);
  const most = Math.min(rows, cols);
  if (nComponents <= most) return nComponents;
  throw new MatomariError(
    'bad_input',
    `nComponents is ${nComponents}, but ${rows} rows of ${cols} columns have at most ${most} components`,
  );
}

/** A finite number in [min, max]; otherwise `bad_option`. */
export function checkNumber(name: string, value: unknown, min = -Infinity, max = Infinity): number {
  if (typeof value === 'number' && Number.isFinite(value) && value >= min && value <= max) return value;
  const range = max !== Infinity ? ` from ${min} to ${max}` : min !== -Infinity ? ` of at least ${min}` : '';
  throw new MatomariError('bad_option', `${name} must be a number${range}, not ${show(value)}`);
}

/** One of a list of words; otherwise `bad_option` that lists them. */
export function checkOneOf<T extends string>(name: string, value: unknown, allowed: readonly T[]): T {
  if (typeof value === 'string' && (allowed as readonly string[]).includes(value)) return value as T;
  const near = typeof value === 'string' ? nearestName(value, allowed) : undefined;
  const cure = near ? `; did you mean "${near}"?` : '';
  throw new MatomariError(
    'bad_option',
    `${name} must be one of ${allowed.join(', ')}, not ${show(value)}${cure}`,
  );
}

/** true or false; otherwise `bad_option`. */
export function checkBoolean(name: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw new MatomariError('bad_option', `${name} must be true or false, not ${show(value)}`);
}

/** An environment variable, where an empty one counts as unset. */
export function environment(name: string): string | undefined {
  return process.env[name] || undefined;
}
