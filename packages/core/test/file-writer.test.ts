import { access, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { DataFolderError, InvalidKeyError, ObjectStoreUnavailableError } from '@millrace/core';
import { createManualClock } from '@millrace/core/testing';
import { explainingFiles } from '../src/sqlite/file-errors.ts';
import { createFileTree, type FileTree } from '../src/sqlite/file-tree.ts';
import { createFileWriter } from '../src/sqlite/file-writer.ts';
import { makeFolder } from './support/sqlite-harness.ts';

const BYTES = Buffer.from('some bytes');

let root: string;
let scratch: string;
let file: string;

beforeEach(async () => {
  root = await makeFolder();
  scratch = path.join(root, '.tmp');
  file = path.join(root, 'a', 'b', '@c');
  await mkdir(scratch);
});
afterEach(() => rm(root, { recursive: true }));

/** A tree in which something happens once a folder is there and before its caller goes on. */
function treeWith(afterEnsure: (call: number, folder: string, tree: FileTree) => Promise<void>): FileTree {
  const tree = createFileTree(root);
  let calls = 0;
  return {
    ...tree,
    async ensure(folder) {
      await tree.ensure(folder);
      calls += 1;
      await afterEnsure(calls, folder, tree);
    },
  };
}

function isThere(name: string): Promise<boolean> {
  return access(name).then(
    () => true,
    () => false,
  );
}

describe('a write', () => {
  test('whose folder goes before the file comes into it makes the folder again', async () => {
    const tree = treeWith(async (call, folder, real) => {
      if (call <= 3) await real.prune(folder);
    });
    await createFileWriter(scratch, tree, createManualClock()).write(BYTES, file);
    expect((await readFile(file)).equals(BYTES)).toBe(true);
    expect(await readdir(scratch)).toEqual([]);
  });

  test('gives up when the folder cannot be kept, and leaves nothing behind', async () => {
    const tree = treeWith((_, folder, real) => real.prune(folder));
    await expect(createFileWriter(scratch, tree, createManualClock()).write(BYTES, file)).rejects.toThrow();
    expect(await readdir(scratch)).toEqual([]);
  });

  test('makes sure of its folder once more when the file lies in it: the folder may be another one', async () => {
    const seen: boolean[] = [];
    const tree = treeWith(async () => {
      seen.push(await isThere(file));
    });
    await createFileWriter(scratch, tree, createManualClock()).write(BYTES, file);
    expect(seen).toEqual([false, true]);
  });
});

describe('an error of the file system', () => {
  const failWith = (code: string) =>
    explainingFiles('write', 'a/b', () => Promise.reject(Object.assign(new Error(`${code}: no`), { code })));

  test.each(['ENOSPC', 'EDQUOT', 'EIO', 'EMFILE', 'ENFILE', 'EBUSY'])('%s can pass', async (code) => {
    const failed = failWith(code);
    await expect(failed).rejects.toThrow(ObjectStoreUnavailableError);
    await expect(failed).rejects.toThrow(`cannot write a/b: ${code}: no`);
  });

  test.each(['EACCES', 'EROFS', 'ENOTDIR', 'ENAMETOOLONG'])('%s must be mended', async (code) => {
    const failed = failWith(code);
    await expect(failed).rejects.toThrow(DataFolderError);
    await expect(failed).rejects.toThrow(`cannot write a/b: ${code}: no`);
  });

  test('is told from errors of the program, which come through as they are', async () => {
    for (const error of [new TypeError('a defect'), new InvalidKeyError('', 'is empty')]) {
      await expect(explainingFiles('write', 'a', () => Promise.reject(error))).rejects.toBe(error);
    }
  });
});
