import { STOPPED, Stopped, type StopSignal } from './failure.js';
import { Bars } from './progress.js';

/** What a verb has of the process it runs in: data goes to stdout, everything else to stderr. */
export class Context {
  readonly bars = new Bars();
  readonly #stop = new AbortController();

  /** Fires when the process is asked to stop (Ctrl-C); a second request ends it on the spot. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Makes SIGINT and SIGTERM cancel the running verb. */
  catchSignals(): void {
    for (const signal of Object.keys(STOPPED) as StopSignal[])
      process.on(signal, () => {
        if (this.#stop.signal.aborted) process.exit(STOPPED[signal]);
        this.#stop.abort(new Stopped(signal));
      });
  }

  /** One line, or several, of data. */
  print(text: string): void {
    process.stdout.write(`${text}\n`);
  }

  /** A line for the reader, kept apart from the data. */
  note(text: string): void {
    this.bars.clear();
    process.stderr.write(`${text}\n`);
  }

  /** Columns to lay text out in: the terminal's, and 100 where there is none. */
  get columns(): number {
    return process.stdout.isTTY ? Math.max(40, process.stdout.columns || 80) : 100;
  }
}
