import { nearestName, show } from '../check.js';
import { MatomariError } from '../errors.js';

/** IPADIC's parts of speech, by their English names. */
const PARTS_OF_SPEECH: Record<string, string> = {
  noun: '名詞',
  verb: '動詞',
  adjective: '形容詞',
  adverb: '副詞',
  adnominal: '連体詞',
  conjunction: '接続詞',
  interjection: '感動詞',
  prefix: '接頭詞',
  particle: '助詞',
  auxiliary: '助動詞',
  symbol: '記号',
  filler: 'フィラー',
  other: 'その他',
};

/** IPADIC's names of the parts of speech given in Japanese or English; `bad_option` for one there is not. */
export function checkPartsOfSpeech(value: unknown): string[] {
  if (!Array.isArray(value))
    throw new MatomariError(
      'bad_option',
      `pos must be an array such as ['noun', 'verb'], not ${show(value)}`,
    );
  return value.map((name) => {
    if (Object.values(PARTS_OF_SPEECH).includes(name)) return name;
    const known = typeof name === 'string' ? PARTS_OF_SPEECH[name.toLowerCase()] : undefined;
    if (known) return known;
    const names = Object.keys(PARTS_OF_SPEECH);
    const near = typeof name === 'string' ? nearestName(name, names) : undefined;
    const cure = near
      ? `did you mean "${near}"?`
      : `there are ${names.join(', ')}, or IPADIC's names (名詞 …)`;
    throw new MatomariError('bad_option', `pos has no part of speech ${show(name)}: ${cure}`);
  });
}
