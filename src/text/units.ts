/**
 * A table over the 65,536 UTF-16 units that holds `value` where the unit is a character of the class, else 0.
 *
 * @param characters the inside of a character class, e.g. `\p{L}\p{N}_`
 */
export function markUnits(table: Uint8Array, characters: string, value: number): Uint8Array {
  for (const run of everyUnit().matchAll(new RegExp(`[${characters}]+`, 'gu')))
    table.fill(value, run.index, run.index + run[0].length);
  return table;
}

let units: string | undefined;

function everyUnit(): string {
  if (units) return units;
  units = '';
  for (let unit = 0; unit < 0x10000; unit++) units += String.fromCharCode(unit);
  return units;
}
