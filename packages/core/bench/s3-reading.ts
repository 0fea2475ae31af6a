/**
 * What reading many small objects costs: `node packages/core/bench/s3-reading.ts [--objects 20000] [--delay 0]`.
 *
 * The fast reader and the AWS SDK with 50 sockets each list a bucket and get every object, in a process of their own,
 * from an S3 test server in another one. `--delay` is what each GET takes longer, in milliseconds, as on the way to a
 * region.
 */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { S3Client } from '@aws-sdk/client-s3';
import type { ObjectStore } from '@millrace/core';
import { createFastS3Reader, createS3ObjectStore } from '@millrace/core/aws';
import { startS3Server } from '@millrace/core/testing/aws';
import pMap from 'p-map';

const BUCKET = 'bench';
const SDK_SOCKETS = 50;
/** More than the reader's limit, so that that counts. The SDK warns of calls that wait for a socket. */
const CALLS_AT_ONCE = { sdk: SDK_SOCKETS, fast: 512 };

interface ServerInfo {
  readonly url: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

interface Measured {
  readonly objects: number;
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  readonly rssMegabytes: number;
}

const { values } = parseArgs({
  options: {
    objects: { type: 'string', default: '20000' },
    delay: { type: 'string', default: '0' },
    role: { type: 'string', default: 'main' },
    server: { type: 'string', default: '{}' },
  },
});
const objects = Number(values.objects);
const delayMs = Number(values.delay);

function clientOf({ url, region, credentials }: ServerInfo): S3Client {
  const requestHandler = { httpAgent: { keepAlive: true, maxSockets: SDK_SOCKETS } };
  return new S3Client({ endpoint: url, region, credentials, forcePathStyle: true, requestHandler });
}

async function serve(): Promise<void> {
  const server = await startS3Server({ buckets: [BUCKET], verifySignatures: false });
  const { url, region, credentials } = server;
  const store = createS3ObjectStore({ client: clientOf({ url, region, credentials }), bucket: BUCKET });
  const numbers = Array.from({ length: objects }, (_, index) => index);
  await pMap(numbers, (number) => store.put(keyOf(number), Buffer.from(eventOf(number))), { concurrency: SDK_SOCKETS });
  if (delayMs > 0) {
    server.onRequest(({ operation }) => (operation === 'GetObject' ? { kind: 'delay', ms: delayMs } : undefined));
  }
  process.send?.({ url, region, credentials } satisfies ServerInfo);
}

function keyOf(number: number): string {
  return `logs/log-submit-20261122-101112-${number % 40}-project-${String(number).padStart(8, '0')}.json`;
}

function eventOf(number: number): string {
  return JSON.stringify({ action: 'submit', study: 'adrc', pipeline_adcid: number % 40, filler: 'x'.repeat(220) });
}

/** Reads everything, and tells what it took. */
async function measure(reader: Pick<ObjectStore, 'get' | 'list'>, callsAtOnce: number): Promise<void> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  let count = 0;
  let last = '';
  for (;;) {
    const page = await reader.list({ startAfter: last, limit: 5_000 });
    await pMap(
      page.objects,
      async ({ key }) => {
        const object = await reader.get(key);
        if (object?.bytes.length !== object?.size) throw new Error(`${key} did not come whole`);
        count += 1;
      },
      { concurrency: callsAtOnce },
    );
    last = page.objects.at(-1)?.key ?? '';
    if (!page.more) break;
  }
  const wallSeconds = (performance.now() - start) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  const rssMegabytes = process.resourceUsage().maxRSS / 1_024;
  process.send?.({ objects: count, wallSeconds, cpuSeconds: (user + system) / 1e6, rssMegabytes } satisfies Measured);
}

async function read(role: string): Promise<void> {
  const client = clientOf(JSON.parse(values.server) as ServerInfo);
  if (role === 'sdk') {
    await measure(createS3ObjectStore({ client, bucket: BUCKET }), CALLS_AT_ONCE.sdk);
    client.destroy();
    return;
  }
  const reader = createFastS3Reader({ client, bucket: BUCKET });
  await measure(reader, CALLS_AT_ONCE.fast);
  await reader.close();
}

function start(role: string, server?: ServerInfo): ChildProcess {
  const args = ['--role', role, '--objects', values.objects, '--delay', values.delay];
  return fork(fileURLToPath(import.meta.url), [...args, '--server', JSON.stringify(server ?? {})]);
}

async function firstMessage<T>(child: ChildProcess): Promise<T> {
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`a process ended with ${code}`);
  });
  const [message] = (await Promise.race([once(child, 'message'), ended])) as [T];
  ended.catch(() => undefined);
  return message;
}

async function compare(): Promise<void> {
  const serving = start('server');
  const server = await firstMessage<ServerInfo>(serving);
  const results: Record<string, Measured> = {};
  for (const role of ['sdk', 'fast', 'sdk', 'fast']) {
    const reading = start(role, server);
    const result = await firstMessage<Measured>(reading);
    await once(reading, 'exit');
    if (result.objects !== objects) throw new Error(`${role} has read ${result.objects} of ${objects} objects`);
    const best = results[role];
    results[role] = best === undefined || result.wallSeconds < best.wallSeconds ? result : best;
    const { wallSeconds, cpuSeconds, rssMegabytes } = result;
    const perSecond = Math.round(objects / wallSeconds);
    process.stdout.write(
      `${role.padEnd(5)} wall ${wallSeconds.toFixed(2)} s, CPU ${cpuSeconds.toFixed(2)} s, ` +
        `RSS ${Math.round(rssMegabytes)} MB, ${perSecond} objects/s\n`,
    );
  }
  serving.kill();
  const { sdk, fast } = results;
  if (sdk === undefined || fast === undefined) return;
  process.stdout.write(
    `the fast reader takes ${(fast.wallSeconds / sdk.wallSeconds).toFixed(2)} of the SDK's time ` +
      `and ${(fast.cpuSeconds / sdk.cpuSeconds).toFixed(2)} of its CPU\n`,
  );
}

if (values.role === 'main') await compare();
else if (values.role === 'server') await serve();
else await read(values.role);
