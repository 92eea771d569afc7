// Texts whose classes somebody else decided, for measures of quality.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { readDocuments } from '../../dist/esm/io/index.js';
import { readGlosses } from './data.mjs';
import { root } from './paths.mjs';

/** @typedef {{ title: string, texts: string[], classes: string[] }} Labelled */

/** The bundled headlines. @returns {Promise<Labelled>} */
export async function headlines() {
  const documents = await readDocuments(join(root, 'examples', 'headlines-ja.csv'), {
    text: 'title',
    category: 'category',
  });
  return labelled(
    'bundled Japanese headlines',
    documents.map(({ text, category = '' }) => [text, category]),
  );
}

const LEXICOGRAPHER_FILES = {
  '04': 'act',
  '05': 'animal',
  '06': 'artifact',
  '07': 'attribute',
  '08': 'body',
  '09': 'cognition',
  10: 'communication',
  13: 'food',
  15: 'location',
  18: 'person',
  20: 'plant',
  21: 'possession',
  26: 'state',
  27: 'substance',
  28: 'time',
};

/** Glosses of WordNet nouns by lexicographer file. @returns {Promise<Labelled>} */
export async function glosses() {
  const rows = readGlosses(['noun']).map(({ text, file }) => [text, LEXICOGRAPHER_FILES[file]]);
  return labelled('English WordNet glosses', rows, 200);
}

const SECTIONS = 'games text sound graphics net perl science web math mail fonts editors'.split(' ');

/**
 * Titles of Debian packages in Japanese by archive section, as apt downloads them (Debian, network access).
 * @returns {Promise<Labelled | string>} the reason where they cannot be had
 */
export async function packages() {
  const lists = join(root, 'build', 'bench', 'apt');
  mkdirSync(join(lists, 'partial'), { recursive: true });
  const own = ['-o', `Dir::State::lists=${lists}`, '-o', 'Acquire::Languages=ja'];
  const apt = (...args) => spawnSync('apt-get', [...args, ...own], { encoding: 'utf8' });
  if (apt('update').error) return 'apt-get is not here';
  const read = (key) =>
    (apt('indextargets', '--format', '$(FILENAME)', `Identifier: ${key}`).stdout ?? '')
      .split('\n')
      .filter(Boolean)
      .map(
        (path) =>
          spawnSync('/usr/lib/apt/apt-helper', ['cat-file', path], { encoding: 'utf8', maxBuffer: 2 ** 29 })
            .stdout,
      )
      .join('\n\n')
      .split('\n\n');
  const field = (stanza, name) => new RegExp(`^${name}: (.*)$`, 'm').exec(stanza)?.[1] ?? '';
  const section = new Map(
    read('Packages').map((stanza) => [field(stanza, 'Package'), field(stanza, 'Section')]),
  );
  const rows = read('Translations')
    .map((stanza) => [field(stanza, 'Description-ja'), section.get(field(stanza, 'Package'))])
    .filter(([title, name]) => SECTIONS.includes(name) && /[ぁ-んァ-ヶ一-龠]/.test(title));
  return rows.length > 0 ? labelled('Japanese package titles', rows, 200) : 'apt has no Japanese titles';
}

/** Every text once, of every class the first `most`. @param {string[][]} rows @returns {Labelled} */
function labelled(title, rows, most = Number.POSITIVE_INFINITY) {
  const seen = new Set();
  const sizes = new Map();
  const kept = rows.filter(([text, name]) => {
    const size = sizes.get(name) ?? 0;
    if (name === undefined || seen.has(text) || size >= most) return false;
    seen.add(text);
    sizes.set(name, size + 1);
    return true;
  });
  return { title, texts: kept.map(([text]) => text), classes: kept.map(([, name]) => name) };
}
