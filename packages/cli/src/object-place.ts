/** Where objects are, as people write it: a folder, or `s3://bucket/prefix`. */

import path from 'node:path';

export type ObjectPlace =
  | { readonly kind: 'folder'; readonly folder: string }
  | {
      readonly kind: 's3';
      readonly bucket: string;
      /** Empty, or with a slash at its end. */
      readonly prefix: string;
    };

const S3 = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/;

/**
 * @param flag that it was given with, for the problem
 * @returns undefined when it is no place
 */
export function readPlace(flag: string, text: string, problems: string[]): ObjectPlace | undefined {
  if (text === '') {
    problems.push(`${flag} must name a folder, or s3://bucket/prefix`);
    return undefined;
  }
  if (!text.startsWith('s3://')) return { kind: 'folder', folder: text };
  const [, bucket, prefix = ''] = S3.exec(text) ?? [];
  if (bucket === undefined) {
    problems.push(`${flag} must be s3://bucket/prefix; got '${text}'`);
    return undefined;
  }
  return { kind: 's3', bucket, prefix: prefix === '' ? '' : `${prefix.replace(/\/+$/, '')}/` };
}

export function checkEndpoint(endpoint: string | undefined, problems: string[]): void {
  if (endpoint === undefined || /^https?:$/.test(URL.parse(endpoint)?.protocol ?? '')) return;
  problems.push(`--endpoint must be an http or https URL, such as http://127.0.0.1:4566; got '${endpoint}'`);
}

/** The same text for the same place. */
export function nameOfPlace(place: ObjectPlace): string {
  return place.kind === 'folder' ? path.resolve(place.folder) : `s3://${place.bucket}/${place.prefix}`;
}
