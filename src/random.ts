/**
 * Philox 4×32-10 (Salmon et al. 2011), the counter-based generator that the native side uses too: the numbers for a
 * counter depend on nothing but the seed and the counter, never on who drew before.
 */
export function philox(counter: readonly [number, number, number, number], seed: number): Uint32Array {
  let [c0, c1, c2, c3] = counter;
  let k0 = seed >>> 0;
  let k1 = Math.floor(seed / 2 ** 32) >>> 0;
  for (let round = 0; round < 10; round++) {
    const p0 = BigInt(0xd2511f53) * BigInt(c0);
    const p1 = BigInt(0xcd9e8d57) * BigInt(c2);
    const [h0, l0] = [Number(p0 >> 32n), Number(p0 & 0xffffffffn)];
    const [h1, l1] = [Number(p1 >> 32n), Number(p1 & 0xffffffffn)];
    [c0, c1, c2, c3] = [(h1 ^ c1 ^ k0) >>> 0, l1, (h0 ^ c3 ^ k1) >>> 0, l0];
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  return Uint32Array.of(c0, c1, c2, c3);
}

/** The numbers 0 … n−1 in an order that depends only on the seed (Fisher–Yates over Philox). */
export function permutation(n: number, seed: number): Uint32Array {
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const [a, b] = philox([i, 0, 0, 0x73687566], seed) as unknown as [number, number];
    const j = Number(((BigInt(a) << 32n) | BigInt(b)) % BigInt(i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}
