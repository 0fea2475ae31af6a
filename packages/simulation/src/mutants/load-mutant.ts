/** Puts a mutant in place of the code as it is, in this process, before that code is loaded. */

import { registerHooks } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Mutant } from './mutants.ts';

const PACKAGES = path.resolve(import.meta.dirname, '../../..');

/**
 * @returns a function that says whether the code has been loaded, and so changed
 */
export function loadMutant({ file, code, instead }: Mutant): () => boolean {
  const { href } = pathToFileURL(path.join(PACKAGES, file));
  let isLoaded = false;
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      if (url !== href) return loaded;
      isLoaded = true;
      return { ...loaded, source: mutate(String(loaded.source), code, instead, file) };
    },
  });
  return () => isLoaded;
}

/** @throws Error unless the code is there exactly once */
export function mutate(source: string, code: string, instead: string, file: string): string {
  const found = source.split(code).length - 1;
  if (found !== 1) throw new Error(`${file} has ${found} times, not once: ${code}`);
  return source.replace(code, () => instead);
}
