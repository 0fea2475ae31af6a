/**
 * Retrieval alone with the AWS SDK: lists a prefix and gets every object below it, 50 at a time, and does nothing with them.
 *
 *     retrieve.ts --bucket NAME [--prefix PREFIX] [--endpoint URL] [--region NAME] [--sockets N]
 *
 * Credentials are the SDK's: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. Standard output: one line of JSON,
 * `{objects, bytes, requests, seconds: {list, all}, cpu_seconds, peak_bytes}`. Loading the SDK is not in the times.
 */

import { parseArgs } from 'node:util';
import { GetObjectCommand, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3';
import { ownPeakBytes } from '../../../cli/bench/delivery/process-stats.ts';

const { values } = parseArgs({
  options: {
    bucket: { type: 'string', default: '' },
    prefix: { type: 'string', default: '' },
    endpoint: { type: 'string' },
    region: { type: 'string', default: 'us-east-1' },
    sockets: { type: 'string', default: '50' },
  },
});
const { bucket: Bucket, prefix: Prefix, endpoint, region } = values;
const sockets = Number(values.sockets);

const client = new S3Client({
  region,
  ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
  requestHandler: { httpAgent: { maxSockets: sockets }, httpsAgent: { maxSockets: sockets } },
});

let requests = 0;
let bytes = 0;

async function listKeys(): Promise<string[]> {
  const keys: string[] = [];
  for await (const page of paginateListObjectsV2({ client }, { Bucket, Prefix })) {
    requests += 1;
    for (const { Key } of page.Contents ?? []) if (Key !== undefined) keys.push(Key);
  }
  return keys;
}

/** Gets from a common list until it is empty. */
async function getAll(keys: Iterator<string>): Promise<void> {
  for (let next = keys.next(); next.done !== true; next = keys.next()) {
    const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: next.value }));
    requests += 1;
    bytes += (await Body?.transformToByteArray())?.length ?? 0;
  }
}

const used = process.cpuUsage();
const start = performance.now();
const keys = await listKeys();
const listed = performance.now();
const iterator = keys.values();
await Promise.all(Array.from({ length: sockets }, () => getAll(iterator)));
const end = performance.now();

const { user, system } = process.cpuUsage(used);
const report = {
  objects: keys.length,
  bytes,
  requests,
  seconds: { list: (listed - start) / 1_000, all: (end - start) / 1_000 },
  cpu_seconds: (user + system) / 1e6,
  peak_bytes: ownPeakBytes(),
};
process.stdout.write(`${JSON.stringify(report)}\n`);
