import { beforeAll, describe, expect, it } from 'vitest';

// The client is JavaScript for the browser; its parts that touch no page run here as they are.
const load = (name: string) => import(new URL(`../../assets/report/${name}.js`, import.meta.url).href);
let table: Awaited<ReturnType<typeof load>>;
let view: typeof table;
let raster: typeof table;
let labels: typeof table;
let axes: typeof table;
let filters: typeof table;
let groups: typeof table;
beforeAll(async () => {
  [table, view, raster, labels, axes, filters, groups] = await Promise.all(
    ['table', 'view', 'raster', 'labels', 'axes', 'filter', 'grouping'].map(load),
  );
});

const DATA = {
  documents: 6,
  language: '',
  texts: ['b', 'a10', 'a9', 'c', 'ＡＢＣ ﾃｽﾄ', 'a9'],
  ids: ['10', '9', '100', '1', '2', '11'],
  clusterOf: Int32Array.of(1, 0, -1, 1, 0, 1),
  categoryOf: Int32Array.of(1, -1, 0, 1, 2, 0),
  categories: [{ name: 'zebra' }, { name: 'apple' }, { name: 'mango' }],
  distances: Float32Array.of(0.5, 0.9, Number.NaN, 0.1, 0.2, Number.NaN),
  clusters: [{}, {}],
};

describe('sorting the table', () => {
  it.each([
    ['text', [2, 5, 1, 4, 0, 3]],
    ['id', [3, 4, 1, 0, 5, 2]],
    ['distance', [3, 4, 0, 1, 2, 5]],
    ['cluster', [4, 1, 3, 0, 5, 2]],
    ['category', [0, 3, 4, 2, 5, 1]],
  ])('by %s', (column, expected) => {
    expect(Array.from(table.sortedRows(DATA, column))).toEqual(expected);
  });

  it('compares ids as text when one of them is no number', () => {
    const data = { ...DATA, ids: ['n10', 'n9', 'n100', 'x', 'a', 'n1'] };
    expect(Array.from(table.sortedRows(data, 'id'))).toEqual([4, 5, 1, 0, 2, 3]);
  });
});

describe('the filter', () => {
  it('needs every word, in any width and case, in the text or the id', () => {
    const filter = filters.createFilter(DATA);
    const found = (query: string) => {
      filter.set({ query });
      return DATA.ids.map((_, i) => i).filter((i) => filter.match[i] === 1);
    };
    expect(found('')).toEqual([0, 1, 2, 3, 4, 5]);
    expect(found('abc テスト')).toEqual([4]);
    expect(found('テスト　ａ')).toEqual([4]);
    expect(found('a')).toEqual([1, 2, 4, 5]);
    expect(found('a9 11')).toEqual([5]);
    expect(found('nowhere')).toEqual([]);
    expect(filter.count).toBe(0);
  });

  it('combines words, cluster and category, and tells its listeners', () => {
    const filter = filters.createFilter(DATA);
    let calls = 0;
    filter.onChange(() => calls++);
    expect(filter.active).toBe(false);
    filter.set({ cluster: 1 });
    expect([filter.count, filter.active]).toEqual([3, true]);
    filter.set({ category: 1 });
    expect(filter.count).toBe(2);
    filter.set({ query: 'c' });
    expect(Array.from(filter.match)).toEqual([0, 0, 0, 1, 0, 0]);
    filter.set({ query: '', cluster: -1, category: null });
    expect(Array.from(filter.match)).toEqual([0, 0, 1, 0, 0, 0]);
    expect(calls).toBe(4);
  });
});

describe('the view', () => {
  it('fits all finite points and keeps one scale for both axes', () => {
    const extent = view.extentOf(Float32Array.of(-1, 0, 3, 2, Number.NaN, 9, 1, Number.POSITIVE_INFINITY));
    expect(extent).toEqual({ left: -1, right: 3, bottom: 0, top: 2 });
    expect(view.fitView(extent, 1000, 1000)).toEqual({ x: 1, y: 1, scale: 230 });
  });

  it.each([
    ['no point', []],
    ['one point', [5, 7]],
    ['all in one place', [5, 7, 5, 7]],
    ['only NaN', [Number.NaN, Number.NaN]],
  ])('is usable with %s', (_, points) => {
    const fitted = view.fitView(view.extentOf(Float32Array.from(points)), 800, 600);
    expect(fitted.scale).toBe(300);
    expect(Number.isFinite(fitted.x) && Number.isFinite(fitted.y)).toBe(true);
  });

  it('keeps what is under the pointer in place when zooming, within limits', () => {
    const before = { x: 2, y: -1, scale: 100 };
    const after = view.zoomView(before, 3, 120, -40, 100);
    expect(after.scale).toBe(300);
    expect(after.x + 120 / after.scale).toBeCloseTo(before.x + 120 / 100, 12);
    expect(after.y + 40 / after.scale).toBeCloseTo(before.y + 40 / 100, 12);
    expect(view.zoomView(before, 1e-9, 0, 0, 100).scale).toBe(50);
    expect(view.zoomView(before, 1e9, 0, 0, 100).scale).toBe(400_000);
    expect(view.panView(before, 50, 20)).toEqual({ x: 1.5, y: -0.8, scale: 100 });
  });

  it('has a square grid at round numbers', () => {
    const grid = axes.gridOf({ x: 0.1, y: 0, scale: 500 }, 1000, 500);
    expect(grid.x.map((v: number) => v.toFixed(grid.decimals))).toEqual(['-0.5', '0.0', '0.5', '1.0']);
    expect(grid.y.map((v: number) => v.toFixed(grid.decimals))).toEqual(['-0.5', '0.0', '0.5']);
  });
});

