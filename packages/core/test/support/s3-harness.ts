import { CreateBucketCommand, ListMultipartUploadsCommand, S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { afterAll, beforeAll } from '@jest/globals';
import { createFastS3Reader, createS3ObjectStore, createS3ObjectWriter } from '@millrace/core/aws';
import { type ObjectStoreHarness, type ObjectWriterHarness, uniqueId } from '@millrace/core/testing';
import { type S3Server, type S3ServerOptions, startS3Server } from '@millrace/core/testing/aws';

/** The client as a program uses it. */
export function s3Client(server: S3Server, config: S3ClientConfig = {}): S3Client {
  const { url, region, credentials } = server;
  const client = new S3Client({ endpoint: url, region, credentials, forcePathStyle: true, ...config });
  client.middlewareStack.add(
    (next) => async (args) => {
      try {
        return await next(args);
      } catch (error) {
        throw ownError(error);
      }
    },
    { step: 'deserialize', priority: 'high' },
  );
  return client;
}

/** Jest runs tests in a realm of their own, where the SDK takes errors of Node itself for no errors. */
function ownError(error: unknown): unknown {
  if (error instanceof Error) return error;
  const { name, message, stack } = error as Error;
  return Object.assign(new Error(message), error, { name, stack });
}

/** A server for all tests of the surrounding `describe` or file, with a client of it. */
export function useS3Server(options: S3ServerOptions = {}): () => { server: S3Server; client: S3Client } {
  let running: { server: S3Server; client: S3Client } | undefined;
  beforeAll(async () => {
    const server = await startS3Server(options);
    running = { server, client: s3Client(server) };
  });
  afterAll(async () => {
    running?.client.destroy();
    await running?.server.close();
  });
  return () => {
    if (running === undefined) throw new Error('the server runs only while tests run');
    return running;
  };
}

/** A slow emulator makes the bucket after the client has given the first try up: the second then finds it. */
async function createBucket(client: S3Client, bucket: string): Promise<void> {
  try {
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'BucketAlreadyOwnedByYou') throw error;
  }
}

/** The keys of uploads that are begun and not ended. */
export async function openUploads(client: S3Client, bucket: string): Promise<readonly string[]> {
  const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
  return Uploads.map(({ Key = '' }) => Key);
}

/** A store in a bucket of its own. */
export async function openS3Harness(client: S3Client, prefix = ''): Promise<ObjectWriterHarness> {
  const bucket = uniqueId('bucket');
  await createBucket(client, bucket);
  return {
    store: createS3ObjectStore({ client, bucket, prefix }),
    writer: createS3ObjectWriter({ client, bucket, prefix }),
    leftovers: () => openUploads(client, bucket),
    restart: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

/** The same, read by the fast reader. */
export async function openFastS3Harness(client: S3Client, prefix = ''): Promise<ObjectStoreHarness> {
  const bucket = uniqueId('bucket');
  await createBucket(client, bucket);
  const { head, put, delete: remove } = createS3ObjectStore({ client, bucket, prefix });
  const open = () => createFastS3Reader({ client, bucket, prefix });
  let reader = open();
  return {
    get store() {
      return { head, put, delete: remove, get: reader.get, list: reader.list };
    },
    async restart() {
      await reader.close();
      reader = open();
    },
    close: () => reader.close(),
  };
}
