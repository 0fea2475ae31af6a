/**
 * A layer: `nodejs/node_modules` with a folder for each library. A library is one file; what several of them share (the
 * clients of AWS have most of their code in common) is in files beside them, once.
 */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Plugin } from 'esbuild';
import { type LayerSpec, type LibrarySpec, librariesOf } from './artefacts.ts';
import { type Bundle, type BundleOptions, bundleModules, bundleScripts, type Code, toCommonJs } from './bundle-code.ts';
import { PackageError } from './problems.ts';
import type { ImportedNames } from './syntax.ts';

/** Where Node finds the packages of a layer, below the folder that Lambda puts it in. */
export const LAYER_MODULES = 'nodejs/node_modules';

/**
 * Bundles of every library what is imported, and nothing else: an export that no function asks for is not there.
 *
 * @param names what the functions import
 * @throws PackageError when a library is not used, or is imported as a whole
 */
export async function bundleLayer(root: string, layer: LayerSpec, names: ImportedNames): Promise<readonly Bundle[]> {
  const problems = librariesOf(layer).flatMap(
    (library) => problemOf(layer, names.get(library.specifier), library) ?? [],
  );
  if (problems.length > 0) throw new PackageError(problems);
  return await Promise.all(layer.groups.map((group) => bundleGroup(root, layer, group, names)));
}

async function bundleGroup(
  root: string,
  layer: LayerSpec,
  group: readonly LibrarySpec[],
  names: ImportedNames,
): Promise<Bundle> {
  const exports = new Map(group.map(({ specifier }) => [specifier, [...(names.get(specifier) ?? [])].sort()]));
  const { files, metafile } = await bundleLibraries(layer, group, {
    root,
    entries: Object.fromEntries(group.map(({ specifier }) => [bundlePath(specifier), NAMESPACE + specifier])),
    external: [],
    plugins: [libraryEntries(root, group, exports)],
  });
  const extra = group.flatMap((library): [string, Code][] => {
    const { specifier } = library;
    return [
      [filePath(specifier), { code: entryCode(specifier, exports.get(specifier) ?? []), map: undefined }],
      [`${LAYER_MODULES}/${nameOf(specifier)}/package.json`, { code: manifest(root, library), map: undefined }],
    ];
  });
  return { files: new Map([...files, ...extra]), metafile };
}

async function bundleLibraries(
  layer: LayerSpec,
  group: readonly LibrarySpec[],
  options: BundleOptions,
): Promise<Bundle> {
  const sharedFolder = `${LAYER_MODULES}/@millrace/${layer.name}-layer`;
  const isAlone = group.length === 1;
  return toCommonJs(await (isAlone ? bundleScripts(options) : bundleModules({ ...options, sharedFolder })));
}

function problemOf(layer: LayerSpec, names: ReadonlySet<string> | undefined, library: LibrarySpec): string | undefined {
  const where = `${library.specifier} in the layer ${layer.name}`;
  if (names === undefined) return `${where} is used by no function`;
  if (names.has('*')) return `${where} is imported as a whole: import its exports by name`;
  if (names.has('default') && names.size > 1) return `${where} is imported by default and by name: use one of the two`;
  return undefined;
}

const NAMESPACE = 'library:';

/** A module a library that exports what is asked of it, resolved as the workspace that depends on it does. */
function libraryEntries(
  root: string,
  group: readonly LibrarySpec[],
  exports: ReadonlyMap<string, readonly string[]>,
): Plugin {
  const folders = new Map(group.map(({ specifier, folder }) => [specifier, folder]));
  return {
    name: 'libraries',
    setup(esbuild) {
      esbuild.onResolve({ filter: /^library:/ }, ({ path }) => ({
        path: path.slice(NAMESPACE.length),
        namespace: 'library',
      }));
      esbuild.onLoad({ filter: /.*/, namespace: 'library' }, ({ path }) => ({
        contents: `export { ${(exports.get(path) ?? []).join(', ')} } from ${JSON.stringify(path)};`,
        resolveDir: join(root, folders.get(path) ?? ''),
      }));
    },
  };
}

/**
 * What `require` gets: it loads the library when the first export is asked for, so that a function does not pay at its
 * start for a client that few requests need.
 */
function entryCode(specifier: string, exports: readonly string[]): string {
  const bundle = `./${bundlePath(specifier).split('/').at(-1)}.js`;
  if (exports.includes('default')) return `"use strict";module.exports=require("${bundle}").default;\n`;
  const getters = exports.map((name) => `${name}:{enumerable:true,get:()=>load().${name}}`).join(',');
  // The last line is for `import`: Node finds the names of a CommonJS module without running it.
  const hint = `0&&(module.exports={${exports.join(',')}});`;
  return `"use strict";let loaded;const load=()=>loaded??=require("${bundle}");Object.defineProperties(exports,{${getters}});${hint}\n`;
}

function nameOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function filePath(specifier: string): string {
  return specifier === nameOf(specifier) ? `${LAYER_MODULES}/${specifier}/index.js` : `${LAYER_MODULES}/${specifier}`;
}

/** Without `.js`, as esbuild names its outputs. */
function bundlePath(specifier: string): string {
  return filePath(specifier).replace(/\.js$/, '-bundle');
}

function manifest(root: string, { specifier, folder }: LibrarySpec): string {
  const name = nameOf(specifier);
  const { resolve } = createRequire(join(root, folder, 'package.json'));
  const searched = resolve.paths(name) ?? [];
  for (const place of searched) {
    const text = readIfThere(join(place, name, 'package.json'));
    if (text === undefined) continue;
    const { version }: { version?: string } = JSON.parse(text);
    return `${JSON.stringify({ name, version, main: 'index.js' })}\n`;
  }
  throw new PackageError([`${name} is not installed for ${folder}`]);
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
