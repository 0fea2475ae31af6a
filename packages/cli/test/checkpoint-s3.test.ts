import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { generateVisitEvents } from '@millrace/checkpoint/testing';
import type { ObjectStore } from '@millrace/core';
import { type AwsClients, createAwsClients, createS3ObjectStore } from '@millrace/core/aws';
import { type S3Hook, type S3Server, startS3Server } from '@millrace/core/testing/aws';
import { Interrupt } from '../src/io.ts';
import { NO_KEYS, useAwsEnvironment } from './support/aws-environment.ts';
import { useCheckpointFolders } from './support/checkpoint-folders.ts';
import { type CliOptions, type CliResult, runCli } from './support/run-cli.ts';

const change = useAwsEnvironment();
const folders = useCheckpointFolders();
let server: S3Server;
let prefixes = 0;
let prefix: string;
let clients: AwsClients;
let source: ObjectStore;

beforeAll(async () => {
  server = await startS3Server({ region: 'eu-central-1', buckets: ['events'] });
  const { region, credentials, url: endpoint } = server;
  clients = createAwsClients({ region, credentials, endpoint });
});
afterAll(async () => {
  clients.s3.destroy();
  await server.close();
});
beforeEach(() => {
  server.onRequest(undefined);
  change({
    AWS_ACCESS_KEY_ID: server.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: server.credentials.secretAccessKey,
  });
  prefixes += 1;
  prefix = `test-${prefixes}`;
  source = createS3ObjectStore({ client: clients.s3, bucket: 'events', prefix: `${prefix}/logs/` });
});

async function fill(count: number): Promise<void> {
  for (const { name, bytes } of generateVisitEvents({ count })) await source.put(name, bytes);
}

function checkpoint(command: string, args: readonly string[] = [], options: CliOptions = {}): Promise<CliResult> {
  const places = ['--source', `s3://events/${prefix}/logs`, '--checkpoint', `s3://events/${prefix}/lake/`];
  return runCli(['checkpoint', command, ...places, '--endpoint', server.url, ...args], options);
}

/** Aborts as a first Ctrl-C does, when a request is made. */
function interruptAt(isIt: (request: Parameters<S3Hook>[0]) => boolean): AbortSignal {
  const controller = new AbortController();
  server.onRequest((request) => {
    if (isIt(request)) controller.abort(new Interrupt('SIGINT'));
    return undefined;
  });
  return controller.signal;
}

describe('a checkpoint in S3', () => {
  test('is made, shown, verified and tidied up in a bucket', async () => {
    await fill(120);
    const run = await checkpoint('run');
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toContain('read 120 objects of 120 listed, folded 120 events');
    expect((await checkpoint('status')).stdout).toContain('visit-events: 120 events in 9 files');
    expect((await checkpoint('verify')).stdout).toContain('every row has its source, and every source its rows\n');
    expect((await checkpoint('compact', ['--all'])).stdout).toContain('9 files written anew, 0 good as they are\n');
    expect(await checkpoint('verify')).toMatchObject({ code: 0 });
  });

  test('can be made of a folder, and one in a folder of a bucket', async () => {
    await folders.fill(5);
    const made = ['checkpoint', 'run', '--endpoint', server.url, '--source'];
    expect(await runCli([...made, folders.source, '--checkpoint', `s3://events/${prefix}`])).toMatchObject({ code: 0 });
    await fill(5);
    const places = [`s3://events/${prefix}/logs`, '--checkpoint', folders.checkpoint];
    expect(await runCli([...made, ...places])).toMatchObject({ code: 0 });
    expect((await folders.json('status'))['rows']).toBe(5);
  });

  test('of a bucket that is not there is one line', async () => {
    const args = ['--source', 's3://nothing-here/x', '--checkpoint', folders.checkpoint, '--endpoint', server.url];
    const { code, stdout, stderr } = await runCli(['checkpoint', 'run', ...args]);
    expect({ code, stdout, lines: stderr.split('\n').length }).toEqual({ code: 1, stdout: '', lines: 2 });
    expect(stderr).toMatch(/^millrace: s3:ListBucket on nothing-here\/x\/\*: NoSuchBucket/);
  });

  test('needs credentials and a region, and says which is missing before anything is done', async () => {
    change(NO_KEYS);
    const keys = await checkpoint('run');
    expect(keys).toMatchObject({ code: 2, stdout: '' });
    expect(keys.stderr).toMatch(/^millrace: no credentials of AWS \(.*\): sign in, choose a --profile, or set AWS_ACC/);
    change({ AWS_REGION: undefined, AWS_DEFAULT_REGION: undefined });
    const region = await checkpoint('run');
    expect(region).toMatchObject({ code: 2, stderr: expect.stringMatching(/^millrace: no region of AWS is set/) });
  });
});

