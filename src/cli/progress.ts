import type { Progress } from '../job.js';
import { clip, count, duration } from './format.js';

interface Stage extends Progress {
  /** Time of the first report, and what was done by then: the rate is of what came after. */
  since: number;
  before: number;
}

const WIDTH = 24;
const LABEL = 9;
/** Before this a rate is a guess. */
const WARM_UP_S = 0.2;
const INTERVAL_MS = 80;

/**
 * Progress bars on stderr, one line a running stage, with rate and time left; a finished stage leaves its line behind.
 * Where stderr is not a terminal nothing is printed at all.
 */
export class Bars {
  readonly #stream: NodeJS.WriteStream;
  readonly #running = new Map<string, Stage>();
  #drawn = 0;
  #last = 0;

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.#stream = stream;
  }

  /** Takes one progress report; suits `onProgress` as it is. */
  readonly update = ({ stage, done, total }: Progress): void => {
    if (!this.#stream.isTTY) return;
    const now = performance.now();
    const running = this.#running.get(stage);
    if (total > 0 && done >= total) {
      // A stage that is over with its first report took no time worth a line.
      if (!this.#running.delete(stage)) return;
      this.#draw(`${stage.padEnd(LABEL)} ${count(total)} in ${duration(now - running!.since)}`);
      return;
    }
    // A stage that starts again (another pass) has a rate of its own.
    if (running && done >= running.done) Object.assign(running, { done, total });
    else this.#running.set(stage, { stage, done, total, since: now, before: done });
    if (now - this.#last >= INTERVAL_MS) this.#draw();
  };

  /** Wipes the running bars, so that whatever is printed next stands on a clean line. */
  clear(): void {
    this.#running.clear();
    if (this.#stream.isTTY) this.#draw();
  }

  #draw(finished?: string): void {
    const columns = this.#stream.columns || 80;
    const now = performance.now();
    this.#last = now;
    let out = this.#drawn > 0 ? `\x1b[${this.#drawn}A\x1b[J` : '';
    if (finished) out += `${clip(finished, columns - 1)}\n`;
    for (const stage of this.#running.values()) out += `${clip(bar(stage, now), columns - 1)}\n`;
    this.#drawn = this.#running.size;
    this.#stream.write(out);
  }
}

function bar({ stage, done, total, since, before }: Stage, now: number): string {
  const seconds = (now - since) / 1000;
  const rate = seconds >= WARM_UP_S ? (done - before) / seconds : 0;
  const speed = rate > 0 ? `  ${count(Math.round(rate))}/s` : '';
  // Where the total is not known there is no share to draw.
  if (total === 0) return `${stage.padEnd(LABEL)} ${count(done)}${speed}`;
  const filled = Math.round((done / total) * WIDTH);
  const meter = '█'.repeat(filled) + '░'.repeat(WIDTH - filled);
  const left = rate > 0 ? `, ${duration(((total - done) / rate) * 1000)} left` : '';
  return `${stage.padEnd(LABEL)} ${meter} ${count(done)}/${count(total)}${speed}${left}`;
}
