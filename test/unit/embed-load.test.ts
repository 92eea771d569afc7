import { join } from 'node:path';
import { loadEmbedder } from 'matomari/embed';
import { describe, expect, it } from 'vitest';
import { FIXTURES, lookupModel, temporaryFolder } from './embed-helpers.js';

const LOOKUP = join(FIXTURES, 'lookup');
const refused = (code: string, message: RegExp) => ({ name: 'MatomariError', code, message });
const fail = async (model: unknown, options: object, code: string, message: RegExp) => {
  await expect(loadEmbedder(model as string, options)).rejects.toMatchObject(refused(code, message));
};

describe('loadEmbedder refuses', () => {
  it('a name that is neither a directory nor builtin', async () => {
    await fail('no-such-model', {}, 'model_not_found', /neither 'builtin', nor a directory.*download/);
    await fail(join(LOOKUP, 'config.json'), {}, 'model_not_found', /is a file/);
    await fail('', {}, 'model_not_found', /must be 'builtin'/);
    await fail(7, {}, 'model_not_found', /not 7/);
  });

  it('a directory that lacks a file, naming it', async () => {
    await fail(temporaryFolder(), {}, 'model_not_found', /no config\.json.*download/);
    await fail(lookupModel({ 'tokenizer.json': null }), {}, 'model_not_found', /no tokenizer\.json/);
    await fail(lookupModel({ onnx: null }), {}, 'model_not_found', /no \.onnx file.*export/);
    await fail(
      lookupModel({ '1_Pooling': null }),
      {},
      'model_not_found',
      /config\.json \(looked for .*1_Pooling/,
    );
  });

  it('files that are not what their name says', async () => {
    await fail(lookupModel({ 'config.json': 'README.md' }), {}, 'bad_file', /config\.json is not valid JSON/);
    await fail(lookupModel({ 'modules.json': {} }), {}, 'bad_file', /modules\.json is not a list/);
    await fail(lookupModel({ 'modules.json': [{ type: 1 }] }), {}, 'bad_file', /modules\.json is not a list/);
    await fail(lookupModel({ 'tokenizer.json': { model: {} } }), {}, 'bad_file', /not a tokenizer\.json/);
    const pooling = { '1_Pooling/config.json': { pooling_mode: 'median' } };
    await fail(lookupModel(pooling), {}, 'bad_file', /pooling_mode median/);
  });

  it('to choose among several graphs', async () => {
    const several = { 'onnx/model.onnx': null, 'onnx/model_q4.onnx': 'lookup/onnx/model.onnx' };
    await fail(lookupModel(several), {}, 'bad_option', /several graphs.*model_fp16\.onnx, model_q4\.onnx/);
    await fail(
      LOOKUP,
      { dtype: 'q8' },
      'model_not_found',
      /no model_quantized\.onnx.*there is model\.onnx, model_fp16\.onnx/,
    );
    const embedder = await loadEmbedder(lookupModel(several), { dtype: 'q4' });
    expect(embedder.dimensions).toBe(6);
    await embedder.close();
  });

  it('options that it does not have, or that are out of range', async () => {
    await fail(LOOKUP, { polling: 'cls' }, 'bad_option', /did you mean "pooling"/);
    await fail(LOOKUP, { pooling: 'clss' }, 'bad_option', /did you mean "cls"/);
    await fail(LOOKUP, { dtype: 'fp8' }, 'bad_option', /dtype/);
    await fail(
      LOOKUP,
      { device: 'dml' },
      'no_device',
      /'dml' cannot be used: DirectML is for Windows.*'auto' or 'cpu'/,
    );
    await fail(LOOKUP, { device: 'tpu' }, 'bad_option', /device/);
    await fail(LOOKUP, { threads: 0 }, 'bad_option', /threads/);
    await fail(LOOKUP, { normalize: 'yes' }, 'bad_option', /normalize/);
    await fail(LOOKUP, { tokensPerBatch: 0.5 }, 'bad_option', /tokensPerBatch/);
    await fail(LOOKUP, { maxTokens: 41 }, 'bad_option', /at most 40/);
    await fail(LOOKUP, { maxTokens: 2 }, 'bad_option', /above 2, the special tokens/);
    await fail(LOOKUP, { prompt: 'passage' }, 'bad_option', /no prompt named "passage": it has query, none/);
    await fail(LOOKUP, { prompt: 'query', promptText: 'x' }, 'bad_option', /exclude each other/);
    await fail(LOOKUP, { promptText: 1 }, 'bad_option', /promptText/);
    const bare = lookupModel({ 'config_sentence_transformers.json': null });
    await fail(bare, { prompt: 'query' }, 'bad_option', /it has none/);
  });

  it('when it is cancelled, before or while loading', async () => {
    const reason = new Error('enough');
    const cancelled = { code: 'cancelled', cause: reason };
    await expect(loadEmbedder(LOOKUP, { signal: AbortSignal.abort(reason) })).rejects.toMatchObject(
      cancelled,
    );
    const abort = new AbortController();
    const loading = loadEmbedder('builtin', { signal: abort.signal });
    setTimeout(() => abort.abort(reason), 20);
    await expect(loading).rejects.toMatchObject(cancelled);
  });
});

describe('loadEmbedder takes', () => {
  it('facts and defaults from the files', async () => {
    const embedder = await loadEmbedder(LOOKUP);
    expect(embedder).toMatchObject({ model: 'lookup', dimensions: 6, maxTokens: 12, device: 'cpu' });
    await embedder.close();
    const long = await loadEmbedder(LOOKUP, { maxTokens: 40 });
    expect(long.maxTokens).toBe(40);
    await long.close();
    const bare = await loadEmbedder(lookupModel({ 'sentence_bert_config.json': null }));
    expect(bare.maxTokens).toBe(40);
    await bare.close();
  });

  it('a transformer in a folder of its own', async () => {
    const modules = [
      { path: '0_Transformer', type: 'sentence_transformers.models.Transformer' },
      { path: '1_Pooling', type: 'sentence_transformers.models.Pooling' },
    ];
    const files = ['config.json', 'tokenizer.json', 'sentence_bert_config.json'];
    const moved = Object.fromEntries(
      files.flatMap((f) => [
        [`0_Transformer/${f}`, `lookup/${f}`],
        [f, null],
      ]),
    );
    const embedder = await loadEmbedder(lookupModel({ ...moved, 'modules.json': modules }));
    expect(embedder).toMatchObject({ dimensions: 6, maxTokens: 12 });
    await embedder.close();
  });

  it('the limits of the RoBERTa family, which counts positions after the padding', async () => {
    const config = { model_type: 'xlm-roberta', max_position_embeddings: 26, pad_token_id: 1 };
    const embedder = await loadEmbedder(
      lookupModel({ 'config.json': config, 'sentence_bert_config.json': null }),
    );
    expect(embedder.maxTokens).toBe(24);
    await embedder.close();
  });
});
