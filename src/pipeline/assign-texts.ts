import { MatomariError } from '../errors.js';
import type { OperationOptions } from '../job.js';
import { type AnyEmbedder, embedTexts } from './embed-texts.js';
import { type Fitted, predict, type TopicAssignment } from './predict.js';

/** The cluster of every text. */
export async function assignTexts(
  texts: readonly string[],
  fitted: Fitted,
  embedder: AnyEmbedder,
  operation: OperationOptions,
): Promise<TopicAssignment> {
  const { embeddings, model } = await embedTexts(embedder, texts, operation);
  const { cols } = fitted.centroids;
  if (embeddings.cols !== cols)
    throw new MatomariError(
      'bad_input',
      `the model ${model.name} gives ${embeddings.cols} dimensions, but the centroids have ${cols}: use the model of the run`,
    );
  return predict(fitted, embeddings, operation);
}
