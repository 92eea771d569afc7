/**
 * Philox 4×32-10 (Salmon et al. 2011), the counter-based generator that the native side uses too: the numbers for a
 * counter depend on nothing but the seed and the counter, never on who drew before.
 */
export function philox(counter: readonly [number, number, number, number], seed: number): Uint32Array {
  let [c0, c1, c2, c3] = counter;
  let k0 = seed >>> 0;
  let k1 = Math.floor(seed / 2 ** 32) >>> 0;
  for (let round = 0; round < 10; round++) {
    const h0 = mulHigh(0xd2511f53, c0);
    const l0 = Math.imul(0xd2511f53, c0) >>> 0;
    const h1 = mulHigh(0xcd9e8d57, c2);
    const l1 = Math.imul(0xcd9e8d57, c2) >>> 0;
    c0 = (h1 ^ c1 ^ k0) >>> 0;
    c1 = l1;
    c2 = (h0 ^ c3 ^ k1) >>> 0;
    c3 = l0;
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  return Uint32Array.of(c0, c1, c2, c3);
}

/** The upper 32 bits of the product of two unsigned 32-bit numbers. */
function mulHigh(a: number, b: number): number {
  const a0 = a & 0xffff;
  const a1 = a >>> 16;
  const b0 = b & 0xffff;
  const b1 = b >>> 16;
  const middle = a1 * b0 + ((a0 * b0) >>> 16);
  const low = (middle & 0xffff) + a0 * b1;
  return a1 * b1 + Math.floor(middle / 0x10000) + Math.floor(low / 0x10000);
}

/** The numbers 0 … n−1 in an order that depends only on the seed (Fisher–Yates over Philox). */
export function permutation(n: number, seed: number): Uint32Array {
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const [high, low] = philox([i, 0, 0, 0x73687566], seed);
    const j = Math.floor(((high! * 2 ** 21 + (low! >>> 11)) / 2 ** 53) * (i + 1)); // 53 random bits
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}
