import { join } from 'node:path';
import type { Topics } from '../pipeline/topics.js';
import type { Cluster, Scores } from '../types.js';
import { clip, count, duration, oneLine } from './format.js';

const TERMS_SHOWN = 10;

/** A run as a person reads it. */
export function summary(topics: Topics, out: string, columns: number): string {
  const { documents, clusters, noise, info, scores, seconds } = topics;
  const { model } = info;
  const threads = `${info.threads} thread${info.threads === 1 ? '' : 's'}`;
  return [
    `${count(documents.length)} documents in ${clusters.length} clusters${noise ? `, ${count(noise.size)} of them noise` : ''} · ${model.name}, ${model.dimensions} dimensions · ${info.device} ${info.simd}, ${threads}`,
    ...[...clusters, ...(noise ? [noise] : [])].map((cluster) => clusterText(cluster, columns)),
    ...(scores ? [`scores against the categories: ${scoreText(scores)}`] : []),
    `time: ${timeText(seconds)}`,
    `report: ${join(out, 'report.html')}`,
  ].join('\n');
}

/** A cluster's size, fit, best terms and nearest documents. */
export function clusterText({ id, size, fit, terms, exemplars }: Cluster, columns: number): string {
  const indent = '    ';
  const head = `${id < 0 ? 'noise' : `cluster ${id}`}: ${count(size)} document${size === 1 ? '' : 's'}`;
  const names = terms.slice(0, TERMS_SHOWN).map(({ term }) => term);
  return [
    '',
    Number.isNaN(fit) ? head : `${head}, fit ${Math.round(fit * 100)} %`,
    `${indent}${names.length > 0 ? clip(names.join(' · '), columns - indent.length) : '(no terms)'}`,
    ...exemplars.map(
      ({ text, distance }) =>
        `${indent}${distance.toFixed(3)}  ${clip(oneLine(text), columns - indent.length - 7)}`,
    ),
    '',
  ]
    .join('\n')
    .replace(/\n$/, '');
}

export const scoreText = ({ ari, nmi, vMeasure }: Scores): string =>
  `ARI ${ari.toFixed(3)}, NMI ${nmi.toFixed(3)}, V-measure ${vMeasure.toFixed(3)}`;

function timeText({ total = 0, ...stages }: Record<string, number>): string {
  const parts = Object.entries(stages).map(([stage, seconds]) => `${stage} ${duration(seconds * 1000)}`);
  return `${duration(total * 1000)} (${parts.join(', ')})`;
}
