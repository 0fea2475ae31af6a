/** Makes the zips of all functions and layers, in memory, and checks them. */

import { join } from 'node:path';
import type { Metafile } from 'esbuild';
import { ALLOWED_LICENCES, BUDGETS, type FunctionSpec, type LayerSpec, librariesOf } from './artefacts.ts';
import { bundleModules, type Code, type Modules, toCommonJs } from './bundle-code.ts';
import { findGaps, findStrangers } from './contents.ts';
import { inputsOf } from './inputs.ts';
import { bundleLayer, LAYER_MODULES } from './layer.ts';
import { findLicenceProblems, type Licence, licencesOf } from './licences.ts';
import { PackageError } from './problems.ts';
import { findOversize, type Size } from './sizes.ts';
import { importedNames } from './syntax.ts';
import { zip } from './zip.ts';

export interface PackageSpec {
  readonly functions: readonly FunctionSpec[];
  readonly layers: readonly LayerSpec[];
}

interface Artefact {
  /** Of the zip, without `.zip`. */
  readonly name: string;
  readonly files: ReadonlyMap<string, Code>;
  readonly zip: Uint8Array;
  readonly size: Size;
}

export interface Package {
  readonly artefacts: readonly Artefact[];
  readonly licences: readonly Licence[];
  /** Why it must not be shipped; empty when it may. */
  readonly problems: readonly string[];
}

/**
 * @param root of the repository, absolute
 * @throws PackageError when it cannot be made at all
 */
export async function packageAll(root: string, { functions, layers }: PackageSpec): Promise<Package> {
  const modules = new Map<FunctionSpec, Modules>();
  for (const spec of functions) modules.set(spec, await bundleFunction(root, spec, layers));
  const names = importedNames([...modules.values()].flatMap(({ sources }) => [...sources.values()]));

  const layerParts = new Map<string, Parts>();
  for (const layer of layers) {
    const bundles = await bundleLayer(root, layer, names);
    const files = new Map(bundles.flatMap((bundle) => [...bundle.files]));
    layerParts.set(layer.name, {
      name: `${layer.name}-layer`,
      files,
      metafiles: bundles.map(({ metafile }) => metafile),
      budget: BUDGETS.layer,
      around: new Set(),
    });
  }
  const functionParts: Parts[] = [];
  for (const [{ name, layers: used }, code] of modules) {
    const around = new Set(used.flatMap((layer) => packagePaths(layerParts.get(layer))));
    const { files, metafile } = await toCommonJs(code);
    functionParts.push({ name, files, metafiles: [metafile], budget: BUDGETS.function, around });
  }
  return finish(root, [...functionParts, ...layerParts.values()]);
}

interface Parts {
  readonly name: string;
  readonly files: ReadonlyMap<string, Code>;
  readonly metafiles: readonly Metafile[];
  readonly budget: number;
  /** What its layers hold, from the folder of their packages. */
  readonly around: ReadonlySet<string>;
}

function bundleFunction(root: string, spec: FunctionSpec, layers: readonly LayerSpec[]): Promise<Modules> {
  const { name, folder, entries, layers: used } = spec;
  const missing = used.filter((layer) => !layers.some((known) => known.name === layer));
  if (missing.length > 0) throw new PackageError([`${name} has a layer that is not known: ${missing.join(', ')}`]);
  const libraries = layers.filter((layer) => used.includes(layer.name)).flatMap(librariesOf);
  return bundleModules({
    root,
    entries: Object.fromEntries(entries.map((entry) => [entry, join(folder, 'src', `${entry}.ts`)])),
    sharedFolder: 'shared',
    external: libraries.map(({ specifier }) => specifier),
  });
}

function packagePaths(layer: Parts | undefined): string[] {
  const prefix = `${LAYER_MODULES}/`;
  return [...(layer?.files.keys() ?? [])].map((path) => path.slice(prefix.length));
}

function finish(root: string, all: readonly Parts[]): Package {
  const problems: string[] = [];
  const paths = new Set<string>();
  const artefacts = all.map((parts) => {
    const { name, files, metafiles, budget, around } = parts;
    const inputs = inputsOf(metafiles);
    for (const { path } of inputs) paths.add(path);
    const bytes = zip(new Map([...files].map(([path, { code }]) => [path, Buffer.from(code)])));
    const raw = [...files.values()].reduce((sum, { code }) => sum + Buffer.byteLength(code), 0);
    const size: Size = { name, raw, zipped: bytes.length, budget };
    const found = [...findStrangers(root, metafiles), ...findGaps(files, around)];
    problems.push(...found.map((problem) => `${name}: ${problem}`), ...findOversize(size, inputs));
    return { name, files, zip: bytes, size };
  });
  const licences = licencesOf(root, paths);
  return { artefacts, licences, problems: [...problems, ...findLicenceProblems(licences, ALLOWED_LICENCES)] };
}
