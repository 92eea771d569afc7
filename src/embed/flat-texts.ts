/** Many texts in UTF-16: text i is units[ends[i − 1]] … units[ends[i] − 1]. */
export interface FlatTexts {
  units: Uint16Array<ArrayBuffer>;
  ends: Uint32Array<ArrayBuffer>;
}

/** Puts texts, each with `before` in front of it, into one array: one copy, and nothing for every text. */
export function flatten(texts: readonly string[], before = ''): FlatTexts {
  const ends = new Uint32Array(texts.length);
  let end = 0;
  texts.forEach((text, i) => {
    end += before.length + text.length;
    ends[i] = end;
  });
  const joined = texts.length === 0 ? '' : before + texts.join(before);
  const bytes = Buffer.allocUnsafeSlow(2 * end);
  bytes.write(joined, 'utf16le');
  return { units: new Uint16Array(bytes.buffer, 0, end), ends };
}

/** The texts again; a lone surrogate, which Python strings do not hold, is U+FFFD. */
export function unflatten({ units, ends }: FlatTexts): string[] {
  const bytes = Buffer.from(units.buffer, units.byteOffset, units.byteLength);
  return Array.from(ends, (end, i) => {
    const text = bytes.toString('utf16le', i === 0 ? 0 : 2 * ends[i - 1]!, 2 * end);
    return text.replace(/\p{Surrogate}/gu, '\ufffd');
  });
}
