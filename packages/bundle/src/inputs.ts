/** What went into a bundle, as esbuild tells it. */

import type { Metafile } from 'esbuild';

/** A source file, relative to the root of the repository. */
export interface Input {
  readonly path: string;
  /** Of its code in the bundle, before that is minified. */
  readonly bytes: number;
}

/** Files of which code is in the bundle, largest first. */
export function inputsOf(metafiles: readonly Metafile[]): readonly Input[] {
  const bytes = new Map<string, number>();
  for (const { outputs } of metafiles) {
    for (const { inputs } of Object.values(outputs)) {
      for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
        if (bytesInOutput > 0) bytes.set(path, (bytes.get(path) ?? 0) + bytesInOutput);
      }
    }
  }
  const inputs = [...bytes].map(([path, count]) => ({ path, bytes: count }));
  return inputs.sort((a, b) => b.bytes - a.bytes || (a.path < b.path ? -1 : 1));
}

/** The folder of the npm package that a file belongs to; undefined for the repository's own. */
export function packageFolder(path: string): string | undefined {
  return /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path)?.[0];
}

/** The name of the package that an import names; undefined when it names a file. */
export function packageName(specifier: string): string | undefined {
  return /^(?:@[^/]+\/)?[^./@][^/]*/.exec(specifier)?.[0];
}
