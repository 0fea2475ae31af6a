/** Where a bucket is, and how keys and queries are written there. */

import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';

export interface BucketAddress {
  /** `https://bucket.s3.eu-west-1.amazonaws.com` */
  readonly origin: string;
  /** As the Host header has it. */
  readonly host: string;
  /** What stands before the slash of a key: empty, or `/bucket`. */
  readonly path: string;
  readonly region: string;
}

const PROBE = 'k';

/**
 * Where the SDK would send a request, by all its rules: region, endpoint of the options or of the environment, addresses
 * by host or by path, FIPS, dual stack. It is asked for a URL; nothing is sent.
 */
export async function addressOf(client: S3Client, bucket: string): Promise<BucketAddress> {
  const url = new URL(await getSignedUrl(client, new GetObjectCommand({ Bucket: bucket, Key: PROBE })));
  // ACCESSKEY/20261130/eu-west-1/s3/aws4_request
  const region = url.searchParams.get('X-Amz-Credential')?.split('/').at(-3);
  if (region === undefined) throw new TypeError('the SDK has signed a URL without a region');
  return { origin: url.origin, host: url.host, path: url.pathname.slice(0, -`/${PROBE}`.length), region };
}

const PLAIN = /^[\w.~/-]*$/;

/** As S3 signs it: each byte of UTF-8 escaped but for letters, digits, `-._~` and `/`. */
export function encodeKey(key: string): string {
  return PLAIN.test(key) ? key : encode(key).replaceAll('%2F', '/');
}

/** In the order in which it is signed. */
export function encodeQuery(query: Readonly<Record<string, string | undefined>>): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [{ name: encode(name), value: encode(value) }],
  );
  // By the names alone: `=` stands behind `-`.
  pairs.sort((a, b) => (a.name < b.name ? -1 : 1));
  return pairs.map(({ name, value }) => `${name}=${value}`).join('&');
}

function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}
