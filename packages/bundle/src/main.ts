/**
 * `make package`: writes the zips of all functions and layers, source maps, sizes and licences to a folder, in place of
 * what it held.
 */

import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { FUNCTIONS, LAYERS } from './artefacts.ts';
import { packageAll } from './package-all.ts';
import { PackageError } from './problems.ts';
import { formatSizes } from './sizes.ts';
import { writePackage } from './write-package.ts';

const ROOT = resolve(import.meta.dirname, '../../..');

const USAGE = `Usage: package [--out DIR]
  --out DIR   folder to write, emptied before (default: dist)
`;

async function main(out: string): Promise<void> {
  const made = await packageAll(ROOT, { functions: FUNCTIONS, layers: LAYERS });
  process.stdout.write(formatSizes(made.artefacts.map(({ size }) => size)));
  if (made.problems.length > 0) throw new PackageError(made.problems);
  writePackage(out, made);
}

try {
  const { values } = parseArgs({
    options: { out: { type: 'string', default: join(ROOT, 'dist') }, help: { type: 'boolean' } },
  });
  if (values.help) process.stdout.write(USAGE);
  else await main(resolve(values.out));
} catch (error) {
  const isOwn = error instanceof Error && (error instanceof PackageError || 'code' in error);
  process.stderr.write(`package: ${isOwn ? error.message : String(error instanceof Error ? error.stack : error)}\n`);
  process.exitCode = 1;
}
