/** An S3 in this process, for tests: in memory, on a port of 127.0.0.1. What it lacks is in `S3_LACKS`. */

import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Bucket, createBucket } from './bucket.ts';
import { bucketLocation, deleteBucket, headBucket, listBuckets, makeBucket } from './bucket-handlers.ts';
import type { S3Fault, S3Hook } from './faults.ts';
import type { S3State } from './handler.ts';
import { listObjects, listUploads } from './list-handlers.ts';
import {
  abortUpload,
  completeUpload,
  createUpload,
  listParts,
  uploadPart,
  uploadPartCopy,
} from './multipart-handlers.ts';
import { copyObject, deleteObject, deleteObjects, getObject, putObject } from './object-handlers.ts';
import { operationOf, type S3Operation } from './operations.ts';
import { readRequest, type S3Request, type S3Response } from './request.ts';
import { S3Error } from './s3-error.ts';
import { type Credentials, verifySignature } from './signature.ts';
import { elements, xmlDocument } from './xml.ts';

/** What S3 has and this server has not. It answers 501 to what names one of these. */
export const S3_LACKS: readonly string[] = [
  'versioning, object lock, retention and legal holds',
  'ACLs, bucket policies and IAM: who has the credentials may do everything',
  'tagging, lifecycle rules, replication, notifications, inventory, logging, encryption settings',
  'ListObjects version 1, POST uploads, RenameObject, GetObjectAttributes, select, restore, torrent',
  'virtual-hosted-style addresses, directory buckets, access points',
  'signed chunks (STREAMING-AWS4-HMAC-SHA256-PAYLOAD), Signature Version 2 and 4A',
  'checksums of whole multipart objects, those that S3 adds by itself, and sums other than CRC and SHA-1 and -256',
  'GetObject and HeadObject by part number, response-* overrides of headers',
  'delimiters in ListMultipartUploads, objects over the memory of the process',
];

export interface S3ServerOptions {
  /** Epoch milliseconds; for dates of objects, expiry and clock skew of signatures. */
  readonly clock?: () => number;
  readonly credentials?: Credentials;
  readonly region?: string;
  /** Without it, anybody may do everything. */
  readonly verifySignatures?: boolean;
  /** Made at the start. */
  readonly buckets?: readonly string[];
  readonly onRequest?: S3Hook;
}

export type RequestCounts = Readonly<Partial<Record<S3Operation, number>>>;

export interface S3Server {
  /** Without a slash at its end; buckets are the first part of the path. */
  readonly url: string;
  readonly credentials: Credentials;
  readonly region: string;
  /** By operation, of requests that could be told apart; those that were refused or cut off included. */
  counts(): RequestCounts;
  resetCounts(): void;
  /** Asked about each request from now on; undefined asks nobody. */
  onRequest(hook: S3Hook | undefined): void;
  /** Cuts open connections. */
  close(): Promise<void>;
}

type Handler = (state: S3State, request: S3Request) => S3Response;

const HANDLERS: Readonly<Record<S3Operation, Handler>> = {
  ListBuckets: listBuckets,
  CreateBucket: makeBucket,
  HeadBucket: headBucket,
  DeleteBucket: deleteBucket,
  GetBucketLocation: bucketLocation,
  ListObjectsV2: listObjects,
  ListMultipartUploads: listUploads,
  DeleteObjects: deleteObjects,
  PutObject: putObject,
  CopyObject: copyObject,
  GetObject: getObject,
  HeadObject: getObject,
  DeleteObject: deleteObject,
  CreateMultipartUpload: createUpload,
  UploadPart: uploadPart,
  UploadPartCopy: uploadPartCopy,
  CompleteMultipartUpload: completeUpload,
  AbortMultipartUpload: abortUpload,
  ListParts: listParts,
};

const CREDENTIALS: Credentials = { accessKeyId: 'test', secretAccessKey: 'test-secret' };

