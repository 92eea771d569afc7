import ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { fields, floats, message, node, number, part, text } from '#dist/embed/onnx.js';
import { simplify } from '#dist/embed/simplify.js';
import { difference } from './embed-helpers.js';

const BOOL = 9;
const LOWEST = -(2 - 2 ** -23) * 2 ** 127;

function scalar(name: string, value: number): number[] {
  const bytes = new Uint8Array(Float32Array.of(value).buffer);
  return message(5, number(2, 1), message(9, [...bytes]), message(8, name));
}

/** Attention's probabilities of x, where `keep` is not 0, and their Gelu, as PyTorch's exporter writes both. */
function model({ low = LOWEST, root = Math.SQRT2, outputs = ['y'], more = [] as number[][] } = {}): Buffer {
  const graph = [
    node('Cast', ['keep'], ['seen'], { to: BOOL }),
    node('Where', ['seen', 'zero', 'low'], ['mask']),
    node('Add', ['x', 'mask'], ['scores']),
    node('Softmax', ['scores'], ['p']),
    node('IsNaN', ['p'], ['nan']),
    node('Where', ['nan', 'zero', 'p'], ['guarded']),
    node('Div', ['guarded', 'root'], ['scaled']),
    node('Erf', ['scaled'], ['erf']),
    node('Add', ['erf', 'one'], ['more']),
    node('Mul', ['half', 'more'], ['factor']),
    node('Mul', ['guarded', 'factor'], ['y']),
    ...more,
    ...Object.entries({ zero: 0, low, root, one: 1, half: 0.5 }).map(([name, value]) => scalar(name, value)),
    message(2, 'test'),
    floats(11, 'x', 2),
    floats(11, 'keep', 2),
    ...outputs.map((name) => floats(12, name, 2)),
  ];
  return Buffer.from([...number(1, 8), ...message(8, number(2, 17)), ...message(7, ...graph)]);
}

const operators = (parts: Uint8Array[]): string[] =>
  [...fields(part(Buffer.concat(parts), 7))]
    .filter(([field]) => field === 1)
    .map(([, value]) => text.decode(part(value as Uint8Array, 4)));

/** Of three rows, the last one masked whole. */
async function run(bytes: Uint8Array): Promise<Float32Array> {
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 4 });
  const tensor = (values: number[]) => new ort.Tensor('float32', values, [3, 3]);
  const feeds = { x: tensor([1, -2, 3, 0, 5, 5, 1, 2, 3]), keep: tensor([1, 1, 1, 1, 0, 1, 0, 0, 0]) };
  const { y } = await session.run(feeds);
  await session.release();
  return y!.data as Float32Array;
}

describe('simplify', () => {
  it('leaves out the guard against NaN and joins Gelu, to the same results', async () => {
    const before = model();
    const after = simplify(before);
    expect(operators(after)).toEqual(['Cast', 'Where', 'Add', 'Softmax', 'Identity', 'Gelu']);
    const wanted = await run(before);
    expect(Math.max(...wanted)).toBeGreaterThan(0.5);
    expect(difference(await run(Buffer.concat(after)), wanted)).toBeLessThan(1e-6);
  });

  it('keeps the guard where a mask of -Infinity may make NaN', async () => {
    const before = model({ low: -Infinity });
    const after = simplify(before);
    expect(operators(after)).toContain('IsNaN');
    expect(operators(after)).toContain('Gelu');
    const wanted = await run(before);
    expect([...wanted.subarray(6)]).toEqual([0, 0, 0]);
    expect(difference(await run(Buffer.concat(after)), wanted)).toBeLessThan(1e-6);
  });

  it('keeps what something else reads, and what is not quite the pattern', () => {
    expect(operators(simplify(model({ outputs: ['y', 'erf'] })))).toContain('Erf');
    expect(operators(simplify(model({ more: [node('Not', ['nan'], ['other'])] })))).toContain('IsNaN');
    expect(operators(simplify(model({ root: 1.5 })))).toContain('Erf');
  });

  it('gives back what is cut short anywhere', () => {
    const whole = model();
    for (let length = 0; length < whole.length; length += 3) {
      const cut = whole.subarray(0, length);
      expect(simplify(cut)).toEqual([cut]);
    }
  });

  it('leaves a graph alone that has graphs of its own', () => {
    const nested = model({ more: [node('If', ['seen'], ['either'])] });
    expect(simplify(nested)).toEqual([nested]);
  });
});
