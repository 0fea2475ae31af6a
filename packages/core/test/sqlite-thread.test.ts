import { rm } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ANY_ORIGIN, StoreUnavailableError } from '@millrace/core';
import { START_TIME } from '@millrace/core/testing';
import { type EngineHost, openThread } from '../src/sqlite/engine-host.ts';
import type { OperationName } from '../src/sqlite/group-commit.ts';
import { makeFolder } from './support/sqlite-harness.ts';

const retention = { succeededMs: 1_000, failedMs: 1_000 };

/** Not an operation: it answers with what cannot be sent between threads, and the thread ends by that. */
function killThread(host: EngineHost): Promise<unknown> {
  const name: string = 'valueOf';
  return host.call(name as OperationName, undefined as never);
}

describe('a database thread that fails', () => {
  let folder: string;
  let host: EngineHost;

  beforeEach(async () => {
    folder = await makeFolder();
    host = await openThread({ folder, retention });
  });
  afterEach(async () => {
    await host.close();
    await rm(folder, { recursive: true });
  });

  test('rejects every call that is under way or waits for its turn', async () => {
    // Handled from the start: the thread may end between two turns.
    const groups: Promise<PromiseSettledResult<unknown>[]>[] = [Promise.allSettled([killThread(host)])];
    for (let group = 0; group < 4; group++) {
      groups.push(
        Promise.allSettled([
          host.call('counts', undefined),
          host.call('take', { now: START_TIME, limit: 1, returned: [], ...ANY_ORIGIN }),
        ]),
      );
      await nextTurn();
    }
    for (const answer of (await Promise.all(groups)).flat()) {
      expect(answer).toMatchObject({ status: 'rejected', reason: expect.any(StoreUnavailableError) });
    }
  });

  test('rejects every later call, and closes', async () => {
    await expect(killThread(host)).rejects.toThrow('the database thread failed');
    for (let call = 0; call < 3; call++) {
      await expect(host.call('counts', undefined)).rejects.toThrow(StoreUnavailableError);
    }
    await host.close();
    await expect(host.call('counts', undefined)).rejects.toThrow('the store is closed');
  });

  test('gives the folder free', async () => {
    await expect(killThread(host)).rejects.toThrow(StoreUnavailableError);
    await host.close();
    const next = await openThread({ folder, retention });
    expect(await next.call('counts', undefined)).toMatchObject({ accepted: 0 });
    await next.close();
  });
});
