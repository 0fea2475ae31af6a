import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createSigningSecrets, StoreUnavailableError } from '@millrace/core';
import { openFilePayloadStore, openSqliteStore, type SqliteStore } from '@millrace/core/sqlite';
import {
  aMessage,
  createManualClock,
  createMemorySecretStore,
  type ManualClock,
  START_TIME,
} from '@millrace/core/testing';
import {
  createDeliveryLimits,
  type DeliveryLoop,
  type Disposition,
  startDeliveryLoop,
} from '@millrace/delivery-worker';
import { createApp } from '@millrace/ingest-api';
import { createBooks } from '../src/up/books.ts';
import { createReadiness, type ReadinessDeps } from '../src/up/readiness.ts';
import { until } from './support/until.ts';

const MAX_AGE_MS = 300_000;

let clock: ManualClock;
let folder: string;
let store: SqliteStore;
let loop: DeliveryLoop | undefined;

beforeEach(async () => {
  clock = createManualClock();
  folder = await mkdtemp(path.join(tmpdir(), 'millrace-test-'));
  store = await openSqliteStore({ folder, clock, thread: false });
});
afterEach(async () => {
  await loop?.stop(0);
  loop = undefined;
  await store.close();
  await rm(folder, { recursive: true });
});

/** What `GET /health/ready` answers: its status, and the parts that do not work. */
async function ready(changes: Partial<ReadinessDeps> = {}) {
  const readiness = createReadiness({
    ...{ store, books: createBooks(store, clock), clock, maxAgeMs: MAX_AGE_MS },
    lastProgressAt: () => loop?.lastProgressAt(),
    ...changes,
  });
  const signing = createSigningSecrets({ store: createMemorySecretStore(), clock });
  const { circuits } = store;
  const payloads = await openFilePayloadStore({ folder, index: store.payloadIndex, clock });
  const config = { allowHttp: false, corsOrigins: [] };
  const app = createApp({ store, signing, circuits, payloads, clock, config, readiness });
  const response = await app.request('/health/ready');
  const { parts = [] } = (await response.json()) as { parts?: { part: string; detail: string }[] };
  return { status: response.status, parts: parts.map(({ part }) => part), parts_: parts };
}

function startLoop(
  deliver: () => Promise<readonly Disposition[]>,
  queue: Parameters<typeof startDeliveryLoop>[0]['queue'] = store,
) {
  loop = startDeliveryLoop({ queue, deliver, clock, limits: createDeliveryLimits(4), onError: () => undefined });
  return loop;
}

describe('readiness', () => {
  test('is given while messages move, and while none is there', async () => {
    startLoop(async () => ['acknowledge']);
    expect((await ready()).status).toBe(200);
    clock.advance(10 * MAX_AGE_MS);
    expect((await ready()).status).toBe(200);
  });

  test('is not given when the delivery loop has died with messages due: the process lives, and nothing moves', async () => {
    // The queue never answers: what a deadlock in the loop would look like from outside.
    startLoop(async () => ['acknowledge'], { ...store, take: () => new Promise(() => undefined) });
    await store.accept([aMessage()]);
    expect((await ready()).status).toBe(200);
    clock.advance(MAX_AGE_MS + 1);
    expect(await ready()).toMatchObject({ status: 503, parts: ['backlog', 'delivery'] });
  });

  test('is not given when deliveries hang and never end', async () => {
    let started = 0;
    startLoop(() => {
      started += 1;
      return new Promise(() => undefined);
    });
    await store.accept([aMessage()]);
    await until('the delivery has begun', () => started === 1);
    clock.advance(MAX_AGE_MS + 1);
    expect(await ready()).toMatchObject({ status: 503, parts: ['backlog', 'delivery'] });
  });

  test('is not given when one message is left behind, though others move; the limit is named', async () => {
    await store.accept([aMessage()]);
    clock.advance(MAX_AGE_MS + 1_000);
    const { status, parts_ } = await ready({ lastProgressAt: () => clock.now() });
    expect(status).toBe(503);
    expect(parts_).toEqual([
      { part: 'backlog', detail: 'a message has been due for 301 s, more than MILLRACE_READY_MAX_AGE_SECONDS=300' },
    ]);
  });

  test('is given for messages that were handed back until later, as those of an open circuit are', async () => {
    await store.accept([aMessage()]);
    const { entries } = await store.take(1);
    await store.handBack(entries.map((entry) => ({ entry, until: START_TIME + 2 * MAX_AGE_MS })));
    clock.advance(MAX_AGE_MS + 1_000);
    expect((await ready({ lastProgressAt: () => clock.now() })).status).toBe(200);
  });

  test('does not ask for progress while delivery is off', async () => {
    await store.accept([aMessage()]);
    clock.advance(10 * MAX_AGE_MS);
    expect((await ready()).status).toBe(200);
  });

  test('is not given when the accounting does not add up', async () => {
    const books = () => Promise.resolve({ accepted: 5, succeeded: 2, failed: 1, waiting: 1 });
    expect(await ready({ books })).toMatchObject({ status: 503, parts: ['accounting'] });
    expect(
      await ready({ books: () => Promise.resolve({ accepted: 5, succeeded: 2, failed: 1, waiting: 3 }) }),
    ).toMatchObject({
      status: 503,
      parts: ['accounting'],
    });
  });

  test('names the store when it cannot be asked', async () => {
    const books = () => Promise.reject(new StoreUnavailableError('the database thread has ended'));
    expect(await ready({ books })).toMatchObject({ status: 503, parts: ['store'] });
  });

  test('is not given when less is left on the disk than the setting asks for', async () => {
    await store.close();
    store = await openSqliteStore({ folder, clock, thread: false, lowDiskBytes: Number.MAX_SAFE_INTEGER });
    expect(await ready()).toMatchObject({ status: 503, parts: ['disk'] });
  });
});
