import { mkdtemp, open, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { MessageInput } from '../../src/api-shapes.ts';
import { ApiError } from '../../src/client.ts';
import { messageInput } from '../support/messages.ts';
import { findMountCommand, insideOf, type MountCommand } from '../support/mount-namespace.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { until } from '../support/until.ts';

jest.setTimeout(120_000);

const SMALL = { MILLRACE_MAX_DATABASE_MB: '1', MILLRACE_LOG_LEVEL: 'error' };
const OFF = { MILLRACE_DELIVERY: 'off' };
const BODY_BYTES = 5_000;
/** Many more than what a small database, or a small disk, has room for. */
const MANY = 5_000;
const FILLER = 'filler';

let sandbox: Sandbox;
let folder: string;
beforeEach(async () => {
  sandbox = createSandbox();
  folder = await sandbox.folder();
});
afterEach(() => sandbox.clean());

function messageTo(target: string, number: number): MessageInput {
  return messageInput({ messageId: `order-${number}`, targetUrl: `${target}/hooks`, body: 'x'.repeat(BODY_BYTES) });
}

/** Posts new messages until one is refused: how many were accepted, and the refusal. */
async function fill(url: string, target: string, first = 0): Promise<{ accepted: number; refusal: ApiError }> {
  const client = sandbox.client(url);
  for (let accepted = 0; accepted < MANY; accepted++) {
    try {
      await client.send(messageTo(target, first + accepted));
    } catch (error) {
      if (error instanceof ApiError) return { accepted, refusal: error };
      throw error;
    }
  }
  throw new Error(`${MANY} messages, and all were accepted`);
}

async function readiness(url: string): Promise<{ status: number; parts: string[] }> {
  const response = await fetch(`${url}/health/ready`);
  const body = (await response.json()) as { parts?: { part: string }[] };
  return { status: response.status, parts: (body.parts ?? []).map(({ part }) => part) };
}

async function nothingWaits(url: string): Promise<void> {
  const client = sandbox.client(url);
  await until('nothing waits', async () => (await client.stats()).waiting === 0);
}

describe('a database that has reached MILLRACE_MAX_DATABASE_MB', () => {
  test('takes nothing more, says so, and still answers what it can', async () => {
    const { url } = await sandbox.start({ folder, env: { ...SMALL, ...OFF } });
    expect(await readiness(url)).toEqual({ status: 200, parts: [] });
    const { accepted, refusal } = await fill(url, 'http://127.0.0.1:9');
    expect(accepted).toBeGreaterThan(0);
    expect(refusal).toMatchObject({ status: 503, retryAfterMs: 1_000, problem: { type: 'unavailable' } });

    const client = sandbox.client(url);
    const lines = [MANY, MANY + 1].map((number) => `${JSON.stringify(messageTo('http://127.0.0.1:9', number))}\n`);
    const batch = await client.sendBatch(Buffer.from(lines.join('')));
    expect(batch).toMatchObject({
      retryAfterMs: 1_000,
      results: [{ result: 'unavailable' }, { result: 'unavailable' }],
    });

    expect(await readiness(url)).toEqual({ status: 503, parts: ['database'] });
    expect((await fetch(`${url}/health`)).status).toBe(200);
    expect(await client.stats()).toEqual({ accepted, succeeded: 0, failed: 0, waiting: accepted, difference: 0 });
    expect(await client.get('order-0')).toMatchObject([{ status: 'QUEUED' }]);
  });

  test('goes on delivering what it has, and takes messages again when that has made room', async () => {
    const receiver = await sandbox.receiver(() => 200);
    const full = await sandbox.start({ folder, env: { ...SMALL, ...OFF } });
    const { accepted } = await fill(full.url, receiver.url);
    expect(await full.end('SIGTERM')).toBe(0);

    const { url } = await sandbox.start({ folder, env: SMALL });
    await nothingWaits(url);
    const client = sandbox.client(url);
    expect(await client.stats()).toMatchObject({ accepted, succeeded: accepted, difference: 0 });
    expect(receiver.distinct()).toBe(accepted);
    expect(await readiness(url)).toEqual({ status: 200, parts: [] });
    expect(await client.send(messageTo(receiver.url, MANY))).toMatchObject({ duplicate: false });
  });

  test('is well after a restart with a larger limit, and has lost nothing', async () => {
    const receiver = await sandbox.receiver(() => 200);
    const full = await sandbox.start({ folder, env: { ...SMALL, ...OFF } });
    const { accepted } = await fill(full.url, receiver.url);
    await full.end('SIGKILL');

    const { url } = await sandbox.start({ folder, env: { ...SMALL, MILLRACE_MAX_DATABASE_MB: '64' } });
    expect(await readiness(url)).toEqual({ status: 200, parts: [] });
    const client = sandbox.client(url);
    expect(await client.send(messageTo(receiver.url, accepted))).toMatchObject({ duplicate: false });
    await nothingWaits(url);
    expect(await client.stats()).toMatchObject({ succeeded: accepted + 1, failed: 0, difference: 0 });
    expect(receiver.receptions.map(({ body }) => body.length)).toEqual(Array(accepted + 1).fill(BODY_BYTES));
    expect(receiver.distinct()).toBe(accepted + 1);
  });
});

const mount = await probe();

async function probe(): Promise<MountCommand | undefined> {
  const mountPoint = await mkdtemp(path.join(tmpdir(), 'millrace-probe-'));
  const command = await findMountCommand(mountPoint);
  await rmdir(mountPoint);
  return command;
}

/** Writes until not a byte more fits. */
async function fillDisk(inside: string): Promise<void> {
  const file = await open(path.join(inside, FILLER), 'a');
  try {
    for (let size = 1 << 20; size > 0; size >>= 4) await writeUntilFull(file, Buffer.alloc(size));
  } finally {
    await file.close();
  }
}

async function writeUntilFull(file: { write(data: Buffer): Promise<unknown> }, chunk: Buffer): Promise<void> {
  try {
    for (;;) await file.write(chunk);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}

describe('a disk that is full', () => {
  if (mount === undefined) {
    test('is not run here: needs a mount namespace', async () => {
      process.stderr.write('disk.test.ts: a disk that is full: not run here: needs a mount namespace (unshare -rm)\n');
      expect(await probe()).toBeUndefined();
    });
    return;
  }

  test('stops accepting, not reading; what is in flight is settled, and all is well when there is room again', async () => {
    const answer = Promise.withResolvers<number>();
    const slow = await sandbox.receiver(() => answer.promise);
    const healthy = await sandbox.receiver(() => 200);
    // Long leases: a result that finds no room is kept until there is some, and nothing is repeated.
    const env = { MILLRACE_REQUEST_TIMEOUT_MS: '600000', MILLRACE_LOG_LEVEL: 'error' };
    const millrace = await sandbox.start({ folder, env, through: mount('24m', folder) });
    const { url, pid } = millrace;
    const client = sandbox.client(url);
    expect(await readiness(url)).toEqual({ status: 200, parts: [] });
    for (const number of [0, 1]) await client.send(messageTo(slow.url, number));
    await until('both are in flight', () => slow.open() === 2);

    await fillDisk(insideOf(pid, folder));
    const { accepted, refusal } = await fill(url, healthy.url, 2);
    expect(refusal).toMatchObject({ status: 503, retryAfterMs: 1_000, problem: { type: 'unavailable' } });
    expect(await readiness(url)).toEqual({ status: 503, parts: ['disk', 'database'] });
    answer.resolve(200);
    await until('both were answered', () => slow.receptions.every(({ answered }) => answered === 200));
    expect(await client.stats()).toMatchObject({ accepted: accepted + 2, difference: 0 });

    await rm(path.join(insideOf(pid, folder), FILLER));
    await until('it is ready', async () => (await readiness(url)).status === 200);
    expect(await client.send(messageTo(healthy.url, MANY))).toMatchObject({ duplicate: false });
    await nothingWaits(url);
    expect(await client.stats()).toMatchObject({ succeeded: accepted + 3, failed: 0, difference: 0 });
    expect(slow.receptions).toHaveLength(2);
    expect(healthy.receptions).toHaveLength(accepted + 1);
    expect(await millrace.end('SIGTERM')).toBe(0);
  });

  test('does not hold a shutdown up, though results find no room', async () => {
    const answer = Promise.withResolvers<number>();
    const slow = await sandbox.receiver(() => answer.promise);
    // Leases longer than a test may take: a result is offered to the store until they end.
    const env = { MILLRACE_REQUEST_TIMEOUT_MS: '600000', MILLRACE_LOG_LEVEL: 'warn', MILLRACE_SHUTDOWN_SECONDS: '1' };
    const millrace = await sandbox.start({ folder, env, through: mount('24m', folder) });
    const client = sandbox.client(millrace.url);
    for (let number = 0; number < 12; number++) await client.send(messageTo(slow.url, number));
    await until('all are in flight', () => slow.open() === 12);
    await fillDisk(insideOf(millrace.pid, folder));
    await fill(millrace.url, slow.url, 12);
    answer.resolve(200);
    await until('all were answered', () => slow.receptions.every(({ answered }) => answered === 200));
    expect((await client.stats()).waiting).toBeGreaterThan(0);

    expect(await millrace.end('SIGTERM')).toBe(0);
    expect(millrace.stderr()).toContain('deliveries were cut off');
  });
});
