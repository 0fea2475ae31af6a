import { rm } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { DataFolderError } from '@millrace/core';
import { openSqliteStore } from '@millrace/core/sqlite';
import { accepted } from '@millrace/core/testing';
import { contentsOf, fillFolder } from '../support/sqlite-folders.ts';
import { makeFolder } from '../support/sqlite-harness.ts';
import { firstLine, type OwnerProcess, startOwner } from '../support/sqlite-process.ts';

const TIMEOUT_MS = 60_000;
const IN_USE = /in use by another millrace: stop it first/;

describe('a data folder has one owner among all processes', () => {
  let folder: string;
  const owners: OwnerProcess[] = [];
  const start = (): OwnerProcess => {
    const owner = startOwner('hold', folder);
    owners.push(owner);
    return owner;
  };

  beforeEach(async () => {
    folder = await makeFolder();
  });
  afterEach(async () => {
    await Promise.all(owners.splice(0).map((owner) => owner.kill()));
    await rm(folder, { recursive: true });
  });

  test(
    'a second one is refused in one line and changes nothing; a kill of the first gives the folder free at once',
    async () => {
      await fillFolder(folder);
      const first = start();
      expect(await firstLine(first)).toEqual({ event: 'open' });
      const before = await contentsOf(folder);
      for (const thread of [false, true]) {
        const error = await openSqliteStore({ folder, thread }).catch((refused: unknown) => refused);
        expect(error).toBeInstanceOf(DataFolderError);
        expect(String(error)).toMatch(IN_USE);
        expect(String(error)).not.toContain('\n');
      }
      expect(await firstLine(start())).toEqual({ event: 'refused', message: expect.stringMatching(IN_USE) });
      expect(await contentsOf(folder)).toEqual(before);

      await first.kill();
      const store = await openSqliteStore({ folder, thread: false });
      expect(await store.counts()).toMatchObject({ accepted: 50, waiting: 50 });
      await store.close();
    },
    TIMEOUT_MS,
  );

  test.each([false, true])(
    'a second try within the owning process does not open the folder to others (on a thread: %p)',
    async (thread) => {
      const store = await openSqliteStore({ folder, thread });
      await accepted(store);
      await expect(openSqliteStore({ folder, thread: false })).rejects.toThrow(IN_USE);
      await expect(openSqliteStore({ folder, thread: true })).rejects.toThrow(IN_USE);
      expect(await firstLine(start())).toEqual({ event: 'refused', message: expect.stringMatching(IN_USE) });
      await accepted(store);
      await store.close();
      expect(await firstLine(start())).toEqual({ event: 'open' });
    },
    TIMEOUT_MS,
  );
});
