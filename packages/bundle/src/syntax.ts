/** What finished code asks for from outside: read from its syntax tree, after everything that could change it. */

import { parseSync } from '@swc/core';

/** Names that a module imports, by the specifier that it imports them from. */
export type ImportedNames = ReadonlyMap<string, ReadonlySet<string>>;

export interface Demands {
  /** What `require` and `import()` are called with. */
  readonly specifiers: readonly string[];
  /** Calls whose specifier is only known when they are made. */
  readonly computed: number;
}

type Node = Readonly<Record<string, unknown>> & { readonly type: string };

/** Names that ES modules import from others; `default` is one, and so is `*` for the whole module. */
export function importedNames(sources: Iterable<string>): ImportedNames {
  const names = new Map<string, Set<string>>();
  for (const source of sources) {
    for (const item of parseSync(source, { syntax: 'ecmascript', target: 'es2022' }).body) {
      if (item.type !== 'ImportDeclaration') continue;
      const known = names.get(item.source.value) ?? new Set();
      names.set(item.source.value, known);
      for (const specifier of item.specifiers) {
        if (specifier.type === 'ImportDefaultSpecifier') known.add('default');
        else if (specifier.type === 'ImportNamespaceSpecifier') known.add('*');
        else known.add((specifier.imported ?? specifier.local).value);
      }
    }
  }
  return names;
}

/** What a CommonJS module can ask to be loaded. A `require` under another name is not seen. */
export function demandsOf(code: string): Demands {
  const specifiers = new Set<string>();
  let computed = 0;
  for (const node of nodesOf(parseSync(code, { syntax: 'ecmascript', target: 'es2022' }))) {
    if (node.type !== 'CallExpression' || !isLoader(node['callee'])) continue;
    const specifier = literalArgument(node['arguments']);
    if (specifier === undefined) computed += 1;
    else specifiers.add(specifier);
  }
  return { specifiers: [...specifiers].sort(), computed };
}

function* nodesOf(value: unknown): Generator<Node> {
  if (typeof value !== 'object' || value === null) return;
  if (isNode(value)) yield value;
  for (const child of Object.values(value)) yield* nodesOf(child);
}

function isNode(value: object): value is Node {
  return 'type' in value && typeof value.type === 'string';
}

/** `require`, `require.resolve` or `import`. */
function isLoader(callee: unknown): boolean {
  if (typeof callee !== 'object' || callee === null || !isNode(callee)) return false;
  if (callee.type === 'MemberExpression') return isLoader(callee['object']) && callee['computed'] !== true;
  return callee.type === 'Import' || (callee.type === 'Identifier' && callee['value'] === 'require');
}

function literalArgument(list: unknown): string | undefined {
  const [first]: readonly unknown[] = Array.isArray(list) ? list : [];
  if (typeof first !== 'object' || first === null || !('expression' in first)) return undefined;
  const { expression } = first;
  if (typeof expression !== 'object' || expression === null || !isNode(expression)) return undefined;
  const value = expression['value'];
  return expression.type === 'StringLiteral' && typeof value === 'string' ? value : undefined;
}
