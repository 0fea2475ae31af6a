/** A bucket in memory, each call at one moment. */

import { type ObjectStore, ObjectStoreUnavailableError } from '@millrace/core';
import { SimulatedFault } from '../faults.ts';
import type { Process } from '../process.ts';

export interface Objects {
  /** The bucket as a process reaches it. */
  of(process: Pick<Process, 'call'>): Pick<ObjectStore, 'get' | 'put'>;
}

export function createObjects(): Objects {
  const objects = new Map<string, Uint8Array>();
  const infoOf = (key: string, bytes: Uint8Array) => ({ key, size: bytes.length, etag: `"${key}"`, modifiedAt: 0 });

  return {
    of: (process) => ({
      get: (key) =>
        reaching(
          process.call({ kind: 'GetObject', subject: key }, () => {
            const bytes = objects.get(key);
            return bytes === undefined ? undefined : { ...infoOf(key, bytes), bytes };
          }),
        ),
      put: (key, bytes) =>
        reaching(
          process.call({ kind: 'PutObject', subject: key }, () => {
            objects.set(key, bytes);
            return { etag: infoOf(key, bytes).etag };
          }),
        ),
    }),
  };
}

async function reaching<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (!(error instanceof SimulatedFault)) throw error;
    throw new ObjectStoreUnavailableError(error.message, { cause: error });
  }
}
