import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';

export const FIXTURES = fileURLToPath(new URL('../fixtures/embed/', import.meta.url));

export const readJson = <T>(path: string): T => JSON.parse(readFileSync(path, 'utf8')) as T;

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A folder of this test file's own, gone afterwards. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'matomari-embed-'));
  folders.push(folder);
  return folder;
}

/**
 * A copy of the fixture model `lookup` with files changed: an object is written as JSON, a string copies that fixture, null
 * removes the file.
 */
export function lookupModel(changes: Record<string, object | string | null> = {}): string {
  const folder = temporaryFolder();
  cpSync(join(FIXTURES, 'lookup'), folder, { recursive: true });
  for (const [file, change] of Object.entries(changes)) {
    const path = join(folder, file);
    mkdirSync(dirname(path), { recursive: true });
    if (change === null) rmSync(path, { recursive: true });
    else if (typeof change === 'string') cpSync(join(FIXTURES, change), path);
    else writeFileSync(path, JSON.stringify(change));
  }
  return folder;
}

/** Largest absolute difference of two vectors. */
export function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let most = 0;
  for (let i = 0; i < a.length; i++) {
    const d = Math.abs(a[i]! - b[i]!);
    if (!(d <= most)) most = d;
  }
  return most;
}

/** Cosine of two vectors; two zero vectors are equal. */
export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [dot, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    dot += a[i]! * b[i]!;
    aa += a[i]! ** 2;
    bb += b[i]! ** 2;
  }
  return aa === 0 && bb === 0 ? 1 : dot / Math.sqrt(aa * bb);
}

/** Short Japanese texts, no two alike, the same at every call. */
export function headlines(count: number): string[] {
  const subjects = [
    '新型スマホ',
    '人気俳優',
    '野球日本代表',
    '家電量販店',
    '独身女性',
    '老舗旅館',
    '電池',
    '掃除機',
    '料理研究家',
    '映画監督',
    '気象庁',
  ];
  const events = [
    'が発表会を開催',
    'に密着取材',
    'の意外な秘密',
    'が売り上げ首位に',
    'を徹底比較',
    'が語る苦労話',
    'に注目が集まる',
  ];
  const tails = ['【速報】', '（動画あり）', '――専門家に聞く', '', '、来月から', ' vol.2', '！？'];
  return Array.from(
    { length: count },
    (_, i) => `${subjects[i % 11]}${events[i % 7]}${tails[(i * 5) % 7]} 第${i}回${'そして'.repeat(i % 4)}`,
  );
}
