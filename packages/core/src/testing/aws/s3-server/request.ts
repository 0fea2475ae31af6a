/** Requests and answers, between HTTP and what S3 does. */

import type { IncomingMessage } from 'node:http';
import { S3Error } from './s3-error.ts';

export interface S3Request {
  readonly method: string;
  /** As it came, without the query. */
  readonly path: string;
  /** Empty when the request is not about a bucket. */
  readonly bucket: string;
  /** Empty when it is not about an object. */
  readonly key: string;
  readonly query: ReadonlyMap<string, string>;
  /** By names in small letters. */
  readonly headers: ReadonlyMap<string, string>;
  /** As it came; decoded once it is verified. */
  readonly body: Buffer;
}

export interface S3Response {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
}

/** @throws S3Error when the address cannot be read */
export async function readRequest(message: IncomingMessage): Promise<S3Request> {
  const { method = '', url = '/' } = message;
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk);
  // Not the URL class: it would take `..` and `.` out of keys.
  const mark = url.indexOf('?');
  const path = mark === -1 ? url : url.slice(0, mark);
  const [, bucket = '', key = ''] = /^\/([^/]*)\/?(.*)$/s.exec(path) ?? [];
  return {
    method,
    path,
    bucket: decode(bucket),
    key: decode(key),
    query: readQuery(mark === -1 ? '' : url.slice(mark + 1)),
    headers: readHeaders(message),
    body: Buffer.concat(chunks),
  };
}

function readQuery(text: string): ReadonlyMap<string, string> {
  const pairs = text.split('&').filter((pair) => pair !== '');
  return new Map(
    pairs.map((pair) => {
      const [name = '', ...value] = pair.replaceAll('+', ' ').split('=');
      return [decode(name), decode(value.join('='))];
    }),
  );
}

/** Node gives header bytes as Latin-1; clients send UTF-8. */
function readHeaders({ headers }: IncomingMessage): ReadonlyMap<string, string> {
  const entries = Object.entries(headers).map(([name, value]): [string, string] => [name, String(value ?? '')]);
  return new Map(entries.map(([name, value]) => [name, Buffer.from(value, 'latin1').toString()]));
}

/** @throws S3Error InvalidURI */
export function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new S3Error(400, 'InvalidURI', "Couldn't parse the specified URI.");
  }
}
