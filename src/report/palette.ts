/** How a group is drawn, on the map and beside its name: one of the palette's colours in one of five shapes. */
export interface Mark {
  colour: number;
  /** 0 circle, 1 square, 2 triangle, 3 diamond, 4 plus. */
  shape: number;
}

// Eight hues (OKLCH lightness, chroma, hue) chosen by simulated annealing so that the closest pair stays apart under
// normal vision and under simulated protanopia, deuteranopia and tritanopia (Machado et al. 2009); they differ in
// lightness on purpose, which is what survives every colour vision. test/unit/report-palette.test.ts measures it.
const HUES: readonly (readonly [lightness: number, chroma: number, hue: number])[] = [
  [0.585, 0.15, 250],
  [0.736, 0.15, 72],
  [0.466, 0.145, 311],
  [0.74, 0.125, 165],
  [0.46, 0.139, 33],
  [0.74, 0.126, 291],
  [0.57, 0.122, 111],
  [0.626, 0.146, 359],
];
const SHAPES = 5;
/** The colours in three tones: plain, darker, greyish. */
const TONES = 3;

/** The mark of group i: the eight hues in turn, and with every round of them another shape and another tone. */
export function markOf(i: number): Mark {
  const round = Math.floor(i / HUES.length);
  return { colour: (i % HUES.length) + HUES.length * (round % TONES), shape: round % SHAPES };
}

/** The classes of a mark in HTML. */
export const markClass = ({ colour, shape }: Mark): string => `mark c${colour} s${shape}`;

type Rgb = [number, number, number];

/** OKLCH to linear sRGB (Ottosson 2020). */
function linearRgb(lightness: number, chroma: number, hue: number): Rgb {
  const a = chroma * Math.cos((hue * Math.PI) / 180);
  const b = chroma * Math.sin((hue * Math.PI) / 180);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
}

/** The sRGB colour, its chroma lowered until the screen can show it. */
function hex(lightness: number, chroma: number, hue: number): string {
  let rgb = linearRgb(lightness, chroma, hue);
  for (let c = chroma; rgb.some((v) => v < 0 || v > 1) && c > 0; c -= 0.002)
    rgb = linearRgb(lightness, c, hue);
  const channel = (v: number) => {
    const clamped = Math.min(1, Math.max(0, v));
    const encoded = clamped <= 0.0031308 ? 12.92 * clamped : 1.055 * clamped ** (1 / 2.4) - 0.055;
    return Math.round(encoded * 255)
      .toString(16)
      .padStart(2, '0');
  };
  return `#${rgb.map(channel).join('')}`;
}

const tone = (lightness: (base: number) => number, saturation = 1): string[] =>
  HUES.map(([base, chroma, hue]) => hex(lightness(base), chroma * saturation, hue));

/** Everything the page and its canvas colour, in both schemes. */
export const THEMES = {
  light: {
    surface: '#ffffff',
    page: '#f7f6f3',
    ink: '#1c1f24',
    muted: '#666b73',
    line: '#e4e2dc',
    grid: '#f0efeb',
    faint: '#d9d8d4',
    noise: '#a9abad',
    accent: '#2a5a94',
    tint: '#e9eff7',
    marks: [...tone((l) => l), ...tone((l) => l - 0.11), ...tone((l) => l - 0.05, 0.5)],
  },
  dark: {
    surface: '#1a1d22',
    page: '#121418',
    ink: '#e8e9eb',
    muted: '#9ba1aa',
    line: '#2d3138',
    grid: '#23272d',
    faint: '#3b4048',
    noise: '#757b84',
    accent: '#8fb8ea',
    tint: '#222d3b',
    marks: [
      ...tone((l) => 0.62 + (l - 0.46) * 0.85),
      ...tone((l) => 0.54 + (l - 0.46) * 0.8),
      ...tone((l) => 0.57 + (l - 0.46) * 0.85, 0.5),
    ],
  },
} as const;

function variables(theme: (typeof THEMES)[keyof typeof THEMES]): string {
  const { marks, ...named } = theme;
  const colours = Object.entries(named).map(([name, value]) => `--${name}:${value}`);
  return [...colours, ...marks.map((value, i) => `--c${i}:${value}`)].join(';');
}

/** The palette as CSS: custom properties of both schemes (paper is always light) and the classes that use them. */
export function paletteCss(): string {
  const classes = THEMES.light.marks.map((_, i) => `.c${i}{--mark:var(--c${i})}`).join('');
  return `:root{${variables(THEMES.light)}}
@media screen and (prefers-color-scheme:dark){:root{${variables(THEMES.dark)}}}
${classes}.noise{--mark:var(--noise)}
`;
}
