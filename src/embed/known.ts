/** A sum of what may not be known. */
export const sum = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? null : a + b;

/** A list with another put behind it; null where either is not known. */
export function appended(list: number[] | null, more: number[] | null): number[] | null {
  if (list === null || more === null) return null;
  for (const entry of more) list.push(entry);
  return list;
}
