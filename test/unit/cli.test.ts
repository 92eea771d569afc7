import { CommanderError } from 'commander';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { describe as explain, Stopped } from '#dist/cli/failure.js';
import { clip, count, duration, oneLine, tsv } from '#dist/cli/format.js';
import { Bars } from '#dist/cli/progress.js';
import { clusterText } from '#dist/cli/summary.js';
import { type ErrorCode, MatomariError } from '#dist/errors.js';

describe('how the process ends', () => {
  test.each<[ErrorCode, number]>([
    ['bad_option', 2],
    ['bad_input', 3],
    ['bad_file', 3],
    ['model_not_found', 3],
    ['no_device', 4],
    ['out_of_memory', 4],
    ['closed', 1],
    ['no_addon', 1],
    ['internal', 1],
    ['cancelled', 1],
  ])('%s exits %i', (code, status) => {
    expect(explain(new MatomariError(code, 'what and why'))).toEqual({
      status,
      text: `error [${code}]: what and why\n`,
    });
  });

  test('a signal exits as shells expect', () => {
    const stopped = (signal: 'SIGINT' | 'SIGTERM') =>
      explain(new MatomariError('cancelled', 'kmeans was cancelled', { cause: new Stopped(signal) }));
    expect(stopped('SIGINT')).toEqual({ status: 130, text: 'error [cancelled]: stopped by SIGINT\n' });
    expect(stopped('SIGTERM').status).toBe(143);
  });

  test('anything else exits 1, in one line', () => {
    expect(explain(new TypeError('x is not\n  a function'))).toEqual({
      status: 1,
      text: 'error [internal]: x is not a function (MATOMARI_DEBUG=1 shows where)\n',
    });
    expect(explain('thrown as it is').status).toBe(1);
  });

  test('messages name flags where the library names options', () => {
    const { text } = explain(
      new MatomariError('bad_input', 'discoverTopics: minDf 9 is above nClusters: lower minDf'),
    );
    expect(text).toBe('error [bad_input]: --min-df 9 is above --clusters: lower --min-df\n');
  });

  test("commander's complaints become one sentence with the cure", () => {
    const usage = (message: string, code = 'commander.unknownOption', verb?: string) =>
      explain(new CommanderError(1, code, message), verb);
    expect(usage("error: unknown option '--sed'\n(Did you mean --seed?)")).toEqual({
      status: 2,
      text: 'error [bad_option]: unknown option "--sed": did you mean --seed?\n',
    });
    expect(usage("error: unknown option '--xyz'", undefined, 'run').text).toBe(
      'error [bad_option]: unknown option "--xyz"; `matomari run --help` lists what there is\n',
    );
    expect(usage('(outputHelp)', 'commander.help').text).toBe(
      'error [bad_option]: name what to do; `matomari --help` lists the verbs\n',
    );
    const help = new CommanderError(0, 'commander.helpDisplayed', '(outputHelp)');
    expect(explain(help)).toEqual({ status: 0, text: undefined });
  });
});

describe('format', () => {
  test('durations are as long as they are interesting', () => {
    const shown = [0.4, 85, 999, 1000, 3249, 59_940, 59_960, 250_000, 7_500_000].map(duration);
    expect(shown).toEqual([
      '0 ms',
      '85 ms',
      '999 ms',
      '1.0 s',
      '3.2 s',
      '59.9 s',
      '1 min 0 s',
      '4 min 10 s',
      '2 h 5 min',
    ]);
  });

  test('lines are cut by columns, of which wide characters take two', () => {
    expect(clip('abcdef', 6)).toBe('abcdef');
    expect(clip('abcdefg', 6)).toBe('abcde…');
    expect(clip('映画の話', 8)).toBe('映画の話');
    expect(clip('映画の話', 7)).toBe('映画の…');
    expect(clip('映画の話', 6)).toBe('映画…');
    expect(clip('a𠮷野家', 4)).toBe('a𠮷…');
    expect(oneLine('a\r\n\tb\u0007c')).toBe('a b c');
  });

  test('fields never break the table', () => {
    expect(tsv('a\tb', 1, 'c\nd')).toBe('a b\t1\tc d');
    expect(count(1234567)).toBe('1,234,567');
  });

  test('a cluster without terms or fit says so', () => {
    const text = clusterText({ id: 4, size: 1, terms: [], exemplars: [], fit: Number.NaN }, 80);
    expect(text).toBe('\ncluster 4: 1 document\n    (no terms)');
  });
});

describe('progress bars', () => {
  let written = '';
  let now = 0;
  const stream = (isTTY: boolean) =>
    ({
      isTTY,
      columns: 70,
      write(text: string) {
        written += text;
        return true;
      },
    }) as unknown as NodeJS.WriteStream;
  beforeEach(() => {
    written = '';
    now = 1000;
    vi.spyOn(performance, 'now').mockImplementation(() => now);
  });
  afterEach(() => vi.restoreAllMocks());

  test('show share, rate and time left, and leave a line when a stage is over', () => {
    const bars = new Bars(stream(true));
    bars.update({ stage: 'embed', done: 100, total: 500 });
    now += 1000;
    bars.update({ stage: 'embed', done: 200, total: 500 });
    const bar = written.split('\n').at(-2)!;
    expect(bar).toContain(`${'█'.repeat(10)}${'░'.repeat(14)} 200/500  100/s, 3.0 s left`);
    now += 3000;
    bars.update({ stage: 'embed', done: 500, total: 500 });
    expect(written.endsWith('\x1b[1A\x1b[Jembed     500 in 4.0 s\n')).toBe(true);
  });

  test('stand one below the other for stages that run side by side, and are wiped', () => {
    const bars = new Bars(stream(true));
    bars.update({ stage: 'embed', done: 1, total: 2 });
    now += 1000;
    bars.update({ stage: 'tokenise', done: 5, total: 0 });
    expect(written).toMatch(/embed {5}█+░+ 1\/2.*\ntokenise {2}5\n$/);
    written = '';
    bars.clear();
    expect(written).toBe('\x1b[2A\x1b[J');
  });

  test('keep quiet where stderr is no terminal', () => {
    const bars = new Bars(stream(false));
    bars.update({ stage: 'embed', done: 1, total: 2 });
    bars.update({ stage: 'embed', done: 2, total: 2 });
    bars.clear();
    expect(written).toBe('');
  });
});
