import { createAwsClients } from '@millrace/core/aws';

export interface S3Place {
  readonly url: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** Buckets. */
export const SOURCE = 'source';
export const TARGET = 'target';

export function clientOf({ url, region, credentials }: S3Place) {
  return createAwsClients({ endpoint: url, region, credentials }).s3;
}
