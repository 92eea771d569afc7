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
let texts: typeof table;
let scene: typeof table;
let pick: typeof table;
beforeAll(async () => {
  [table, view, raster, labels, axes, filters, groups, texts, scene, pick] = await Promise.all(
    ['order', 'view', 'raster', 'labels', 'axes', 'filter', 'grouping', 'texts', 'scene', 'pick'].map(load),
  );
});

const IDS = ['10', '9', '100', '1', '2', '11'];
/** The texts of DATA in blocks of four, as if they came from outside the page. */
const textsWith = (ids: string[]) =>
  texts.createTexts(6, 4, async (at: number) => ({
    ids: ids.slice(4 * at, 4 * at + 4),
    texts: ['b', 'a10', 'a9', 'c', 'ＡＢＣ ﾃｽﾄ', 'a9'].slice(4 * at, 4 * at + 4),
  }));
const DATA = {
  documents: 6,
  language: '',
  get texts() {
    return textsWith(IDS);
  },
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
  ])('by %s', async (column, expected) => {
    expect(Array.from(await table.sortedRows(DATA, column))).toEqual(expected);
  });

  it('compares ids as text when one of them is no number', async () => {
    const data = { ...DATA, texts: textsWith(['n10', 'n9', 'n100', 'x', 'a', 'n1']) };
    expect(Array.from(await table.sortedRows(data, 'id'))).toEqual([4, 5, 1, 0, 2, 3]);
  });
});

describe('the filter', () => {
  it('needs every word, in any width and case, in the text or the id', async () => {
    const filter = filters.createFilter(DATA);
    const found = async (query: string) => {
      await filter.set({ query });
      return IDS.map((_, i) => i).filter((i) => filter.match[i] === 1);
    };
    expect(await found('')).toEqual([0, 1, 2, 3, 4, 5]);
    expect(await found('abc テスト')).toEqual([4]);
    expect(await found('テスト　ａ')).toEqual([4]);
    expect(await found('a')).toEqual([1, 2, 4, 5]);
    expect(await found('a9 11')).toEqual([5]);
    expect(await found('nowhere')).toEqual([]);
    expect(filter.count).toBe(0);
  });

  it('combines words, cluster, category and selection, and tells its listeners', async () => {
    const filter = filters.createFilter(DATA);
    let calls = 0;
    filter.onChange(() => calls++);
    expect(filter.active).toBe(false);
    await filter.set({ cluster: 1 });
    expect([filter.count, filter.active]).toEqual([3, true]);
    await filter.set({ category: 1 });
    expect(filter.count).toBe(2);
    await filter.set({ query: 'c' });
    expect(Array.from(filter.match)).toEqual([0, 0, 0, 1, 0, 0]);
    await filter.set({ selection: Uint8Array.of(1, 1, 1, 0, 0, 0) });
    expect(filter.count).toBe(0);
    await filter.set({ query: '', cluster: -1, category: null, selection: null });
    expect(Array.from(filter.match)).toEqual([0, 0, 1, 0, 0, 0]);
    expect(calls).toBe(5);
  });

  it('shows the last of two searches, whichever ends first', async () => {
    const filter = filters.createFilter(DATA);
    await Promise.all([filter.set({ query: 'a' }), filter.set({ query: 'c' })]);
    expect(Array.from(filter.match)).toEqual([0, 0, 0, 1, 1, 0]);
  });
});

describe('the texts', () => {
  const block = (size: number) => (at: number) =>
    Promise.resolve({ ids: [`${2 * at}`, `${2 * at + 1}`], texts: ['x'.repeat(size), `at ${2 * at + 1}`] });

  it('are read once, when they are needed', async () => {
    let reads = 0;
    const some = texts.createTexts(6, 2, (at: number) => {
      reads++;
      return block(1)(at);
    });
    expect(some.peek(3)).toBeUndefined();
    const both = await Promise.all([some.read(3), some.read(2)]);
    expect(both).toEqual([
      { text: 'at 3', id: '3' },
      { text: 'x', id: '2' },
    ]);
    expect([some.peek(3).text, some.peek(4), reads]).toEqual(['at 3', undefined, 1]);
  });

  it('that were used longest ago go when memory is short, and still come back', async () => {
    const many = texts.createTexts(8, 2, block(40_000_000));
    for (const i of [0, 2, 1, 4]) await many.read(i);
    expect([0, 2, 4].map((i) => many.peek(i) !== undefined)).toEqual([true, false, true]);
    expect((await many.read(3)).text).toBe('at 3');
  });

  it('report a block that cannot be read, and try again', async () => {
    let broken = true;
    const some = texts.createTexts(2, 2, (at: number) =>
      broken ? Promise.reject(new Error('missing')) : block(1)(at),
    );
    await expect(some.read(0)).rejects.toThrow('missing');
    broken = false;
    expect((await some.read(1)).text).toBe('at 1');
  });

  it('find each document once, and words next to a separator', async () => {
    const list = ['aa aa', 'b\u0000a', '', 'ab', 'ba'];
    const some = texts.createTexts(5, 5, async () => ({ ids: ['', '', '', '', ''], texts: list }));
    const found = async (...words: string[]) => Array.from(await some.search(words, () => true));
    expect(await found('a')).toEqual([1, 1, 0, 1, 1]);
    expect(await found('a', 'b')).toEqual([0, 1, 0, 1, 1]);
    expect(await found('aab')).toEqual([0, 0, 0, 0, 0]);
    expect(await some.search(['a'], () => false)).toBeNull();
  });
});

