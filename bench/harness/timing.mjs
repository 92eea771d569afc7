/** @param {number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Median seconds of `repeat` runs and what the last one gave. Callers warm up beforehand.
 * @template T
 * @param {number} repeat
 * @param {() => T | Promise<T>} work
 * @returns {Promise<{ seconds: number, result: T }>}
 */
export async function timed(repeat, work) {
  const times = [];
  let result;
  for (let i = 0; i < repeat; i++) {
    const start = performance.now();
    result = await work();
    times.push((performance.now() - start) / 1000);
  }
  return { seconds: median(times), result };
}
