import { afterEach, describe, expect, it } from 'vitest';
import { native } from '#dist/binding.js';
import { pca } from '#dist/pca.js';
import { gaussian } from '../cases/data.js';

const good = gaussian(6, 3);

describe('the environment', () => {
  const before = { ...process.env };
  afterEach(() => {
    for (const name of ['MATOMARI_SIMD', 'MATOMARI_THREADS'])
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
  });
  const run = () => pca(good, { nComponents: 1 });

  it.each([
    [
      'MATOMARI_SIMD',
      'avx',
      'MATOMARI_SIMD must be one of scalar, avx2, avx512, neon, not "avx"; did you mean "avx2"?',
    ],
    ['MATOMARI_THREADS', 'many', 'MATOMARI_THREADS must be an integer from 1 to 1024, not "many"'],
    ['MATOMARI_THREADS', '0', 'MATOMARI_THREADS must be an integer from 1 to 1024, not "0"'],
  ])('%s=%s', async (name, value, message) => {
    process.env[name] = value;
    await expect(run()).rejects.toMatchObject({ code: 'bad_option', message });
  });

  it('empty means unset', async () => {
    process.env.MATOMARI_SIMD = '';
    process.env.MATOMARI_THREADS = '';
    const levels = native().info().simdLevels;
    expect((await run()).simd).toBe(levels[levels.length - 1]);
  });

  it('a level that the machine lacks falls to the next lower one', async () => {
    const levels = native().info().simdLevels;
    const lacking = ['neon', 'avx512', 'avx2'].filter((level) => !levels.includes(level));
    expect(lacking.length).toBeGreaterThan(0);
    for (const level of lacking) {
      process.env.MATOMARI_SIMD = level;
      const { simd } = await run();
      expect(levels).toContain(simd);
      expect(simd).toBe(level === 'avx512' && levels.includes('avx2') ? 'avx2' : 'scalar');
    }
  });

  it('a GPU that is not there says so, and what is missing', async () => {
    const { devices, reason } = native().cuda();
    if (devices.length === 0) expect(reason).toMatch(/CUDA plugin|no NVIDIA driver|shows no device|too old/);
    for (const device of ['cuda:99', ...(devices.length === 0 ? (['cuda'] as const) : [])] as const)
      await expect(pca(good, { nComponents: 1, device: device as 'cuda' })).rejects.toMatchObject({
        code: 'no_device',
        message: expect.stringContaining(
          `device '${device}' is not available: ${reason ?? 'this machine has'}`,
        ),
      });
  });
});
