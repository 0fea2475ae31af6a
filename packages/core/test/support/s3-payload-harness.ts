import { CreateBucketCommand, DeleteObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type { Clock } from '@millrace/core';
import { type PayloadStoreHarness, uniqueId } from '@millrace/core/testing';
import { createS3PayloadStore } from '../../src/aws/s3-payload-store.ts';

export interface S3PayloadHarness extends PayloadStoreHarness {
  readonly bucket: string;
}

/** A store in a bucket of its own. */
export async function openS3PayloadHarness(client: S3Client, clock?: Clock): Promise<S3PayloadHarness> {
  const bucket = uniqueId('payloads');
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  const store = createS3PayloadStore({ clients: { s3: client }, bucket, ...(clock === undefined ? {} : { clock }) });
  return {
    store,
    bucket,
    async upload({ url, headers }, chunks) {
      // fetch says how much it sends: only what is signed is taken.
      const { 'content-length': _, ...others } = headers;
      const answer = await fetch(url, { method: 'PUT', body: Buffer.concat(chunks), headers: others });
      await answer.arrayBuffer();
      return answer.ok;
    },
    async tamper({ key: Key }, Body) {
      const place = { Bucket: bucket, Key };
      if (Body === undefined) await client.send(new DeleteObjectCommand(place));
      else await client.send(new PutObjectCommand({ ...place, Body }));
    },
    restart: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}
