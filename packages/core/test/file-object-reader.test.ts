import { execFileSync } from 'node:child_process';
import { chmod, mkdir, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { DataFolderError, InvalidKeyError } from '@millrace/core';
import { type FileObjectReader, openFileObjectReader, PLAIN_LAYOUT, VISIBLE_LAYOUT } from '@millrace/core/sqlite';
import fc from 'fast-check';
import { makeFolder } from './support/sqlite-harness.ts';

let folder: string;
let reader: FileObjectReader;

beforeEach(async () => {
  folder = await makeFolder();
  reader = await openFileObjectReader({ folder, layout: PLAIN_LAYOUT });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function put(key: string, content: string | Uint8Array = key): Promise<void> {
  const file = path.join(folder, key);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, content);
}

/** All keys, by pages that follow one another. */
async function keys(limit = 1_000, prefix = '', from = reader): Promise<string[]> {
  const found: string[] = [];
  for (let startAfter = ''; ; ) {
    const { objects, more } = await from.list({ prefix, startAfter, limit });
    found.push(...objects.map(({ key }) => key));
    startAfter = found.at(-1) ?? '';
    if (!more) return found;
    expect(objects).toHaveLength(limit);
  }
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

describe('the objects of a folder', () => {
  test('are its files, in the byte order of their paths, in pages of any size', async () => {
    const names = ['b', 'a/b', 'a.json', 'a-1/x', 'B', 'a/B', '.hidden', 'a0', 'ü', 'a b/c', 'z/y/x/w'];
    for (const name of names) await put(name);
    const sorted = [...names].sort(byBytes);
    for (const limit of [1, 2, 3, 10, 11, 12, 100]) expect(await keys(limit)).toEqual(sorted);
    expect(await keys(2, 'a')).toEqual(sorted.filter((name) => name.startsWith('a')));
    expect(await keys(2, 'a/')).toEqual(['a/B', 'a/b']);
    expect(await keys(2, 'z/y/')).toEqual(['z/y/x/w']);
    expect(await keys(2, 'nothing/')).toEqual([]);
  });

  test('are listed in byte order whatever they are called', async () => {
    const names = fc.stringMatching(/^[a-cA-C0.é-]{1,3}$/u).filter((name) => name !== '.' && name !== '..');
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.tuple(names, fc.option(names, { nil: undefined })), { maxLength: 12 }),
        fc.integer({ min: 1, max: 5 }),
        async (paths, limit) => {
          await rm(folder, { recursive: true });
          await mkdir(folder);
          const written = new Set<string>();
          for (const [first, second] of paths) {
            const key = second === undefined ? first : `${first}/${second}`;
            const isTaken = [...written].some((other) => other.startsWith(`${key}/`) || key.startsWith(`${other}/`));
            if (isTaken) continue;
            await put(key);
            written.add(key);
          }
          expect(await keys(limit)).toEqual([...written].sort(byBytes));
        },
      ),
      { numRuns: 100 },
    );
  });

  test('have ETags of their bytes: the same when listed and got, another for other bytes alone', async () => {
    for (const size of [0, 10, 200_000]) {
      await put('x', Buffer.alloc(size, 'a'));
      const { objects } = await reader.list({ limit: 1 });
      const got = await reader.get('x');
      const { bytes, ...info } = got ?? { bytes: undefined };
      expect(objects).toEqual([info]);
      expect(await reader.head('x')).toEqual(info);
      expect(bytes?.length).toBe(size);
      await utimes(path.join(folder, 'x'), 1, 1);
      expect((await reader.get('x'))?.etag).toBe(got?.etag);
      await put('x', Buffer.alloc(size + 1, 'a'));
      expect((await reader.get('x'))?.etag).not.toBe(got?.etag);
    }
  });

  test('can be read in part', async () => {
    for (const size of [10, 300_000]) {
      const content = Buffer.from('0123456789'.repeat(size / 10));
      await put('x', content);
      for (const range of [
        { start: 3 },
        { start: 3, end: 5 },
        { start: size - 2, end: size + 9 },
        { start: size + 1 },
      ]) {
        const part = await reader.get('x', { range });
        expect(part?.size).toBe(size);
        expect(Buffer.compare(part?.bytes ?? content, content.subarray(range.start, range.end))).toBe(0);
      }
    }
  });

  test('are not there when they are not, and are not taken for gone with their folder', async () => {
    await put('a/b');
    for (const key of ['c', 'a', 'a/b/c', 'a/c']) expect(await reader.get(key)).toBeUndefined();
    for (const key of ['a//b', './a', 'a/../a/b']) await expect(reader.get(key)).rejects.toThrow(InvalidKeyError);
    await rm(folder, { recursive: true });
    await expect(reader.get('a/b')).rejects.toThrow(DataFolderError);
    await expect(reader.list({ limit: 1 })).rejects.toThrow('is gone');
    await mkdir(folder);
  });

  test('without what begins with a dot, for who asks for that', async () => {
    for (const name of ['.tmp/1', '.lock', 'a/.b', 'a/c']) await put(name);
    expect(await keys(9, '', await openFileObjectReader({ folder, layout: VISIBLE_LAYOUT }))).toEqual(['a/c']);
  });
});

describe('what is no file in a folder', () => {
  test('is listed, and an error when it is asked for: links that lead out or nowhere, or to a folder', async () => {
    await put('real/file');
    await symlink('/etc', path.join(folder, 'out'));
    await symlink('/etc/hostname', path.join(folder, 'out-file'));
    await symlink('nowhere', path.join(folder, 'broken'));
    await symlink('real', path.join(folder, 'loop'));
    await symlink('real/file', path.join(folder, 'inside'));
    expect(await keys()).toEqual(['broken', 'inside', 'loop', 'out', 'out-file', 'real/file']);
    for (const key of ['out', 'out-file']) await expect(reader.get(key)).rejects.toThrow('leads out of the folder');
    await expect(reader.get('broken')).rejects.toThrow('leads nowhere');
    await expect(reader.get('loop')).rejects.toThrow('not a file');
    expect((await reader.get('inside'))?.bytes.toString()).toBe('real/file');
  });

  test('does not hold a reader up: a pipe', async () => {
    execFileSync('mkfifo', [path.join(folder, 'pipe')]);
    expect(await keys()).toEqual(['pipe']);
    await expect(reader.get('pipe')).rejects.toThrow('is not a file');
  });

  test('is a name that is not UTF-8: listed, and an error when it is asked for', async () => {
    await writeFile(Buffer.concat([Buffer.from(`${folder}/log-`), Buffer.from([0xff])]), 'x');
    expect(await keys()).toEqual(['log-\u{fffd}']);
    await expect(reader.get('log-\u{fffd}')).rejects.toThrow('rename it');
  });

  test('is a folder that is not there, or is a file: an error at once', async () => {
    await put('file');
    const open = (name: string) => openFileObjectReader({ folder: path.join(folder, name), layout: PLAIN_LAYOUT });
    await expect(open('nothing')).rejects.toThrow(`there is no folder ${path.join(folder, 'nothing')}`);
    await expect(open('file')).rejects.toThrow('is not a folder');
  });
});

test('nothing is written into a folder that is read', async () => {
  await put('a/b');
  await chmod(folder, 0o555);
  try {
    await keys();
    await reader.get('a/b');
    expect(await readdir(folder, { recursive: true })).toEqual(['a', 'a/b']);
  } finally {
    await chmod(folder, 0o755);
  }
});
