/**
 * `PayloadStore` in a data folder: a file for each payload, named by sender and hash, and a row in the database of who
 * needs it until when.
 *
 * Invariant: no file without its row, so that none is forgotten. The row comes before the file and goes behind it, and
 * who puts, holds or removes one payload does so in turn.
 */

import { hash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { type FileHandle, open, stat, unlink } from 'node:fs/promises';
import path from 'node:path';
import {
  isUploadSigned,
  type PayloadName,
  type PayloadRef,
  type PayloadUpload,
  payloadId,
  payloadPath,
  signUpload,
} from '../domain/payload.ts';
import { DataFolderError } from '../errors.ts';
import { createKeyLocks } from '../key-locks.ts';
import { type Clock, systemClock } from '../ports/clock.ts';
import { asPartOfStore } from '../ports/object-store.ts';
import {
  PayloadMissingError,
  type PayloadStore,
  type UploadReceiver,
  UploadRefusedError,
} from '../ports/payload-store.ts';
import { explainingFiles, hasCode } from './file-errors.ts';
import { createFileEtags, etagOfHash } from './file-etags.ts';
import { placeOf, toByteString } from './file-layout.ts';
import { readFileChunks } from './file-reading.ts';
import { isThere, makeRoot } from './file-root.ts';
import { createFileTree, syncRemoval } from './file-tree.ts';
import { createFileWriter, type FileContent } from './file-writer.ts';
import type { PayloadIndex } from './payload-index.ts';
import { checked } from './upload-check.ts';
import { readUploadKey } from './upload-key.ts';

export interface FilePayloadStoreOptions {
  /** The data folder; payloads are in a folder of it. The caller owns it, and nobody else uses it. */
  readonly folder: string;
  /** Of the message store of the same folder. */
  readonly index: PayloadIndex;
  readonly clock?: Clock;
}

export interface FilePayloadStore extends PayloadStore, UploadReceiver {
  /** Removes payloads that no message has and that nobody has held for a day; returns how many. */
  removeUnused(): Promise<number>;
}

const FOLDER = 'payloads';
const KEPT_MS = 86_400_000;
/** An upload must have begun by then. */
const UPLOAD_MS = 3_600_000;

/** @throws DataFolderError, StoreUnavailableError */
export async function openFilePayloadStore(options: FilePayloadStoreOptions): Promise<FilePayloadStore> {
  const { folder, index, clock = systemClock } = options;
  const root = path.resolve(folder, FOLDER);
  const [scratch, signingKey] = await explaining('open', root, () =>
    Promise.all([makeRoot(root), readUploadKey(folder)]),
  );
  const tree = createFileTree(root);
  const writer = createFileWriter(scratch, tree, clock);
  const etags = createFileEtags();
  const locks = createKeyLocks();

  const fileOf = (key: string): string => {
    const { folders, file } = placeOf(toByteString(key));
    return path.join(root, ...folders, file);
  };

  /** Only a folder that is there can say that a file is not. */
  async function assertRoot(): Promise<void> {
    if (await isThere(scratch)) return;
    throw new DataFolderError(`the folder ${root} is gone: put it back (or mount its disk) and start again`);
  }

  /** Opens the file of a payload; undefined when there is none. */
  async function openFile(file: string): Promise<{ readonly handle: FileHandle; readonly stats: Stats } | undefined> {
    try {
      const handle = await open(file, 'r');
      return { handle, stats: await handle.stat() };
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) throw error;
      await assertRoot();
      return undefined;
    }
  }

  /** A file with another content than its name says is as good as none. */
  async function find(name: PayloadName): Promise<PayloadRef | undefined> {
    const key = payloadPath(name);
    const file = fileOf(key);
    const opened = await openFile(file);
    if (opened === undefined) return undefined;
    try {
      const etag = await etags.of(file, opened.stats, opened.handle);
      if (etag !== etagOfHash(name.sha256)) return undefined;
      return { key, sha256: name.sha256, size: opened.stats.size, etag };
    } finally {
      await opened.handle.close();
    }
  }

  async function write(name: PayloadName, content: FileContent): Promise<void> {
    const key = payloadPath(name);
    const file = fileOf(key);
    await writer.write(content, file, (place) =>
      locks.run(key, async () => {
        await index.keep(key, clock.now() + KEPT_MS);
        await place();
        etags.remember(file, await stat(file), etagOfHash(name.sha256));
      }),
    );
  }

  function hold(name: PayloadName): Promise<PayloadRef | undefined> {
    const key = payloadPath(name);
    return locks.run(key, async () => {
      const found = await find(name);
      if (found !== undefined) await index.keep(key, clock.now() + KEPT_MS);
      return found;
    });
  }

  /** False when somebody has held it meanwhile. */
  function removeIfUnused(key: string): Promise<boolean> {
    return locks.run(key, async () => {
      if (!(await index.isUnused(key, clock.now()))) return false;
      const file = fileOf(key);
      etags.forget(file);
      try {
        await unlink(file);
        await syncRemoval(path.dirname(file));
        await tree.prune(path.dirname(file));
      } catch (error) {
        if (!hasCode(error, 'ENOENT')) throw error;
        await assertRoot();
      }
      await index.forget(key);
      return true;
    });
  }

  return {
    beginUpload(upload: PayloadUpload) {
      const expiresAt = clock.now() + UPLOAD_MS;
      const { senderId, sha256, size } = upload;
      const query = new URLSearchParams({
        senderId,
        size: String(size),
        expires: String(expiresAt),
        signature: signUpload(signingKey, { ...upload, expiresAt }),
      });
      const headers = { 'content-length': String(size) };
      return Promise.resolve({ url: `payloads/${payloadId(sha256)}?${query}`, headers, expiresAt });
    },

    async receive(upload, chunks) {
      if (!isUploadSigned(signingKey, upload)) {
        throw new UploadRefusedError('forbidden', 'the URL of the upload is not one that this server gave');
      }
      if (upload.expiresAt <= clock.now()) {
        throw new UploadRefusedError('forbidden', 'the URL of the upload has expired: ask for another');
      }
      await explaining('write', payloadPath(upload), () => write(upload, checked(upload, chunks)));
    },

    hold: (name) => explaining('read', payloadPath(name), () => hold(name)),

    async put(senderId, bytes) {
      const name = { senderId, sha256: hash('sha256', bytes, 'hex') };
      const key = payloadPath(name);
      return await explaining('write', key, async () => {
        const found = await hold(name);
        if (found !== undefined) return found;
        await write(name, bytes);
        return { key, sha256: name.sha256, size: bytes.length, etag: etagOfHash(name.sha256) };
      });
    },

    open: (ref) =>
      explaining('read', ref.key, async () => {
        const file = fileOf(ref.key);
        const opened = await openFile(file);
        if (opened === undefined) throw new PayloadMissingError(ref, 'is gone');
        const { handle, stats } = opened;
        try {
          if (stats.size !== ref.size) {
            throw new PayloadMissingError(ref, `has ${stats.size} bytes in place of ${ref.size}`);
          }
          if ((await etags.of(file, stats, handle)) !== ref.etag) {
            throw new PayloadMissingError(ref, 'has changed since its message was accepted');
          }
        } catch (error) {
          await handle.close();
          throw error;
        }
        return { chunks: readFileChunks(handle, ref), close: () => handle.close() };
      }),

    removeUnused: () =>
      explaining('clean', root, async () => {
        for (let removed = 0; ; ) {
          const { keys, more } = await index.findUnused(clock.now());
          for (const key of keys) if (await removeIfUnused(key)) removed += 1;
          if (!more) return removed;
        }
      }),
  };
}

/** Does something to files, and says what its failure means to callers of the port. */
function explaining<T>(action: string, what: string, work: () => Promise<T>): Promise<T> {
  return asPartOfStore(explainingFiles(action, what, work));
}
