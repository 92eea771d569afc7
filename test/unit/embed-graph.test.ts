import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type GraphSpec, planGraph } from '#dist/embed/graph.js';
import { MatomariError } from '#dist/errors.js';
import { FIXTURES } from './embed-helpers.js';

const SPEC: GraphSpec = { graph: 'm.onnx', pooling: ['mean'], poolingAsked: false, otherModules: [] };
const model = readFileSync(join(FIXTURES, 'lookup', 'onnx', 'model.onnx'));

/** The code of what planning throws, or undefined. */
function failure(bytes: Uint8Array): string | undefined {
  try {
    planGraph(bytes, SPEC);
    return undefined;
  } catch (error) {
    if (error instanceof MatomariError) return error.code;
    throw error;
  }
}

describe('planGraph', () => {
  it('finds inputs with their types and the hidden states', () => {
    const { inputs, pooled } = planGraph(model, SPEC);
    const int64 = 7;
    expect([...inputs]).toEqual(
      ['input_ids', 'attention_mask', 'token_type_ids', 'position_ids'].map((name) => [name, int64]),
    );
    expect(pooled).toBe(false);
    const ids = planGraph(readFileSync(join(FIXTURES, 'graphs', 'int32.onnx')), SPEC).inputs;
    expect([...ids.values()]).toEqual([6, 6]);
  });

  it('takes a pooled output unless hidden states were asked for', () => {
    const file = readFileSync(join(FIXTURES, 'graphs', 'pooled.onnx'));
    expect(planGraph(file, SPEC).pooled).toBe(true);
    expect(planGraph(file, { ...SPEC, poolingAsked: true }).pooled).toBe(false);
  });

  it('refuses a file that is cut short anywhere', () => {
    for (let length = 0; length < model.length - 4; length += 7)
      expect(failure(model.subarray(0, length)), `${length} bytes`).toBe('bad_file');
  });

  it('answers or refuses whatever the bytes are', () => {
    const change = fc.tuple(fc.nat(model.length - 1), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 8 }), (changes) => {
        const bytes = Uint8Array.from(model);
        for (const [at, value] of changes) bytes[at] = value;
        expect(['bad_file', undefined]).toContain(failure(bytes));
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(failure(bytes)).toBe('bad_file');
      }),
    );
  });
});
