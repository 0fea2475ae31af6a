/** Sources and checkpoints in buckets of S3. */

import type { CheckpointObjects } from '@millrace/checkpoint';
import type { ObjectStore } from '@millrace/core';
import type { FastS3Reader } from '@millrace/core/aws';
import { describeAwsError, describeMissingRegion } from '../aws/aws-problems.ts';
import { EXIT, ExitError } from '../exit.ts';
import type { ObjectPlace } from '../object-place.ts';

type S3Place = Extract<ObjectPlace, { kind: 's3' }>;

export interface S3Stores {
  /** For thousands of small objects. */
  source(place: S3Place): Pick<ObjectStore, 'get' | 'list'>;
  checkpoint(place: S3Place): CheckpointObjects;
  /** Once no call is under way. */
  close(): Promise<void>;
}

export interface S3Access {
  /** Of an emulator. */
  readonly endpoint: string | undefined;
  /** That the environment names, for errors. */
  readonly profile: string | undefined;
}

/** @throws ExitError when region or credentials are missing */
export async function openS3Stores({ endpoint, profile }: S3Access): Promise<S3Stores> {
  // The clients of AWS take long to load.
  const { createAwsClients, createFastS3Reader, createS3ObjectStore, createS3ObjectWriter } = await import(
    '@millrace/core/aws'
  );
  const client = createAwsClients(endpoint === undefined ? {} : { endpoint }).s3;
  await client.config.region().catch((cause: unknown) => {
    throw new ExitError(EXIT.usage, describeMissingRegion(profile), { cause });
  });
  await client.config.credentials().catch((cause: unknown) => {
    throw new ExitError(EXIT.usage, describeAwsError(cause, { profile }), { cause });
  });
  const readers: FastS3Reader[] = [];
  return {
    source({ bucket, prefix }) {
      const reader = createFastS3Reader({ client, bucket, prefix });
      readers.push(reader);
      return reader;
    },
    checkpoint: ({ bucket, prefix }) => ({
      ...createS3ObjectStore({ client, bucket, prefix }),
      ...createS3ObjectWriter({ client, bucket, prefix }),
    }),
    async close() {
      await Promise.all(readers.map((reader) => reader.close()));
      client.destroy();
    },
  };
}
