import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createAwsClients, createS3ObjectStore } from '@millrace/core/aws';
import { type S3Server, startS3Server } from '@millrace/core/testing/aws';
import { cacheFolder } from '../src/query/query-source.ts';
import { useAwsEnvironment } from './support/aws-environment.ts';
import { useQueryCheckpoint } from './support/query-checkpoint.ts';
import { type CliOptions, runCli } from './support/run-cli.ts';

const COUNT = 'SELECT count(*) AS n FROM visit_events';
const checkpoint = useQueryCheckpoint();
const setAws = useAwsEnvironment();

let server: S3Server;
beforeAll(async () => {
  server = await startS3Server({ buckets: ['data'] });
});
afterAll(() => server.close());

let cache: string;
beforeEach(async () => {
  const { accessKeyId, secretAccessKey } = server.credentials;
  setAws({ AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_REGION: server.region });
  cache = path.join(checkpoint().folder, 'cache');
  await rm(cache, { recursive: true, force: true });
  for (const key of await keysOfCheckpoint())
    await store().put(key, await readFile(path.join(checkpoint().source, key)));
  server.resetCounts();
});

function store() {
  const { url, region, credentials } = server;
  const { s3 } = createAwsClients({ endpoint: url, region, credentials });
  return createS3ObjectStore({ client: s3, bucket: 'data', prefix: 'some/checkpoints/' });
}

async function keysOfCheckpoint(): Promise<string[]> {
  const { source } = checkpoint();
  const entries = await readdir(source, { recursive: true });
  return entries.filter((name) => name.endsWith('.parquet'));
}

function query(args: readonly string[], options: CliOptions = {}) {
  const source = ['--source', 's3://data/some/checkpoints', '--endpoint', server.url, '--threads', '1'];
  return runCli(['query', ...args, ...source], { ...options, env: { MILLRACE_CACHE_DIR: cache, ...options.env } });
}

describe('a checkpoint on S3', () => {
  test('is fetched once, then only what has changed', async () => {
    expect(await query([COUNT, '--json'])).toMatchObject({ code: 0, stdout: '[\n{"n":3}\n]\n', stderr: '' });
    expect(server.counts()).toEqual({ ListObjectsV2: 1, GetObject: 2 });
    expect(await query([COUNT, '--json'])).toMatchObject({ code: 0, stdout: '[\n{"n":3}\n]\n' });
    expect(server.counts()).toEqual({ ListObjectsV2: 2, GetObject: 2 });
    const [first = '', second = ''] = (await keysOfCheckpoint()).toSorted();
    await store().put(first, await readFile(path.join(checkpoint().source, second)));
    expect(await query([COUNT, '--json'])).toMatchObject({ code: 0, stdout: '[\n{"n":2}\n]\n' });
    expect(server.counts()).toMatchObject({ ListObjectsV2: 3, GetObject: 3 });
  });

  test('is asked only for the tables of the question', async () => {
    const seen: string[] = [];
    server.onRequest(({ operation, key }) => {
      seen.push(`${operation} ${key}`);
      return undefined;
    });
    const { stderr } = await query(['deliveries-by-hour']);
    expect(stderr).toBe('millrace: s3://data/some/checkpoints/ has no deliveries yet: deliveries is empty\n');
    await query(['SELECT 1 AS a']);
    server.onRequest(undefined);
    expect(seen).toEqual(['ListObjectsV2 ']);
  });

  test('shows how far it has come, on a terminal alone', async () => {
    const { stderr } = await query([COUNT], { columns: 80 });
    expect(stderr).toMatch(/[█░]+ +\d+% {2}0\.0 of 0\.0 MB/);
    expect(stderr.endsWith('\r\u001b[K')).toBe(true);
  });

  test('that refuses is an error that says what was asked', async () => {
    server.onRequest(() => ({ kind: 'error', status: 403, code: 'AccessDenied' }));
    const { code, stdout, stderr } = await query([COUNT]);
    server.onRequest(undefined);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^millrace: s3:ListBucket on .*data\/some\/checkpoints\/visit-events\/\*.*AccessDenied/);
  });
});

describe('the cache', () => {
  test.each([
    [{ MILLRACE_CACHE_DIR: '/a', XDG_CACHE_HOME: '/b' }, '/a'],
    [{ XDG_CACHE_HOME: '/b', HOME: '/c' }, '/b/millrace'],
    [{ XDG_CACHE_HOME: 'relative', HOME: '/c' }, '/c/.cache/millrace'],
    [{ HOME: '/c' }, '/c/.cache/millrace'],
  ])('of %j is in %s', (env, folder) => {
    expect(cacheFolder(env)).toBe(folder);
  });
});
