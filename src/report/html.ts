/** Text that is HTML already. Whatever is not Markup is escaped when it meets a template. */
export class Markup {
  constructor(readonly text: string) {}
}

export type Part = Markup | string | number | undefined | readonly Part[];

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Escapes for element content and quoted attributes alike; control characters, which HTML forbids, become U+FFFD. */
export function escapeHtml(text: string): string {
  return text
    .replace(/[&<>"']/g, (character) => ENTITIES[character]!)
    .replace(/[^\P{Cc}\t\n\r\x80-\x9f]/gu, '\ufffd');
}

function render(part: Part): string {
  if (part === undefined) return '';
  if (part instanceof Markup) return part.text;
  if (typeof part === 'string') return escapeHtml(part);
  if (typeof part === 'number') return String(part);
  return part.map(render).join('');
}

/** A template whose every value is escaped, unless it is Markup. Attribute values must stand in quotes. */
export function html(strings: TemplateStringsArray, ...parts: Part[]): Markup {
  return new Markup(strings.reduce((text, string, i) => text + render(parts[i - 1]) + string));
}

/** The text cut to at most `limit` UTF-16 units and an ellipsis, never between the halves of a surrogate pair. */
export function clip(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const splitsPair = /[\ud800-\udbff]/.test(text.charAt(limit - 1));
  return `${text.slice(0, splitsPair ? limit - 1 : limit)}…`;
}

const grouped = new Intl.NumberFormat('en');

/** 12,345 */
export const count = (n: number): string => grouped.format(n);

/** A number with fixed decimals; an en dash where there is none. */
export const fixed = (value: number, decimals: number): string =>
  Number.isFinite(value) ? value.toFixed(decimals).replace('-', '−') : '–';

/** A share from 0 to 1 as whole per cent; an en dash for NaN. */
export const percent = (share: number): string =>
  Number.isFinite(share) ? `${Math.round(share * 100)}%` : '–';

/** A duration in the unit a reader would choose. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–';
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 99.95) return `${seconds.toFixed(seconds < 9.995 ? 2 : 1)} s`;
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  return minutes < 60
    ? `${minutes} min ${whole % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A horizontal bar of stacked shares. Lengths are SVG attributes because the page's policy forbids style attributes. */
export function bar(
  shares: readonly { share: number; className: string; title?: string | undefined }[],
): Markup {
  let x = 0;
  const rects = shares.map(({ share, className, title }) => {
    const rect = html`<rect class="${className}" x="${(x * 100).toFixed(3)}%" width="${(share * 100).toFixed(3)}%" height="100%">${
      title === undefined ? undefined : html`<title>${title}</title>`
    }</rect>`;
    x += share;
    return rect;
  });
  return html`<svg class="bar" aria-hidden="true">${rects}</svg>`;
}
