import { dirname, join } from 'node:path/posix';

/**
 * The layers, top first; a file may use what lies below. Names are rooms: `metrics` is src/metrics.ts and
 * src/metrics/, in native `kmeans` is native/kmeans/. A room in no list is an operation.
 */
const TYPESCRIPT = {
  layers: [['cli'], ['index'], ['pipeline', 'report'], ['OPERATIONS'], ['job', 'device'], ['binding']],
  /** Leaves, for every layer. */
  ground: ['errors', 'check', 'matrix', 'types', 'random', 'root'],
  sideways: {
    job: ['device'],
    metrics: ['nearest', 'distances'],
    tfidf: ['text'],
    embed: ['tfidf', 'truncated-svd', 'text', 'io'],
    pipeline: ['report'],
  } as Record<string, string[]>,
};
const NATIVE = {
  layers: [['binding'], ['cuda'], ['OPERATIONS'], ['simd'], ['core']],
  ground: [] as string[],
  sideways: {
    nearest: ['distances'],
    kmeans: ['distances', 'nearest'],
    umap: ['nearest', 'pca'],
    hdbscan: ['nearest'],
    truncated_svd: ['pca'],
  } as Record<string, string[]>,
};

/** Headers that only one folder may include. */
const PRIVATE_HEADERS: [header: RegExp, folder: string][] = [
  [/^(napi\.h|node_api\.h|js_native_api\.h|uv\.h|v8\.h)$/, 'native/binding/'],
  [/^cuda(?!\/)/, 'native/cuda/'],
  [/^([a-z]*mmintrin\.h|x86intrin\.h|arm_neon\.h|arm_sve\.h)$/, 'native/simd/'],
];

interface Use {
  from: string;
  to: string;
}

function judge(
  { layers, ground, sideways }: typeof NATIVE,
  roomOf: (path: string) => string,
  uses: Iterable<Use>,
): string[] {
  const operations = layers.findIndex((layer) => layer.includes('OPERATIONS'));
  const levelOf = (room: string) => {
    const level = layers.findIndex((layer) => layer.includes(room));
    return level === -1 ? operations : level;
  };
  const problems: string[] = [];
  for (const { from, to } of uses) {
    const [user, used] = [roomOf(from), roomOf(to)];
    if (user === used || ground.includes(used)) continue;
    if (ground.includes(user)) problems.push(`${from} uses ${to}: a leaf uses no layer`);
    else if (levelOf(used) < levelOf(user)) problems.push(`${from} uses ${to}: that points up`);
    else if (levelOf(used) === levelOf(user) && !sideways[user]?.includes(used))
      problems.push(`${from} uses ${to}: a sideways use that the design does not name`);
  }
  return problems;
}

/** Import and re-export specifiers of a TypeScript file that name files of this repository, resolved to them. */
function importsOf(path: string, text: string): string[] {
  const found = text.matchAll(
    /^\s*(?:import|export)\s+[^;'"]*?\s*from\s+'(\.[^']+)'|\bimport\(\s*'(\.[^']+)'\s*\)/gm,
  );
  return [...found].map(([, from, dynamic]) =>
    join(dirname(path), (from ?? dynamic)!).replace(/\.(c?)js$/, '.$1ts'),
  );
}

/** Every import in src that breaks the layers, and every cycle of imports between its files, those of types among them. */
export function typescriptProblems(files: Map<string, string>): string[] {
  const uses: Use[] = [];
  const graph = new Map<string, string[]>();
  for (const [from, text] of files) {
    const imports = importsOf(from, text).filter((to) => to.startsWith('src/'));
    for (const to of imports) uses.push({ from, to });
    graph.set(from, imports);
  }
  const roomOf = (path: string) => /^src\/([^/.]+)/.exec(path)?.[1] ?? path;
  return [...judge(TYPESCRIPT, roomOf, uses), ...cycles(graph)];
}

/** Every include in native that breaks the layers or takes a header that belongs to another folder. */
export function nativeProblems(files: Map<string, string>): string[] {
  const uses: Use[] = [];
  const problems: string[] = [];
  for (const [from, text] of files)
    for (const [, bracket, header] of text.matchAll(/^\s*#\s*include\s*([<"])([^>"]+)[>"]/gm)) {
      for (const [pattern, folder] of PRIVATE_HEADERS)
        if (pattern.test(header!) && !from.startsWith(folder))
          problems.push(`${from} includes ${header}, which belongs to ${folder}`);
      if (bracket === '<') continue;
      const to = [join('native', header!), join(dirname(from), header!)].find((path) => files.has(path));
      if (to) uses.push({ from, to });
      else if (!PRIVATE_HEADERS.some(([pattern]) => pattern.test(header!)))
        problems.push(`${from} includes "${header}", which is no file of native`);
    }
  const roomOf = (path: string) => /^native\/([^/.]+)/.exec(path)?.[1] ?? path;
  return [...problems, ...judge(NATIVE, roomOf, uses)];
}

function cycles(graph: Map<string, string[]>): string[] {
  const done = new Set<string>();
  const path: string[] = [];
  const found: string[] = [];
  const visit = (file: string) => {
    const at = path.indexOf(file);
    if (at >= 0) found.push(`imports go round: ${[...path.slice(at), file].join(' → ')}`);
    if (at >= 0 || done.has(file)) return;
    path.push(file);
    for (const next of graph.get(file) ?? []) visit(next);
    path.pop();
    done.add(file);
  };
  for (const file of graph.keys()) visit(file);
  return found;
}
