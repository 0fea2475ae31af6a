import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { DataFolderError, type SignedUpload, StoreUnavailableError, UploadRefusedError } from '@millrace/core';
import { openFilePayloadStore } from '@millrace/core/sqlite';
import { anUpload, readAll } from '@millrace/core/testing';
import fc from 'fast-check';
import {
  chunksOf,
  type FilePayloadHarness,
  openFilePayloadHarness,
  signedUploadOf,
} from './support/file-payload-harness.ts';

const HOUR_MS = 3_600_000;
const BYTES = Buffer.from('{"total":12.5}');

let h: FilePayloadHarness;
beforeEach(async () => {
  h = await openFilePayloadHarness();
});
afterEach(() => h.close());

const begin = async (): Promise<SignedUpload> => signedUploadOf(await h.store.beginUpload(anUpload(BYTES)));
const receive = (upload: SignedUpload) => h.store.receive(upload, chunksOf([BYTES]));

describe('a URL of the server itself', () => {
  test('is relative to the server, and good for an hour', async () => {
    const { url, headers, expiresAt } = await h.store.beginUpload(anUpload(BYTES));
    expect(url).toMatch(/^payloads\/sha256-[0-9a-f]{64}\?senderId=billing&size=14&expires=\d+&signature=[\w-]{43}$/);
    expect(headers).toEqual({ 'content-length': '14' });
    expect(expiresAt).toBe(h.clock.now() + HOUR_MS);
    const upload = await begin();
    h.clock.advance(HOUR_MS - 1);
    await receive(upload);
    h.clock.advance(1);
    await expect(receive(upload)).rejects.toMatchObject({ fault: 'forbidden', message: /has expired/ });
  });

  test('is refused when any part of it is another than was signed, and nothing is read', async () => {
    const upload = await begin();
    const others = fc.oneof(
      fc.record({ senderId: fc.string() }),
      fc.record({ sha256: fc.stringMatching(/^[0-9a-f]{64}$/) }),
      fc.record({ size: fc.nat() }),
      fc.record({ expiresAt: fc.nat() }),
      fc.record({ signature: fc.string() }),
    );
    await fc.assert(
      fc.asyncProperty(others, async (other) => {
        fc.pre(Object.entries(other).some(([name, value]) => upload[name as keyof SignedUpload] !== value));
        let wasRead = false;
        async function* chunks() {
          wasRead = true;
          yield* chunksOf([BYTES]);
        }
        const refused = h.store.receive({ ...upload, ...other }, chunks());
        await expect(refused).rejects.toMatchObject({ code: 'upload-refused', fault: 'forbidden' });
        expect(wasRead).toBe(false);
      }),
      { numRuns: 200 },
    );
    expect(await h.files()).toEqual([]);
  });

  test('is not one of another data folder', async () => {
    const other = await openFilePayloadHarness();
    const upload = signedUploadOf(await other.store.beginUpload(anUpload(BYTES)));
    await other.close();
    await expect(receive(upload)).rejects.toMatchObject({ fault: 'forbidden' });
  });
});

describe('an upload', () => {
  test.each([
    ['is cut in its middle', [BYTES.subarray(0, 5)], new Error('aborted'), 'mismatch', /broke off/],
    ['ends too early', [BYTES.subarray(0, 5)], undefined, 'mismatch', /has 5 of its 14 bytes/],
    ['is too long', [BYTES, BYTES], undefined, 'too-large', /more than its 14 bytes/],
    ['has other bytes', [Buffer.from('{"total":13.5}')], undefined, 'mismatch', /has the SHA-256 [0-9a-f]{64}, not/],
  ])('that %s is refused with what is wrong, and leaves nothing behind', async (_, chunks, end, fault, message) => {
    const refused = h.store.receive(await begin(), chunksOf(chunks, end));
    await expect(refused).rejects.toThrow(UploadRefusedError);
    await expect(refused).rejects.toMatchObject({ fault, message: expect.stringMatching(message) });
    expect(await h.files()).toEqual([]);
  });

  test('that is on its way does not hold up what uses the same content', async () => {
    const through = Promise.withResolvers<void>();
    async function* slow() {
      yield BYTES.subarray(0, 5);
      await through.promise;
      yield BYTES.subarray(5);
    }
    const upload = await begin();
    const slowly = h.store.receive(upload, slow());
    await receive(upload);
    const ref = await h.store.hold(upload);
    expect(ref?.size).toBe(BYTES.length);
    through.resolve();
    await slowly;
    expect(await h.store.hold(upload)).toEqual(ref);
  });

  test('that the database cannot take note of is not there, and leaves nothing behind', async () => {
    const index = {
      ...h.messages.payloadIndex,
      keep: () => Promise.reject(new StoreUnavailableError('the disk is full')),
    };
    const store = await openFilePayloadStore({ folder: h.folder, index, clock: h.clock });
    await expect(store.receive(await begin(), chunksOf([BYTES]))).rejects.toThrow(StoreUnavailableError);
    await expect(store.put('billing', BYTES)).rejects.toThrow(StoreUnavailableError);
    expect(await h.files()).toEqual([]);
  });
});

describe('the folder', () => {
  test('has each payload as a file with its bytes and nothing else', async () => {
    await h.store.put('billing', BYTES);
    const file = path.join(h.folder, 'payloads/billing', `@${anUpload(BYTES).sha256}`);
    expect((await readFile(file)).equals(BYTES)).toBe(true);
  });

  test('that is gone says so: its payloads may come back with it', async () => {
    const ref = await h.store.put('billing', BYTES);
    await rm(path.join(h.folder, 'payloads'), { recursive: true });
    await expect(h.store.open(ref)).rejects.toThrow(DataFolderError);
    await expect(h.store.hold(anUpload(BYTES))).rejects.toThrow(/is gone: put it back/);
  });

  test('that was copied elsewhere has the same payloads', async () => {
    const ref = await h.store.put('billing', BYTES);
    await h.restart();
    const file = path.join(h.folder, 'payloads/billing', `@${ref.sha256}`);
    await writeFile(`${file}.copy`, await readFile(file));
    await rm(file);
    await writeFile(file, await readFile(`${file}.copy`));
    expect((await readAll(await h.store.open(ref))).equals(BYTES)).toBe(true);
  });
});

describe('the key of the folder', () => {
  const keyFile = () => path.join(h.folder, 'upload-key');

  test('is for its owner alone', async () => {
    expect((await stat(keyFile())).mode & 0o777).toBe(0o600);
    expect(await readFile(keyFile(), 'utf8')).toMatch(/^[0-9a-f]{64}$/);
  });

  test('that holds something else keeps the store from opening, with what to do', async () => {
    const open = () => openFilePayloadStore({ folder: h.folder, index: h.messages.payloadIndex });
    await writeFile(keyFile(), 'x');
    await expect(open()).rejects.toThrow(DataFolderError);
    await expect(open()).rejects.toThrow(/upload-key holds no key: remove it/);
    await rm(keyFile());
    await open();
  });
});
