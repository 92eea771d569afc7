import { parentPort, workerData } from 'node:worker_threads';
import { Cutter, type CutterSettings } from './cutter.js';

/** A request: pieces of text with the language of each. Without pieces it only loads what `languages` need. */
export interface Request {
  id: number;
  pieces: string[];
  languages: string[];
}

/**
 * The answer: words are sent once and then named by number, because most occur often and a copy of each would cost more
 * than finding them.
 */
export interface Answer {
  id: number;
  /** Forget all numbers given so far. */
  fresh: boolean;
  /** The words of the next numbers. */
  added: string[];
  /** Words of the pieces: piece i has words[ends[i − 1], ends[i]). */
  words: Int32Array;
  ends: Int32Array;
}

export interface Failure {
  id: number;
  failed: string;
}

/** Words remembered before starting afresh, so that a long-lived worker does not grow for ever. */
const REMEMBERED = 200_000;

const cutter = new Cutter(workerData as CutterSettings);
const numbers = new Map<string, number>();

function answer({ id, pieces, languages }: Request): Answer {
  if (numbers.size > REMEMBERED) numbers.clear();
  const fresh = numbers.size === 0;
  const added: string[] = [];
  const words: number[] = [];
  const ends = pieces.map((piece, i) => {
    for (const word of cutter.cut(piece, languages[i]!)) {
      let number = numbers.get(word);
      if (number === undefined) {
        number = numbers.size;
        numbers.set(word, number);
        added.push(word);
      }
      words.push(number);
    }
    return words.length;
  });
  return { id, fresh, added, words: Int32Array.from(words), ends: Int32Array.from(ends) };
}

parentPort!.on('message', async (request: Request) => {
  try {
    for (const language of new Set(request.languages)) await cutter.load(language);
    const reply = answer(request);
    parentPort!.postMessage(reply, [reply.words.buffer as ArrayBuffer, reply.ends.buffer as ArrayBuffer]);
  } catch (error) {
    numbers.clear();
    parentPort!.postMessage({ id: request.id, failed: (error as Error).message } satisfies Failure);
  }
});