describe('what is drawn', () => {
  const map = Float32Array.of(0, 0, 1, 0, 2, 0, 3, 0, 4, Number.NaN, 5, 0);
  const grouping = {
    of: Int32Array.of(0, 1, 2, 0, 0, 1),
    groups: [
      { mark: {}, hidden: false },
      { mark: {}, hidden: true },
      { mark: undefined, hidden: false },
    ],
  };

  it('lies in layers: left out, the rest, the groups; hidden and placeless ones are missing', () => {
    const { order, dimmed } = scene.layersOf(map, grouping, Uint8Array.of(1, 1, 1, 0, 1, 1));
    expect([Array.from(order), dimmed]).toEqual([[3, 2, 0], 1]);
  });

  it('is found by the pointer: the nearest, the uppermost of equal ones, one that matches first', () => {
    const layers = { order: Uint32Array.of(3, 2, 1, 0), dimmed: 1 };
    const places = Float32Array.of(0, 0, 0, 0, 2, 0, 1, 0);
    expect(pick.nearestPoint(places, layers, 0.1, 0, 0.5)).toBe(0);
    expect(pick.nearestPoint(places, layers, 2.2, 0.1, 0.5)).toBe(2);
    expect(pick.nearestPoint(places, layers, 1.1, 0, 0.5)).toBe(3);
    expect(pick.nearestPoint(places, layers, 1.3, 0, 0.5)).toBe(-1);
    expect(pick.nearestPoint(places, layers, 9, 9, 0.5)).toBe(-1);
    // 0.6 from the matching one, 0.4 from the one left out, which counts as a whole unit more.
    expect(pick.nearestPoint(places, layers, 0.6, 0, 2)).toBe(0);
  });

  it('is gone through with keys: the nearest within 45 degrees', () => {
    const places = Float32Array.of(0, 0, 1, 2, 3, 1, 9, 0, -1, 0);
    const layers = { order: Uint32Array.of(0, 1, 2, 3, 4), dimmed: 0 };
    const from = (i: number, dx: number, dy: number) =>
      pick.pointTowards(places, layers, i, places[2 * i], places[2 * i + 1], dx, dy);
    expect(from(0, 1, 0)).toBe(2);
    expect(from(0, 0, 1)).toBe(1);
    expect(from(0, -1, 0)).toBe(4);
    expect(from(0, 0, -1)).toBe(-1);
  });

  it('is caught by a lasso by the even-odd rule, unless the filter leaves it out', () => {
    const places = Float32Array.of(0.5, 0.5, 2.5, 2.5, 1.5, 1.5, 0.6, 0.5);
    const layers = { order: Uint32Array.of(3, 0, 1, 2), dimmed: 1 };
    const horseshoe = [
      [0, 0],
      [3, 0],
      [3, 3],
      [2, 3],
      [2, 1],
      [0, 1],
    ];
    expect(pick.pointsInside(places, layers, horseshoe)).toEqual({
      inside: Uint8Array.of(1, 1, 0, 0),
      count: 2,
    });
  });
});

describe('the view', () => {
  it('fits all finite points and keeps one scale for both axes', () => {
    const extent = view.extentOf(Float32Array.of(-1, 0, 3, 2, Number.NaN, 9, 1, Number.POSITIVE_INFINITY));
    expect(extent).toEqual({ left: -1, right: 3, bottom: 0, top: 2 });
    expect(view.fitView(extent, 1000, 1000)).toEqual({ x: 1, y: 1, scale: 230 });
  });

  it('leaves strays out where there are many points, and nothing where there are few', () => {
    const cloud = (n: number) => Float32Array.from({ length: 2 * n }, (_, i) => Math.sin(i * 1.7));
    const many = cloud(20_000);
    many.set([900, -900], 2000);
    const home = view.homeOf(many);
    expect(home.right).toBeLessThan(1.2);
    expect(home.bottom).toBeGreaterThan(-1.2);
    expect([home.left, home.top]).toEqual([view.extentOf(many).left, view.extentOf(many).top]);
    const few = cloud(100);
    few.set([900, -900], 20);
    expect(view.homeOf(few)).toMatchObject({ right: 900, bottom: -900 });
    expect(view.homeOf(new Float32Array(20_000).fill(Number.NaN))).toEqual({
      left: 0,
      right: 0,
      bottom: 0,
      top: 0,
    });
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