describe('Ctrl-C', () => {
  test('while objects are read folds what has been read, says what is left, and ends with 130', async () => {
    await fill(150);
    const isSource = (key: string): boolean => key.includes('/logs/');
    const signal = interruptAt(({ operation, key }) => operation === 'GetObject' && isSource(key));
    const { code, stdout, stderr } = await checkpoint('run', ['--json'], { signal });
    const report = JSON.parse(stdout);
    expect({ code, stderr }).toEqual({
      code: 130,
      stderr: `millrace: interrupted: at least ${report.objects.left} objects left for the next run\n`,
    });
    expect(report).toMatchObject({ complete: false, failures: [] });
    expect(report.objects.read).toBeGreaterThan(0);
    expect(report.objects.read + report.objects.left).toBe(150);
    expect(report.events.folded).toBe(report.objects.read);
    server.onRequest(undefined);
    const rest = JSON.parse((await checkpoint('run', ['--json'])).stdout);
    expect(rest.events.folded).toBe(report.objects.left);
    expect((await checkpoint('verify')).code).toBe(0);
  });

  test('while objects are listed ends at once, and the next run goes on', async () => {
    await fill(3);
    const signal = interruptAt(({ operation, key }) => operation === 'PutObject' && key.endsWith('state.json'));
    const { code, stdout, stderr } = await checkpoint('run', [], { signal });
    expect({ code, stdout, stderr }).toEqual({
      ...{ code: 130, stdout: '' },
      stderr: 'millrace: interrupted before everything was listed: 0 events folded, the next run folds the rest\n',
    });
    server.onRequest(undefined);
    expect(await checkpoint('run')).toMatchObject({ code: 0, sleeps: [] });
  });

  test('while another run is waited for ends at once', async () => {
    await fill(1);
    const other = Promise.withResolvers<undefined>();
    let isHeld = false;
    server.onRequest(({ operation, key }) => {
      const isFirstRead = operation === 'GetObject' && key.includes('/logs/') && !isHeld;
      isHeld ||= isFirstRead;
      return isFirstRead ? other.promise : undefined;
    });
    const first = checkpoint('run');
    while (!isHeld) await new Promise((resolve) => setTimeout(resolve, 5));
    const controller = new AbortController();
    const onSleep = (): void => controller.abort(new Interrupt('SIGINT'));
    expect(await checkpoint('run', [], { signal: controller.signal, onSleep })).toMatchObject({
      ...{
        code: 130,
        stdout: '',
        stderr: expect.stringMatching(/^millrace: interrupted before everything was listed: 0 events/),
      },
    });
    expect(await checkpoint('run', ['--patience', '1s'])).toMatchObject({
      ...{ code: 1, stderr: expect.stringMatching(/^millrace: run \S+ is at work on this checkpoint until /) },
    });
    other.resolve(undefined);
    expect(await first).toMatchObject({ code: 0 });
  });

  test.each(['rebuild', 'verify'])('during %s leaves everything as it was', async (command) => {
    await fill(20);
    expect((await checkpoint('run')).code).toBe(0);
    const before = (await checkpoint('status', ['--json'])).stdout;
    const signal = interruptAt(({ operation, key }) => operation === 'GetObject' && key.includes('/logs/'));
    const { code, stderr } = await checkpoint(command, [], { signal });
    expect({ code, stderr }).toEqual({ code: 130, stderr: expect.stringMatching(/^millrace: interrupted/) });
    server.onRequest(undefined);
    expect((await checkpoint('status', ['--json'])).stdout).toBe(before);
  });

  test('during compaction leaves the files that are not done as they were', async () => {
    await fill(100);
    expect((await checkpoint('run')).code).toBe(0);
    const signal = interruptAt(({ operation, key }) => operation === 'PutObject' && key.endsWith('.parquet'));
    expect(await checkpoint('compact', ['--all'], { signal })).toMatchObject({
      ...{ code: 130, stderr: 'millrace: interrupted: left as before: 8 files\n' },
    });
    server.onRequest(undefined);
    expect((await checkpoint('verify')).code).toBe(0);
  });
});
