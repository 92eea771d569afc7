import type { OperationOptions } from '../job.js';
import type { Matrix } from '../matrix.js';
import type { Cluster } from '../types.js';
import { type Clustered, nameClusters, nameNoise } from './name.js';
import type { NamingOptions } from './options.js';
import { inStage, Stopwatch } from './stages.js';
import { cutTexts, type TermMatrix, termVectors, weighTerms } from './terms.js';

export interface Labelling extends TermMatrix {
  clusters: Cluster[];
  noise?: Cluster | undefined;
  termVectors: Matrix;
}

/** Names given clusters: the last stages of discoverTopics by themselves. */
export async function relabel(
  clustered: Clustered,
  naming: NamingOptions,
  operation: OperationOptions,
): Promise<Labelling> {
  const texts = clustered.documents.map(({ text }) => text);
  const watch = new Stopwatch();
  const words = await cutTexts(texts, naming, operation, watch);
  const { vocabulary, tfidf } = await weighTerms(words, naming, operation, watch);
  const vectors = await termVectors(tfidf, clustered.embeddings, operation);
  const terms = { vocabulary, termVectors: vectors };
  const stage = inStage('name', operation);
  const clusters = await nameClusters(clustered, terms, naming, stage);
  const noise = await nameNoise(clustered, terms, naming, stage);
  return { clusters, noise, vocabulary, tfidf, termVectors: vectors };
}
