import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

/** Zips in a folder of their own. */
export interface Dist {
  readonly folder: string;
  remove(): Promise<void>;
}

const PACKAGE = resolve(import.meta.dirname, '../../../src/main.ts');

/** Makes the zips anew, as `make package` does. @throws when they cannot be made, or must not be shipped */
export async function makeDist(): Promise<Dist> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-dist-'));
  await promisify(execFile)(process.execPath, [PACKAGE, '--out', folder]);
  return { folder, remove: () => rm(folder, { recursive: true }) };
}