describe('the marks', () => {
  const image = (width: number, height: number) => ({
    data: new Uint8ClampedArray(4 * width * height).fill(255),
    width,
    height,
  });

  it.each([0, 1, 2, 3, 4])('of shape %i have about the area of the circle', (shape) => {
    const { rgba } = raster.makeStamp(shape, 20, [0, 0, 0], [255, 255, 255], 0, 1);
    let area = 0;
    for (let k = 3; k < rgba.length; k += 4) area += rgba[k] / 255;
    expect(area / (Math.PI * 400)).toBeGreaterThan(0.85);
    expect(area / (Math.PI * 400)).toBeLessThan(1.15);
  });

  it('are blended where they are, and cut off at the edge', () => {
    const stamp = raster.makeStamp(1, 3, [200, 0, 0], [255, 255, 255], 0, 1);
    const inside = image(21, 21);
    raster.blend(inside, stamp, 10, 10);
    const red = (i: ReturnType<typeof image>, x: number, y: number) =>
      i.data[4 * (y * i.width + x) + 1]! < 128;
    expect(red(inside, 10, 10) && red(inside, 12, 12)).toBe(true);
    expect(red(inside, 14, 10) || red(inside, 10, 6)).toBe(false);
    const edge = image(21, 21);
    raster.blend(edge, stamp, 0, 20);
    expect(red(edge, 0, 20) && red(edge, 2, 18)).toBe(true);
    // Nothing may wrap round to the other side or the next row.
    expect(red(edge, 20, 19) || red(edge, 20, 20) || red(edge, 0, 0)).toBe(false);
    const outside = image(5, 5);
    raster.blend(outside, stamp, -100, 3);
    expect(outside.data.every((v) => v === 255)).toBe(true);
  });

  it('fill rectangles in their own colour only', () => {
    const picture = image(4, 3);
    raster.fillRectangle(picture, [1, 2, 3], -1, 1, 3, 9);
    const filled = Array.from({ length: 12 }, (_, i) => picture.data[4 * i] === 1);
    expect(filled.map(Number).join('')).toBe('000011001100');
    expect(Array.from(picture.data.slice(16, 20))).toEqual([1, 2, 3, 255]);
  });
});

describe('labels', () => {
  it('take the first free place inside the picture', () => {
    const layout = labels.createLayout(100, 100);
    layout.block(50, 50, 5);
    const centre: [number, number] = [50, 50];
    expect(layout.place([centre, [50, 30]], 20, 10)).toEqual([50, 30]);
    expect(
      layout.place(
        [
          [50, 32],
          [50, 98],
          [50, 80],
        ],
        20,
        10,
      ),
    ).toEqual([50, 80]);
    expect(layout.place([centre], 20, 10)).toBeNull();
  });

  it('are shortened by characters, not by halves of them', () => {
    expect(labels.shorten('  多くの\n 行 ', 10)).toBe('多くの 行');
    expect(labels.shorten('😀😀😀', 2)).toBe('😀😀…');
  });
});

describe('the groups of the map', () => {
  it('count their points, put the rest last, and have their label at the median', () => {
    const all = groups.groupings({
      ...DATA,
      clusters: [
        { id: 0, name: 'x · y', term: 'x', colour: 0, shape: 0 },
        { id: 1, name: 'z', term: 'z', colour: 1, shape: 0 },
      ],
      map: Float32Array.of(1, 1, 0, 0, 9, 9, 2, 7, 4, 4, 50, Number.NaN),
    });
    const { groups: byCluster, of } = all.get('cluster');
    expect(Array.from(of)).toEqual([1, 0, 2, 1, 0, 1]);
    expect(byCluster.map(({ count }: { count: number }) => count)).toEqual([2, 3, 1]);
    expect(byCluster[2]).toMatchObject({ label: 'Noise', mark: undefined, centre: [9, 9] });
    expect(byCluster[1].centre).toEqual([2, 7]);
    expect(all.get('category').groups.map(({ label }: { label: string }) => label)).toEqual([
      'zebra',
      'apple',
      'mango',
      'No category',
    ]);
    const onlyNoise = { ...DATA, clusters: [], clusterOf: new Int32Array(6).fill(-1), categoryOf: null };
    expect([...groups.groupings({ ...onlyNoise, map: new Float32Array(12) }).keys()]).toEqual(['cluster']);
  });
});