export async function startS3Server(options: S3ServerOptions = {}): Promise<S3Server> {
  const { clock = Date.now, credentials = CREDENTIALS, region = 'us-east-1', verifySignatures = true } = options;
  const state: S3State = {
    buckets: new Map<string, Bucket>(),
    now: clock,
    newId: () => randomBytes(16).toString('hex'),
  };
  for (const name of options.buckets ?? []) state.buckets.set(name, createBucket(name, clock()));
  const counts = new Map<S3Operation, number>();
  let hook = options.onRequest;
  const closing = new AbortController();

  const serve = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const request = await readRequest(message);
    const operation = operationOf(request);
    const number = (counts.get(operation) ?? 0) + 1;
    counts.set(operation, number);
    const fault = await hook?.({ operation, bucket: request.bucket, key: request.key, number });
    if (fault?.kind === 'cut-before') return void message.socket.destroy();
    if (fault?.kind === 'delay') await sleep(fault.ms, undefined, { signal: closing.signal });
    if (fault?.kind === 'error') {
      throw new S3Error(fault.status, fault.code, `Injected: ${fault.code}`, { headers: fault.headers ?? {} });
    }
    if (verifySignatures) verifySignature(request, { credentials, region, now: clock() });
    send(
      message,
      response,
      answerOf(() => HANDLERS[operation](state, request), request),
      fault,
    );
  };

  const server = createServer((message, response) => {
    serve(message, response).catch((error: unknown) => {
      // Elsewhere the date stays that of the machine: a clock that tests move by days must not move that of the client.
      if (error instanceof S3Error && error.code === 'RequestTimeTooSkewed') {
        response.setHeader('date', new Date(clock()).toUTCString());
      }
      if (error instanceof S3Error) send(message, response, errorResponse(error, message.url ?? ''));
      else if (closing.signal.aborted || message.socket.destroyed) message.socket.destroy();
      else send(message, response, errorResponse(internalError(error), message.url ?? ''));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${port}`,
    credentials,
    region,
    counts: () => Object.fromEntries(counts),
    resetCounts: () => counts.clear(),
    onRequest(next) {
      hook = next;
    },
    async close() {
      closing.abort();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

function send(message: IncomingMessage, response: ServerResponse, answer: S3Response, fault?: S3Fault): void {
  const { status, headers = {}, body = '' } = answer;
  const isCutOff = fault?.kind === 'cut-after' || (fault?.kind === 'cut-within' && body.length === 0);
  if (isCutOff) return void message.socket.destroy();
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  const isXml = typeof body === 'string' && body !== '';
  const outgoing = Object.entries(headers).map(([name, value]) => [name, Buffer.from(value).toString('latin1')]);
  response.writeHead(status, {
    'x-amz-request-id': randomBytes(8).toString('hex').toUpperCase(),
    server: 'S3 test server',
    ...(isXml ? { 'content-type': 'application/xml' } : {}),
    ...(status === 204 || status === 304 ? {} : { 'content-length': String(bytes.length) }),
    ...Object.fromEntries(outgoing),
  });
  if (fault?.kind === 'cut-within') {
    response.write(bytes.subarray(0, bytes.length >> 1), () => message.socket.destroy());
    return;
  }
  response.end(message.method === 'HEAD' || status === 304 ? undefined : bytes);
}

/** What is done, or why it is not. */
function answerOf(handle: () => S3Response, { path }: S3Request): S3Response {
  try {
    return handle();
  } catch (error) {
    if (error instanceof S3Error) return errorResponse(error, path);
    throw error;
  }
}

function errorResponse(error: S3Error, resource: string): S3Response {
  const { code: Code, message: Message, details } = error;
  const body = xmlDocument('Error', elements({ Code, Message, ...details, Resource: resource.split('?')[0] }), '');
  return { status: error.status, headers: error.headers, body };
}

function internalError(error: unknown): S3Error {
  return new S3Error(500, 'InternalError', `A defect of the test server: ${String(error)}`);
}
