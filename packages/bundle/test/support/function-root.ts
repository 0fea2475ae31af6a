/** A function as Lambda lays it out: its zip in `/var/task`, its layers one over the other in `/opt`. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { unzipSync } from 'fflate';
import type { FunctionSpec } from '../../src/artefacts.ts';
import type { Package } from '../../src/package-all.ts';

export interface FunctionRoot {
  /** Of the function's code. */
  readonly taskRoot: string;
  /** Where Lambda looks for modules beside the code, as it writes it into NODE_PATH. */
  readonly nodePath: string;
  remove(): void;
}

/** Unpacks a function into an empty folder. */
export function unpackFunction({ artefacts }: Package, { name, layers }: FunctionSpec): FunctionRoot {
  const root = mkdtempSync(join(tmpdir(), 'millrace-function-'));
  const unpack = (artefact: string, folder: string): void => {
    const zip = artefacts.find((one) => one.name === artefact)?.zip;
    if (zip === undefined) throw new Error(`there is no zip ${artefact}`);
    for (const [path, bytes] of Object.entries(unzipSync(zip))) write(join(root, folder, path), bytes);
  };
  unpack(name, 'var/task');
  for (const layer of layers) unpack(`${layer}-layer`, 'opt');
  const searched = [
    'opt/nodejs/node22/node_modules',
    'opt/nodejs/node_modules',
    'var/runtime/node_modules',
    'var/runtime',
    'var/task',
  ];
  return {
    taskRoot: join(root, 'var/task'),
    nodePath: searched.map((folder) => join(root, folder)).join(':'),
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

function write(path: string, bytes: Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
}
