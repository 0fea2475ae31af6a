import type { ObjectStore } from '../ports/object-store.ts';
import { type AwsClients, whenNeeded } from './aws-clients.ts';
import { createS3ObjectStore } from './s3-object-store.ts';

/** A bucket whose client is made at the first call: it takes long to load, and most calls of a function do without. */
export function createLazyObjectStore(clients: Pick<AwsClients, 's3'>, bucket: string): ObjectStore {
  const objects = whenNeeded(() => createS3ObjectStore({ client: clients.s3, bucket }));
  return {
    get: (...call) => objects().get(...call),
    head: (...call) => objects().head(...call),
    put: (...call) => objects().put(...call),
    delete: (...call) => objects().delete(...call),
    list: (...call) => objects().list(...call),
  };
}
