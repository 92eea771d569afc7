import { describe, expect, it } from 'vitest';
import { markOf, THEMES } from '#dist/report/palette.js';

type Triple = [number, number, number];

const linear = (hex: string): Triple =>
  [1, 3, 5].map((at) => {
    const v = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  }) as Triple;
const apply = (m: readonly Triple[], v: Triple) =>
  m.map((row) => row[0] * v[0] + row[1] * v[1] + row[2] * v[2]) as Triple;

/** Linear sRGB to OKLab (Ottosson 2020). */
function oklab(rgb: Triple): Triple {
  const lms = apply(
    [
      [0.4122214708, 0.5363325363, 0.0514459929],
      [0.2119034982, 0.6806995451, 0.1073969566],
      [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    rgb,
  ).map((v) => Math.cbrt(Math.max(0, v))) as Triple;
  return apply(
    [
      [0.2104542553, 0.793617785, -0.0040720468],
      [1.9779984951, -2.428592205, 0.4505937099],
      [0.0259040371, 0.7827717662, -0.808675766],
    ],
    lms,
  );
}

/** Full dichromacy, Machado, Oliveira and Fernandes (2009), on linear sRGB. */
const VISIONS: Record<string, Triple[]> = {
  normal: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};
const luminance = (hex: string) => {
  const [r, g, b] = linear(hex);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const contrast = (a: string, b: string) => {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high! + 0.05) / (low! + 0.05);
};

const SCHEMES = ['light', 'dark'] as const;

describe('the palette', () => {
  it.each(SCHEMES.flatMap((scheme) => Object.keys(VISIONS).map((vision) => [scheme, vision] as const)))(
    'keeps the eight colours of one shape apart: %s scheme, %s',
    (scheme, vision) => {
      const { marks } = THEMES[scheme];
      expect(marks).toHaveLength(24);
      for (const [from, least] of [
        [0, 0.08],
        [8, 0.08],
        [16, 0.045],
      ] as const) {
        const tone = marks.slice(from, from + 8);
        const seen = tone.map((hex) => oklab(apply(VISIONS[vision]!, linear(hex))));
        for (let i = 0; i < seen.length; i++)
          for (let j = 0; j < i; j++) {
            const [a, b] = [seen[i]!, seen[j]!];
            const apart = Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
            // 0.02 is about the least difference that is seen at all.
            expect(apart, `${tone[i]} and ${tone[j]}`).toBeGreaterThan(least);
          }
      }
    },
  );

  it.each(SCHEMES)('stands out from the background: %s', (scheme) => {
    const { marks, surface, page, ink, muted, accent } = THEMES[scheme];
    for (const mark of marks) expect(contrast(mark, surface), mark).toBeGreaterThan(2.1);
    for (const colour of [ink, muted, accent])
      for (const ground of [surface, page]) expect(contrast(colour, ground), colour).toBeGreaterThan(4.5);
  });

  it('gives the first 120 groups marks of their own', () => {
    const marks = Array.from({ length: 120 }, (_, i) => markOf(i));
    expect(new Set(marks.map(({ colour, shape }) => `${colour} ${shape}`)).size).toBe(120);
    expect(new Set(Array.from({ length: 24 }, (_, i) => markOf(i).colour)).size).toBe(24);
    expect(Math.max(...marks.map(({ shape }) => shape))).toBe(4);
    expect(markOf(0)).toEqual({ colour: 0, shape: 0 });
    expect(markOf(20)).toEqual({ colour: 20, shape: 2 });
  });
});
