/** A small repository in a folder of its own. */

import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach } from '@jest/globals';

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A folder that is removed after the test. @returns its absolute path, without links */
export function temporaryFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'millrace-bundle-')));
  folders.push(folder);
  return folder;
}

/** @param files contents by path @returns its root */
export function aRepository(files: Readonly<Record<string, string>>): string {
  const root = temporaryFolder();
  for (const [path, content] of Object.entries(files)) writeInto(root, path, content);
  return root;
}

export function writeInto(root: string, path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

/** The files of an npm package, below its folder. */
export function aPackage(folder: string, manifest: object, files: Readonly<Record<string, string>>) {
  const text = JSON.stringify({ version: '1.2.3', license: 'MIT', main: 'index.js', ...manifest });
  const all = { 'package.json': text, LICENSE: 'Do what you like.', ...files };
  return Object.fromEntries(Object.entries(all).map(([path, content]) => [`${folder}/${path}`, content]));
}
