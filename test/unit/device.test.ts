import { describe, expect, it } from 'vitest';
import { native } from '#dist/binding.js';
import { worthAGpu } from '#dist/device.js';
import { nearestWork } from '#dist/nearest.js';

describe('whether auto takes a GPU', () => {
  const [rows, cols] = [1e6, 768];
  const points = rows * cols;

  it('for many clusters, iterations or neighbours', () => {
    expect(worthAGpu({ multiplyAdds: points * 1000, numbers: points }, 16)).toBe(true);
    expect(worthAGpu({ multiplyAdds: points * 1000 * 10, numbers: points }, 64)).toBe(true);
    expect(worthAGpu({ multiplyAdds: points * rows, numbers: points }, 128)).toBe(true);
    expect(worthAGpu({ multiplyAdds: 6e7 * 384, float64: true, numbers: 1e6 * 384 }, 2)).toBe(true);
  });

  it('not where the way there is longer than the work', () => {
    expect(worthAGpu({ multiplyAdds: points * 10, numbers: points }, 16)).toBe(false);
    expect(worthAGpu({ multiplyAdds: 1e6, numbers: 1e4 }, 1)).toBe(false);
    expect(worthAGpu({ multiplyAdds: 0, numbers: 0 }, 1)).toBe(false);
    // A matrix of distances of short rows is mostly its result.
    expect(worthAGpu({ multiplyAdds: 1e8 * 4, float64: true, numbers: 1e8 }, 16)).toBe(false);
  });

  it('for neighbours in few dimensions only where it beats the k-d tree', () => {
    const auto = (
      rows: number,
      cols: number,
      threads: number,
      metric: 'euclidean' | 'cosine' = 'euclidean',
    ) => worthAGpu(nearestWork({ rows, cols }, { rows }, 15, metric, 'auto'), threads);
    expect([1, 16].map((threads) => auto(1e6, 2, threads))).toEqual([true, false]);
    expect(auto(1e7, 2, 1)).toBe(false);
    expect(auto(1e6, 8, 16)).toBe(true);
    // Without a tree the CPU compares all pairs as well.
    expect(auto(1e7, 2, 16, 'cosine')).toBe(true);
    expect(auto(1e6, 9, 16)).toBe(true);
    const { treeDimensions } = native().info();
    const treeSeconds = (cols: number) =>
      nearestWork({ rows, cols }, { rows }, 15, 'euclidean', 'auto').cpuSeconds;
    expect(treeSeconds(treeDimensions)).toBeGreaterThan(0);
    expect(treeSeconds(treeDimensions + 1)).toBeUndefined();
    const forced = nearestWork({ rows: 1e7, cols: 2 }, { rows: 1e7 }, 15, 'euclidean', 'f32');
    expect(worthAGpu(forced, 16)).toBe(true);
  });

  it('the sooner the fewer threads there are', () => {
    const work = { multiplyAdds: points * 100, numbers: points };
    expect([1, 64].map((threads) => worthAGpu(work, threads))).toEqual([true, false]);
  });
});
