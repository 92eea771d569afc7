import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { glosses, headlines } from './harness/data.mjs';
import { minilm } from './harness/minilm.mjs';
import { root } from './harness/paths.mjs';

/** Real models, too large for the repository: a `shared` folder beside it has them, or has not. */
const MODELS = [
  { name: 'multilingual-e5-small', dtype: 'q4', graph: 'model_q4.onnx', maxTokens: 512 },
  { name: 'all-MiniLM-L6-v2', dtype: 'q8', graph: 'model_quantized.onnx', maxTokens: 256 },
];
const TOKENS_PER_BATCH = 512;

const needsModel = ({ job }) =>
  job.model === undefined ? 'for models with a graph of their own' : undefined;

/** @type {import('./harness/experiment.mjs').Experiment} */
export default {
  name: 'embed',
  title: 'Embedding',
  unit: 'texts a second',
  better: 'higher',
  method:
    'Three corpora, drawn at random. Bundled Japanese headlines, whose lengths are nearly equal, so that sorting gives least: in batches of 32 as they come, transformers.js pads them to 1.6 times their tokens. Glosses of WordNet, English text as it is, from a few words to a hundred: 2.5 times. One to eight headlines joined, made so that long and short are equally frequent: 1.95 times. Tokenising is included; the model is loaded, and has been through some of the texts, before the clock starts. All contenders run the same ONNX file with the same number of threads: ours as one-thread sessions that share the batches, the others as intra-op threads. transformers.js gets the texts in the order in which they come, as its pipeline is used; Python gets the same batches as ours, sorted by length and packed by padded tokens. For the built-in model, which only adds up vectors, there is no peer: the figure is a rate.',
  contenders: [
    { id: 'matomari', title: 'Matomari', module: 'matomari/embed.mjs' },
    {
      id: 'transformers-32',
      title: 'transformers.js, batches of 32',
      module: 'baselines/embed-transformers.mjs',
      job: (job) => ({ ...job, batch: 32 }),
      skip: needsModel,
    },
    {
      id: 'transformers-1',
      title: 'transformers.js, one by one',
      module: 'baselines/embed-transformers.mjs',
      job: (job) => ({ ...job, batch: 1 }),
      skip: needsModel,
    },
    {
      id: 'onnxruntime',
      title: 'Python onnxruntime, our batches',
      module: 'peers/embed_onnxruntime.py',
      skip: needsModel,
    },
  ],
  cases: ({ full, threads }) => {
    const many = full ? 50_000 : 10_000;
    const builtin = [1, 4].map((parts) => ({
      label: `built-in model, ${many} texts of ${parts === 1 ? 'one headline' : `${parts} headlines`}`,
      trials: 5,
      job: { texts: headlines(many, parts), warm: many },
    }));
    const few = full ? 2000 : 150;
    const present = MODELS.filter(({ name }) => existsSync(join(root, '..', 'shared', 'models', name)));
    const corpora = [
      { what: `${few} headlines`, texts: headlines(few, 1) },
      { what: `${few} glosses`, texts: glosses(few) },
      { what: `${few / 2} texts of 1 to 8 headlines`, texts: headlines(few / 2, 1, 8) },
    ];
    const models = present.flatMap(({ name, ...rest }) =>
      corpora.map(({ what, texts }) => ({
        label: `${name} (${rest.dtype}), ${what}`,
        trials: 5,
        job: {
          texts,
          model: `../shared/models/${name}`,
          ...rest,
          tokensPerBatch: TOKENS_PER_BATCH,
          threads,
          warm: 64,
        },
      })),
    );
    // The same weights in both, so that the two cases show what int8 gives.
    const shape = minilm();
    const shaped = ['fp32', 'int8'].map((dtype) => ({
      label: `MiniLM's shape, random weights, ${dtype}, ${few} headlines`,
      trials: 5,
      job: {
        texts: headlines(few, 1),
        model: join(shape ?? '', dtype),
        dtype: dtype === 'int8' ? 'q8' : dtype,
        graph: dtype === 'int8' ? 'model_quantized.onnx' : 'model.onnx',
        maxTokens: 256,
        tokensPerBatch: TOKENS_PER_BATCH,
        threads,
        warm: 64,
      },
    }));
    return [...builtin, ...models, ...(shape ? shaped : [])];
  },
  finish(_, results) {
    const [ours, ...others] = results;
    if (ours.skipped) return;
    ours.facts.note = `${ours.facts.tokens} tokens, device ${ours.facts.device}`;
    for (const other of others) {
      if (other.skipped) continue;
      const gap = Math.max(...other.facts.first.map((x, i) => Math.abs(x - ours.facts.first[i])));
      other.facts.note = `first components differ from ours by up to ${gap.toExponential(1)}`;
    }
  },
};
