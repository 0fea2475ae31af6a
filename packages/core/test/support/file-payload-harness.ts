import { readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parsePayloadId, type SignedUpload, UploadRefusedError, type UploadTicket } from '@millrace/core';
import { type FilePayloadStore, openFilePayloadStore, openSqliteStore, type SqliteStore } from '@millrace/core/sqlite';
import { createManualClock, type ManualClock, type PayloadStoreHarness } from '@millrace/core/testing';
import { makeFolder } from './sqlite-harness.ts';

export interface FilePayloadHarness extends PayloadStoreHarness {
  readonly store: FilePayloadStore;
  /** Of the same folder. */
  readonly messages: SqliteStore;
  readonly clock: ManualClock;
  readonly folder: string;
  /** Every file below the folder of payloads, also unfinished ones. */
  files(): Promise<string[]>;
}

/** A payload store in a data folder of its own, under a clock that the test moves; `close` removes the folder. */
export async function openFilePayloadHarness(): Promise<FilePayloadHarness> {
  const folder = await makeFolder();
  const clock = createManualClock();
  const open = async () => {
    const messages = await openSqliteStore({ folder, clock, thread: false });
    return { messages, store: await openFilePayloadStore({ folder, index: messages.payloadIndex, clock }) };
  };
  let { messages, store } = await open();
  const root = path.join(folder, 'payloads');
  return {
    get store() {
      return store;
    },
    get messages() {
      return messages;
    },
    clock,
    folder,
    async files() {
      const found = await readdir(root, { recursive: true, withFileTypes: true });
      return found.filter((entry) => entry.isFile()).map(({ name }) => name);
    },
    async upload(ticket, chunks) {
      try {
        await store.receive(signedUploadOf(ticket), chunksOf(chunks));
        return true;
      } catch (error) {
        if (error instanceof UploadRefusedError) return false;
        throw error;
      }
    },
    async tamper({ sha256, key }, bytes) {
      const [sender = ''] = key.split('/');
      const found = await readdir(root, { recursive: true, withFileTypes: true });
      const isIn = (folderPath: string): boolean => path.relative(root, folderPath).startsWith(sender);
      const [file] = found.filter(({ name, parentPath }) => name === `@${sha256}` && isIn(parentPath));
      if (file === undefined) throw new Error(`there is no file of ${key}`);
      const place = path.join(file.parentPath, file.name);
      if (bytes === undefined) await rm(place);
      else await writeFile(place, bytes);
    },
    async restart() {
      await messages.close();
      ({ messages, store } = await open());
    },
    async close() {
      await messages.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** As the API reads the URL. */
export function signedUploadOf({ url }: UploadTicket): SignedUpload {
  const { pathname, searchParams } = new URL(url, 'http://127.0.0.1/');
  return {
    senderId: searchParams.get('senderId') ?? '',
    sha256: parsePayloadId(pathname.split('/').at(-1) ?? '') ?? '',
    size: Number(searchParams.get('size')),
    expiresAt: Number(searchParams.get('expires')),
    signature: searchParams.get('signature') ?? '',
  };
}

/** @param end after the chunks: an error */
export async function* chunksOf(chunks: readonly Uint8Array[], end?: Error): AsyncGenerator<Uint8Array> {
  yield* chunks;
  await Promise.resolve();
  if (end !== undefined) throw end;
}
