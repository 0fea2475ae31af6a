/** The API on a data folder that no server owns, in this process: what `millrace up` would serve, without the server. */

import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type Clock, FolderInUseError } from '@millrace/core';
import { createApp, openKeyRing } from '@millrace/ingest-api';
import { type ApiClient, createClient } from '../client.ts';
import { EXIT, ExitError } from '../exit.ts';
import { type DataFolder, openDataFolder } from '../up/data-folder.ts';

export interface FolderOptions {
  readonly folder: string;
  readonly clock: Clock;
  /** False: a folder that is not there is an error. */
  readonly mayMake: boolean;
}

/**
 * Owns the folder until it is closed. Whoever may write to the folder may do anything with it: no key is asked for.
 *
 * @throws ExitError when a server owns the folder, or there is none; DataFolderError
 */
export async function openFolderClient({ folder, clock, mayMake }: FolderOptions): Promise<ApiClient> {
  if (!mayMake && !existsSync(folder)) throw new ExitError(EXIT.failed, `there is no data folder ${folder}`);
  const { store, signing, payloads } = await openFolder(folder, clock);
  const config = { allowHttp: false, corsOrigins: [] };
  const keys = { ring: await openKeyRing(store.keys), randomBytes };
  const app = createApp({ store, signing, payloads, circuits: store.circuits, clock, config, keys });
  const client = createClient({
    url: 'http://localhost',
    now: () => clock.now(),
    async inProcess({ method, path, contentType, body }) {
      const headers = contentType === undefined ? {} : { 'content-type': contentType };
      const response = await app.request(path, { method, headers, ...(body === undefined ? {} : { body }) });
      return { status: response.status, text: await response.text(), retryAfterMs: 0, date: '' };
    },
  });
  return {
    ...client,
    async close() {
      await client.close();
      await store.close();
    },
  };
}

async function openFolder(folder: string, clock: Clock): Promise<DataFolder> {
  try {
    return await openDataFolder({ folder, clock, thread: false });
  } catch (cause) {
    if (!(cause instanceof FolderInUseError)) throw cause;
    const advice = 'leave --data out to ask that server (--url, MILLRACE_KEY), or stop it first';
    throw new ExitError(EXIT.failed, `a server that runs owns ${folder}: ${advice}`, { cause });
  }
}
