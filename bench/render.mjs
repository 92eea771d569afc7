// Renders bench/RESULTS.md from bench/results/*.json: the newest figures of every case, what was lost included.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './harness/paths.mjs';

const number = (value) =>
  value >= 1000 ? Math.round(value).toLocaleString('en') : Number(value.toPrecision(3)).toString();

/** How many times better ours is than the peer: above 1 we win. */
const ratio = (record, ours, peer) =>
  record.better === 'lower' ? peer.median / ours.median : ours.median / peer.median;

function quality({ facts }) {
  const {
    inertia,
    sameLabels,
    iterations,
    rate,
    ofPeak,
    simd,
    screen,
    recheckedShare,
    scaledFrom,
    memory,
    note,
  } = facts;
  return [
    inertia === undefined ? '' : `inertia ${inertia.toPrecision(7)}`,
    iterations === undefined ? '' : `${iterations} iteration${iterations === 1 ? '' : 's'}`,
    sameLabels === undefined ? '' : `${(100 * sameLabels).toFixed(3)} % labels as ours`,
    rate === undefined ? '' : `${number(rate)} GFLOP/s`,
    ofPeak === undefined ? '' : `${Math.round(100 * ofPeak)} % of the FMA peak`,
    simd ?? '',
    screen ?? '',
    recheckedShare ? `${(100 * recheckedShare).toPrecision(2)} % rechecked` : '',
    scaledFrom ?? '',
    note ?? '',
    memory === undefined ? '' : `peak ${number(memory)} MiB`,
  ]
    .filter(Boolean)
    .join(', ');
}

/** One experiment as Markdown tables. */
export function table(record) {
  const lines = [];
  for (const { label, trials, contenders } of record.cases) {
    const ours = contenders[0];
    lines.push(`**${label}**, ${trials} trial${trials === 1 ? '' : 's'}`, '');
    lines.push(
      `| | median, ${record.unit} | min – max | ours against it | beside it |`,
      '|---|---|---|---|---|',
    );
    for (const one of contenders) {
      if (one.skipped) {
        lines.push(`| ${one.title} | – | – | – | ${one.failed ? '' : 'skipped: '}${one.skipped} |`);
        continue;
      }
      const factor = one === ours || ours.skipped ? undefined : ratio(record, ours, one);
      const mark = isOurs(one) ? '' : '**';
      const verdict =
        factor === undefined
          ? ''
          : factor >= 1
            ? `${number(factor)}× faster`
            : `${mark}${number(1 / factor)}× slower${mark}`;
      const busy =
        one.foreignShare > 0.07
          ? `others took up to ${Math.round(100 * one.foreignShare)} % of the machine`
          : '';
      const beside = [quality(one), one.facts.version, busy].filter(Boolean).join('; ');
      lines.push(
        `| ${one.title} | ${number(one.median)} | ${number(one.min)} – ${number(one.max)} | ${verdict} | ${beside} |`,
      );
    }
    lines.push('');
  }
  return lines.join('\n');
}

/** Another way of ours, beside the one that is measured against the peers: no loss. */
const isOurs = ({ title }) => title.startsWith('Matomari');

function losses(records) {
  const lines = [];
  for (const record of records)
    for (const { label, contenders } of record.cases) {
      const ours = contenders[0];
      for (const peer of contenders.slice(1))
        if (!ours.skipped && !peer.skipped && !isOurs(peer) && ratio(record, ours, peer) < 1)
          lines.push(
            `- ${record.title}, ${label}: ${number(1 / ratio(record, ours, peer))}× slower than ${peer.title}`,
          );
    }
  return lines.length ? lines : ['- nowhere in these records'];
}

/** The rates of other products, which older records lack and not every processor has. */
const others = ({ gflops64, gopsBf16, gopsInt8 }) =>
  [
    gflops64 && `${gflops64} float64, `,
    gopsBf16 && `${gopsBf16} Gop/s bf16, `,
    gopsInt8 && `${gopsInt8} int8, `,
  ]
    .filter(Boolean)
    .join('');

function setting({ machine: m, full }) {
  const peak =
    'skipped' in m.ceilings
      ? `ceilings skipped (${m.ceilings.skipped})`
      : `measured ceilings with ${m.threads} threads: ${m.ceilings.gflops} GFLOP/s float32 FMA, ${others(m.ceilings)}${m.ceilings.readGBs} GB/s read (with one: ${m.ceilings.gflops1}, ${m.ceilings.readGBs1})`;
  return `${m.date.slice(0, 10)}, commit ${m.commit}${m.modified ? ' with local changes' : ''}, ${full ? 'full' : 'quick'} run, ${m.threads} threads of ${m.processors} processors, ${m.cpu}, ${m.memoryGiB} GiB, ${m.system}, Node ${m.node.slice(1)}, load ${m.loadAverage[0]} before and ${m.loadAfter.toFixed(2)} after; ${peak}.`;
}

/** The records, each with those of its cases that no newer one has; newest first. */
function current(folder) {
  const records = readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')))
    .sort((a, b) => (a.machine.date < b.machine.date ? 1 : -1));
  const seen = new Set();
  return records.flatMap((record) => {
    const cases = record.cases.filter(({ label }) => !seen.has(`${record.name} ${label}`));
    for (const { label } of cases) seen.add(`${record.name} ${label}`);
    return cases.length ? [{ ...record, cases }] : [];
  });
}

/** One experiment: what it is, and its cases under the setting of the run that each comes from. */
const section = ([first, ...older]) => [
  `## ${first.title}`,
  '',
  first.method,
  '',
  ...[first, ...older].flatMap((record) => [setting(record), '', table(record)]),
];

/** Writes bench/RESULTS.md. */
export function render() {
  const records = current(join(root, 'bench', 'results'));
  const names = [...new Set(records.map(({ name }) => name))].sort();
  const text = [
    '# Benchmark results',
    '',
    'Generated by `bench/render.mjs` from the newest record of each case in `bench/results`; [README.md](README.md) tells how they are made.',
    '',
    '## Where we lose',
    '',
    ...losses(records),
    '',
    ...names.flatMap((name) => section(records.filter((record) => record.name === name))),
  ].join('\n');
  writeFileSync(join(root, 'bench', 'RESULTS.md'), `${text.trimEnd()}\n`);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) render();
