import ts from 'typescript';

/** What binding.d.ts declares of each function of the addon: the names in its argument object and in its result. */
export function declared(text: string): Map<string, { args: string[]; results: string[] }> {
  const file = ts.createSourceFile('binding.d.ts', text, ts.ScriptTarget.Latest, true);
  const binding = file.statements.find(
    (node): node is ts.InterfaceDeclaration =>
      ts.isInterfaceDeclaration(node) && node.name.text === 'Binding',
  );
  if (!binding) throw new Error('binding.d.ts declares no interface Binding');
  const names = (type: ts.TypeNode | undefined): string[] =>
    type === undefined
      ? []
      : ts.isTypeLiteralNode(type)
        ? type.members.map((member) => member.name!.getText())
        : ts.isIntersectionTypeNode(type)
          ? type.types.flatMap(names)
          : ts.isTypeReferenceNode(type)
            ? (type.typeArguments ?? []).flatMap(names)
            : [];
  return new Map(
    binding.members.filter(ts.isMethodSignature).map((method) => [
      method.name.getText(),
      {
        args: names(method.parameters.find((parameter) => parameter.name.getText() === 'args')?.type).sort(),
        results: names(method.type).sort(),
      },
    ]),
  );
}

/** What the addon does: the functions that addon.cc registers, with the names each reads and sets. */
export function implemented(files: Map<string, string>): Map<string, { args: string[]; results: string[] }> {
  const addon = [...files].find(([path]) => path.endsWith('binding/addon.cc'))?.[1] ?? '';
  const registered = [...addon.matchAll(/exports\.Set\("(\w+)", Napi::Function::New\(env, (\w+)\)\)/g)];
  return new Map(
    registered.map(([, name, symbol]) => {
      const [home] = [...files.values()].filter((text) =>
        text.includes(`Napi::Value ${symbol}(const Napi::CallbackInfo&`),
      );
      const body = home ? bodiesBehind(home, symbol!) : '';
      const args = [...body.matchAll(/\bargs\.(?!fail)\w+(?:<[^>]*>)?\("(\w+)"/g)].map((match) => match[1]!);
      if (/\bargs\.metric\(\)/.test(body)) args.push('metric');
      if (/\bargs\.sparse</.test(body)) args.push('indptr', 'indices', 'data');
      const results = [...body.matchAll(/\b(?:result|out)\.Set\("(\w+)"/g)].map((match) => match[1]!);
      return [name!, { args: [...new Set(args)].sort(), results: [...new Set(results)].sort() }];
    }),
  );
}

/** The body of a function, and of the helpers in its file that it calls, and that they call. */
function bodiesBehind(text: string, symbol: string): string {
  const bodyOf = (name: string) =>
    new RegExp(`^(?:static )?[\\w:<>]+[ &*]+${name}\\([^;{]*\\{\\n([\\s\\S]*?)\\n\\}`, 'm').exec(text)?.[1] ??
    '';
  const bodies = new Map([[symbol, bodyOf(symbol)]]);
  for (const body of bodies.values())
    for (const [, name] of body.matchAll(/(?<![\w.:>])(\w+)(?:<[^>()]*>)?\(/g))
      if (!bodies.has(name!)) bodies.set(name!, bodyOf(name!));
  return [...bodies.values()].join('\n');
}

/** Every difference between the two, in words. */
export function contractProblems(contract: string, files: Map<string, string>): string[] {
  const wanted = declared(contract);
  const built = implemented(files);
  const problems: string[] = [];
  for (const name of built.keys())
    if (!wanted.has(name)) problems.push(`addon.cc registers ${name}, which binding.d.ts does not declare`);
  for (const [name, want] of wanted) {
    const have = built.get(name);
    if (!have) problems.push(`binding.d.ts declares ${name}, which addon.cc does not register`);
    else
      for (const kind of ['args', 'results'] as const) {
        const verb = kind === 'args' ? 'reads' : 'sets';
        for (const key of want[kind].filter((key) => !have[kind].includes(key)))
          problems.push(`binding.d.ts declares ${key} of ${name}, which the addon never ${verb}`);
        for (const key of have[kind].filter((key) => !want[kind].includes(key)))
          problems.push(`the addon ${verb} ${key} of ${name}, which binding.d.ts does not declare`);
      }
  }
  return problems;
}
