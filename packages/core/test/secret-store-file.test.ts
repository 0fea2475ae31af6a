import { chmod, mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { DataFolderError, type SecretStore, SecretUnusableError } from '@millrace/core';
import { openFileSecretStore } from '@millrace/core/sqlite';
import { describeSecretStore } from '@millrace/core/testing';
import { openFileSecretHarness } from './support/secret-store-harness.ts';
import { makeFolder } from './support/sqlite-harness.ts';

describeSecretStore('A folder', openFileSecretHarness);

let parent: string;
let folder: string;
let store: SecretStore;

beforeEach(async () => {
  parent = await makeFolder();
  folder = path.join(parent, 'data', 'secrets');
  store = await openFileSecretStore({ folder });
});
afterEach(() => rm(parent, { recursive: true, force: true }));

const modeOf = async (name: string): Promise<number> => (await stat(path.join(folder, name))).mode & 0o777;
const fileOf = (name: string): string => path.join(folder, name);

describe('the folder of secrets', () => {
  test('can be entered, and its files read, by their owner only, whatever the umask allows', async () => {
    const umask = process.umask(0);
    try {
      folder = path.join(parent, 'open', 'secrets');
      store = await openFileSecretStore({ folder });
      await store.create('a', 'text');
      await store.replace('b', 'text');
      expect(await Promise.all(['', '.tmp', 'a', 'b'].map(modeOf))).toEqual([0o700, 0o700, 0o600, 0o600]);
    } finally {
      process.umask(umask);
    }
  });

  test('holds nothing but the texts, under names that people can read', async () => {
    await store.create('signing-billing', 'text');
    await store.create('signing-Acme.eu', 'text');
    expect(await readdir(folder)).toEqual(['.tmp', 'signing-.41cme.2eeu', 'signing-billing']);
    expect(await readFile(fileOf('signing-billing'), 'utf8')).toBe('text');
    expect(await readdir(fileOf('.tmp'))).toEqual([]);
  });

  test('loses what a crash left half-written when it is opened', async () => {
    await writeFile(path.join(folder, '.tmp', '1'), 'half a secr');
    store = await openFileSecretStore({ folder });
    expect(await readdir(fileOf('.tmp'))).toEqual([]);
    await store.create('a', 'text');
    expect(await store.get('a')).toBe('text');
  });

  test('does not pile up what could not be put in place', async () => {
    await mkdir(fileOf('a'));
    await expect(store.replace('a', 'text')).rejects.toThrow(DataFolderError);
    expect(await readdir(fileOf('.tmp'))).toEqual([]);
  });

  test.each([0o755, 0o710, 0o701, 0o770])(
    'is refused with the mode %o, with the command that mends it',
    async (mode) => {
      await chmod(folder, mode);
      const opening = openFileSecretStore({ folder });
      await expect(opening).rejects.toThrow(DataFolderError);
      await expect(opening).rejects.toThrow(`(mode ${mode.toString(8)}): chmod 700 ${folder}`);
      await expect(store.get('a')).rejects.toThrow(`chmod 700 ${folder}`);
      await expect(store.create('a', 'text')).rejects.toThrow(`chmod 700 ${folder}`);
      await chmod(folder, 0o700);
      expect(await store.get('a')).toBeUndefined();
    },
  );

  test('that has gone is an error of every call, never a secret that is not there', async () => {
    await store.create('a', 'text');
    await rename(folder, `${folder}-away`);
    for (const call of [store.get('a'), store.create('a', 'other'), store.replace('a', 'other')]) {
      await expect(call).rejects.toThrow(DataFolderError);
      await expect(call).rejects.toThrow(`the folder ${folder} is gone`);
    }
    await rename(`${folder}-away`, folder);
    expect(await store.get('a')).toBe('text');
  });
});

describe('a secret that others could read', () => {
  test.each([0o644, 0o640, 0o604, 0o620, 0o601])('with the mode %o is refused, and no other is', async (mode) => {
    await store.create('a', 'hush');
    await store.create('b', 'text');
    await chmod(fileOf('a'), mode);
    for (const call of [store.get('a'), store.create('a', 'other')]) {
      await expect(call).rejects.toThrow(SecretUnusableError);
      await expect(call).rejects.toThrow(`(mode ${mode.toString(8)}): chmod 600 ${fileOf('a')}`);
      await expect(call).rejects.not.toThrow('hush');
    }
    expect(await store.get('b')).toBe('text');
    await chmod(fileOf('a'), 0o600);
    expect(await store.get('a')).toBe('hush');
  });

  test('is named so that a shell takes the command as it is', async () => {
    folder = path.join(parent, "it's here");
    store = await openFileSecretStore({ folder });
    await store.create('a', 'text');
    await chmod(fileOf('a'), 0o644);
    await expect(store.get('a')).rejects.toThrow(`chmod 600 '${parent}/it'\\''s here/a'`);
  });

  test('is mended by being replaced', async () => {
    await store.create('a', 'hush');
    await chmod(fileOf('a'), 0o644);
    await store.replace('a', 'another');
    expect(await store.get('a')).toBe('another');
    expect(await modeOf('a')).toBe(0o600);
  });
});

describe('something else in the place of a secret', () => {
  test('is no secret: a folder', async () => {
    await mkdir(fileOf('a'));
    await expect(store.get('a')).rejects.toThrow(`the secret a cannot be used: ${fileOf('a')} is not a file`);
  });

  test('is no secret: a link that leads nowhere but to itself', async () => {
    await symlink(fileOf('a'), fileOf('a'));
    await expect(store.get('a')).rejects.toThrow(SecretUnusableError);
  });
});
