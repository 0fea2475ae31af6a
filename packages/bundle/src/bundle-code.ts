/**
 * TypeScript and libraries as CommonJS files that can be zipped: code that several entries share is in files of its
 * own. esbuild shares code among ES modules only, so that is the form in between.
 */

import { posix } from 'node:path';
import { type BuildOptions, build, type Metafile, type Plugin, transform } from 'esbuild';

export interface BundleOptions {
  /** Of the repository; absolute. No path outside of it, and none of its own, gets into the code. */
  readonly root: string;
  /** Module to bundle by the path that it gets, without `.js`. */
  readonly entries: Readonly<Record<string, string>>;
  /** What is left to `require` beside the modules of Node. */
  readonly external: readonly string[];
  readonly plugins?: readonly Plugin[];
}

/** Bundles as they are written to files, not yet minified. */
export interface Modules {
  /** By path; each holds its source map. */
  readonly sources: ReadonlyMap<string, string>;
  /** Of esbuild. Names of inputs are relative to the root. */
  readonly metafile: Metafile;
  /** ES modules: what is made of them must be strict as well. */
  readonly areStrict: boolean;
}

export interface Code {
  readonly code: string;
  /** Source map as JSON; its sources are relative to the root. Undefined for code that has no source. */
  readonly map: string | undefined;
}

export interface Bundle {
  readonly files: ReadonlyMap<string, Code>;
  readonly metafile: Metafile;
}

const TARGET = 'node22';
/** `import()` does not search the layers outside of Lambda; `require` does. */
const COMMON_JS = { format: 'cjs', supported: { 'dynamic-import': false } } as const;
/** Only a name: nothing is written there. Deeper than any source, so that no path leads out of it by chance. */
const OUT = 'dist/code';

/** Bundles entries as ES modules that share files. @throws when the code does not build */
export async function bundleModules(options: BundleOptions & { readonly sharedFolder: string }): Promise<Modules> {
  const chunkNames = posix.join(options.sharedFolder, '[hash]');
  const { sources, metafile, ...rest } = await bundle(options, { chunkNames, splitting: true, format: 'esm' });
  const names = steadyNames(sources, new Set(Object.keys(options.entries)));
  const rename = (text: string): string => text.replace(SHARED_NAME, (hash) => names.get(hash) ?? hash);
  const isUsed = (path: string): boolean =>
    rename(path) !== path || options.entries[path.replace(/\.js$/, '')] !== undefined;
  const used = [...sources].filter(([path]) => isUsed(path));
  const outputs = Object.entries(metafile.outputs).filter(([path]) => isUsed(posix.relative(OUT, path)));
  return {
    ...rest,
    sources: new Map(used.map(([path, text]) => [rename(path), rename(text)])),
    metafile: { ...metafile, outputs: Object.fromEntries(outputs) },
  };
}

/** Bundles entries as CommonJS modules that share nothing. @throws when the code does not build */
export function bundleScripts(options: BundleOptions): Promise<Modules> {
  return bundle(options, COMMON_JS);
}

type Form = Pick<BuildOptions, 'format' | 'splitting' | 'chunkNames' | 'supported'>;

async function bundle(options: BundleOptions, form: Form): Promise<Modules> {
  const { root, entries, external, plugins = [] } = options;
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: Object.entries(entries).map(([path, module]) => ({ in: module, out: path })),
    outdir: OUT,
    bundle: true,
    platform: 'node',
    target: TARGET,
    mainFields: ['module', 'main'],
    external: [...external],
    plugins: [...plugins],
    minifySyntax: true,
    sourcemap: 'inline',
    metafile: true,
    write: false,
    logLevel: 'silent',
    ...form,
  });
  const prefix = `${root}/${OUT}/`;
  const sources = outputFiles.map(({ path, text }): [string, string] => [
    path.slice(prefix.length),
    withoutPlace(text),
  ]);
  return { sources: new Map(sources), metafile, areStrict: form.format === 'esm' };
}

/** The name that esbuild gives to a wrapped CommonJS module: its path, wherever the packages are on this machine. */
const WRAPPED_NAME = /^( +")[^"]*\bnode_modules\/([^"]+"\()/gm;

/** The name stands at the end of a line's mapped code, so the source map stays right. */
function withoutPlace(text: string): string {
  return text.replace(WRAPPED_NAME, '$1$2');
}

/** Of a shared file: a hash as esbuild writes it. */
const SHARED_NAME = /(?<=\/)[A-Z0-9]{8}(?=\.js\b)/g;

/**
 * esbuild names shared files by a hash over the paths of their sources too. Names by the order in which the entries
 * come to them, as long as the hash, so that no column of a source map moves. A file that no entry comes to has none:
 * it was made for an `import()` in code that is not there any more.
 */
function steadyNames(sources: ReadonlyMap<string, string>, entries: ReadonlySet<string>): ReadonlyMap<string, string> {
  const isEntry = (path: string): boolean => entries.has(path.replace(/\.js$/, ''));
  const shared = new Map([...sources].map(([path, text]) => [posix.basename(path, '.js'), text]));
  const names = new Map<string, string>();
  const visit = (text: string): void => {
    for (const [hash] of text.matchAll(SHARED_NAME)) {
      const next = shared.get(hash);
      if (next === undefined || names.has(hash)) continue;
      names.set(hash, String(names.size + 1).padStart(hash.length, '0'));
      visit(next);
    }
  };
  for (const path of [...sources.keys()].filter(isEntry).sort()) visit(sources.get(path) ?? '');
  return names;
}

/**
 * Makes each module a minified CommonJS one. Names stay: errors tell their class by it, and a stack can be read without
 * its source map; zipped they cost little.
 */
export async function toCommonJs({ sources, metafile, areStrict }: Modules): Promise<Bundle> {
  const files = [...sources].map(async ([path, source]): Promise<[string, Code]> => {
    const { code, map } = await transform(source, {
      ...COMMON_JS,
      platform: 'node',
      target: TARGET,
      minifySyntax: true,
      minifyWhitespace: true,
      banner: areStrict ? '"use strict";' : '',
      legalComments: 'none',
      sourcemap: 'external',
      sourcefile: path,
    });
    return [path, { code, map: fromRoot(map, path) }];
  });
  return { files: new Map(await Promise.all(files)), metafile };
}

interface SourceMap {
  readonly sources: readonly string[];
}

function fromRoot(json: string, path: string): string {
  const map: SourceMap = JSON.parse(json);
  const folder = posix.dirname(posix.join(OUT, path));
  return JSON.stringify({ ...map, sources: map.sources.map((source) => posix.join(folder, source)) });
}
