/** What a zip must not hold, and what it must not miss. */

import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join, posix } from 'node:path';
import type { Metafile } from 'esbuild';
import type { Code } from './bundle-code.ts';
import { inputsOf, packageName } from './inputs.ts';
import { demandsOf } from './syntax.ts';

const FORBIDDEN: readonly { readonly pattern: RegExp; readonly why: string }[] = [
  { pattern: /^packages\/[^/]+\/src\/sqlite\//, why: 'SQLite is for one machine' },
  { pattern: /^packages\/cli\//, why: 'the command line is for one machine' },
  { pattern: /^packages\/[^/]+\/src\/testing\//, why: 'it is for tests' },
  { pattern: /^packages\/[^/]+\/(test|bench|demo)\//, why: 'it is for tests' },
];

/** Names every source that does not belong into a zip, and every import of what is only a dependency of tests. */
export function findStrangers(root: string, metafiles: readonly Metafile[]): readonly string[] {
  const paths = new Set(inputsOf(metafiles).map(({ path }) => path));
  const forbidden = [...paths].flatMap((path) =>
    FORBIDDEN.filter(({ pattern }) => pattern.test(path)).map(({ why }) => `holds ${path}: ${why}`),
  );
  return [...forbidden, ...metafiles.flatMap((metafile) => undeclaredImports(root, metafile, paths))];
}

function undeclaredImports(root: string, { inputs }: Metafile, paths: ReadonlySet<string>): readonly string[] {
  return Object.entries(inputs).flatMap(([path, { imports }]) => {
    const folder = /^packages\/[^/]+(?=\/)/.exec(path)?.[0];
    if (folder === undefined || !paths.has(path)) return [];
    const declared = dependenciesOf(join(root, folder));
    const wanted = imports.flatMap(({ original, path: found }) => packageName(original ?? found) ?? []);
    const undeclared = wanted.filter((name) => !isBuiltin(name) && !declared.has(name));
    return undeclared.map((name) => `holds ${name} for ${path}, but it is not in the dependencies of ${folder}`);
  });
}

/** What a workspace package says that it needs at run time; itself is one of it. */
function dependenciesOf(folder: string): ReadonlySet<string> {
  const manifest: { readonly name?: string; readonly dependencies?: Readonly<Record<string, string>> } = JSON.parse(
    readFileSync(join(folder, 'package.json'), 'utf8'),
  );
  return new Set([manifest.name ?? '', ...Object.keys(manifest.dependencies ?? {})]);
}

/** Modules that a function's own code must not ask Node for. */
const FORBIDDEN_BUILTINS: ReadonlySet<string> = new Set(['sqlite', 'node:sqlite']);

/**
 * Names everything that finished code asks for and does not get.
 *
 * @param layers files of the layers that lie beside it, with the folder of their packages as root
 */
export function findGaps(files: ReadonlyMap<string, Code>, layers: ReadonlySet<string>): readonly string[] {
  const problems: string[] = [];
  for (const [path, { code }] of files) {
    if (!path.endsWith('.js')) continue;
    const { specifiers, computed } = demandsOf(code);
    if (computed > 0) problems.push(`${path} loads modules whose names are not known before it runs`);
    for (const specifier of specifiers) {
      const problem = gapOf(path, specifier, new Set(files.keys()), layers);
      if (problem !== undefined) problems.push(`${path} ${problem}`);
    }
  }
  return problems;
}

function gapOf(
  path: string,
  specifier: string,
  files: ReadonlySet<string>,
  layers: ReadonlySet<string>,
): string | undefined {
  if (specifier.startsWith('.')) {
    const target = posix.join(posix.dirname(path), specifier);
    return files.has(target) ? undefined : `loads ${specifier}, which is not there`;
  }
  if (isBuiltin(specifier)) {
    const isOwn = layers.size > 0;
    return isOwn && FORBIDDEN_BUILTINS.has(specifier) ? `loads ${specifier}, which is for one machine` : undefined;
  }
  const isThere = layers.has(specifier) || layers.has(`${specifier}/index.js`);
  return isThere ? undefined : `loads ${specifier}, which is neither in the zip nor in its layers`;
}
