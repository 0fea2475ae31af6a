import { rm } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { ANY_ORIGIN, StoreUnavailableError } from '@millrace/core';
import { openSqliteStore } from '@millrace/core/sqlite';
import { aMessage, createManualClock, only, START_TIME, useHarness } from '@millrace/core/testing';
import fc from 'fast-check';
import { openDatabase } from '../src/sqlite/database.ts';
import { type Answer, type Call, runGroup } from '../src/sqlite/group-commit.ts';
import { createMessageEngine, type MessageEngine } from '../src/sqlite/message-engine.ts';
import { type MessageRecord, toMessageRecord } from '../src/sqlite/records.ts';
import { makeFolder, openSqliteHarness } from './support/sqlite-harness.ts';

const NOW = START_TIME;

function accept(messageId: string, record: Partial<MessageRecord> = {}): Call {
  return {
    operation: 'accept',
    argument: { now: NOW, handOut: 0, records: [{ ...toMessageRecord(aMessage({ messageId })), ...record }] },
  };
}

/** A call with a defect: the database refuses to store half an attempt. */
function defective(messageId = 'defective'): Call {
  return accept(messageId, { maxAttempts: 0.5 });
}

const counts: Call = { operation: 'counts', argument: undefined };
const take: Call = { operation: 'take', argument: { now: NOW, limit: 10, returned: [], ...ANY_ORIGIN } };

function get(messageId: string): Call {
  return { operation: 'get', argument: { name: { messageId } } };
}

const ONE_ACCEPTED = { results: [{ kind: 'accepted' }], handedOut: new Map(), mayStart: true };
const ACCEPTED: Answer = { ok: true, value: ONE_ACCEPTED };
const IO_ERROR: Answer = { ok: false, unavailable: true, message: 'disk I/O error' };

afterEach(() => {
  jest.restoreAllMocks();
});

describe('a group of calls', () => {
  let folder: string;
  let db: DatabaseSync;
  let engine: MessageEngine;

  const open = (): void => {
    db = openDatabase({ folder }, (opened) => opened);
    engine = createMessageEngine(db, { succeededMs: 1_000, failedMs: 1_000 });
  };
  const run = (...calls: Call[]): Answer[] => runGroup(db, engine, calls);
  const values = (...calls: Call[]): unknown[] => run(...calls).map((answer) => (answer.ok ? answer.value : answer));

  /** From now on the database answers the statement like a disk that fails; the returned function repairs it. */
  function breakDisk(statement: string): () => void {
    const { exec } = DatabaseSync.prototype;
    const broken = jest.spyOn(db, 'exec').mockImplementation((sql) => {
      if (sql === statement) throw Object.assign(new Error('disk I/O error'), { errcode: 10 });
      exec.call(db, sql);
    });
    return () => broken.mockRestore();
  }

  beforeEach(async () => {
    folder = await makeFolder();
    open();
  });
  afterEach(async () => {
    db.close();
    await rm(folder, { recursive: true });
  });

  test('is one transaction, answered in its order', () => {
    const exec = jest.spyOn(db, 'exec');
    expect(values(accept('a'), counts, accept('a'), accept('b'), counts)).toEqual([
      ONE_ACCEPTED,
      { accepted: 1, succeeded: 0, failed: 0, waiting: 1 },
      { results: [{ kind: 'duplicate', status: 'QUEUED' }], handedOut: new Map(), mayStart: false },
      ONE_ACCEPTED,
      { accepted: 2, succeeded: 0, failed: 0, waiting: 2 },
    ]);
    expect(exec.mock.calls.flat()).toEqual(['BEGIN IMMEDIATE', 'COMMIT']);
  });

  test('with nothing in it does nothing', () => {
    const exec = jest.spyOn(db, 'exec');
    expect(run()).toEqual([]);
    expect(exec).not.toHaveBeenCalled();
  });

  test('with a call that has a defect: that one fails, as a defect, and its neighbours do not', () => {
    const [first, failed, last] = run(accept('a'), defective(), accept('b'));
    expect([first, last]).toEqual([ACCEPTED, ACCEPTED]);
    expect(failed).toMatchObject({ ok: false, unavailable: false, message: expect.stringContaining('max_attempts') });
    expect(values(counts, get('defective'))).toEqual([{ accepted: 2, succeeded: 0, failed: 0, waiting: 2 }, []]);
  });

  test('of any calls, some with defects: each is answered as if it had come alone', () => {
    const anyCall = fc.oneof(
      fc.constantFrom('a', 'b', 'c').map((id) => accept(id)),
      fc.constantFrom('a', 'b', 'c').map((id) => accept(id, { contentHash: 'other' })),
      fc.constantFrom('a', 'x').map(defective),
      fc.constant(counts),
      fc.constantFrom('a', 'b').map(get),
    );
    fc.assert(
      fc.property(fc.array(anyCall, { maxLength: 8 }), (calls) => {
        db.exec('DELETE FROM messages; DELETE FROM requests; UPDATE counters SET value = 0');
        const grouped = run(...calls).map(comparable);
        db.exec('DELETE FROM messages; DELETE FROM requests; UPDATE counters SET value = 0');
        const alone = calls.flatMap((call) => run(call)).map(comparable);
        expect(grouped).toEqual(alone);
      }),
      { numRuns: 150 },
    );
  });

  test('that cannot be committed fails as a whole, and leaves nothing', () => {
    const repair = breakDisk('COMMIT');
    expect(run(accept('a'), accept('b'), take)).toEqual([IO_ERROR, IO_ERROR, IO_ERROR]);
    repair();
    expect(values(counts, get('a'), get('b'))).toEqual([{ accepted: 0, succeeded: 0, failed: 0, waiting: 0 }, [], []]);
    expect(run(accept('a'), accept('b'))).toEqual([ACCEPTED, ACCEPTED]);
  });

  test('that cannot begin fails as a whole, and the next one is not harmed', () => {
    const repair = breakDisk('BEGIN IMMEDIATE');
    expect(run(accept('a'), counts)).toEqual([IO_ERROR, IO_ERROR]);
    repair();
    expect(run(accept('a'))).toEqual([ACCEPTED]);
    expect(values(counts)).toEqual([{ accepted: 1, succeeded: 0, failed: 0, waiting: 1 }]);
  });

  test('that cannot even be rolled back hands nothing out', () => {
    run(accept('a'));
    const { exec } = DatabaseSync.prototype;
    const broken = jest.spyOn(db, 'exec').mockImplementation((sql) => {
      if (sql !== 'BEGIN IMMEDIATE') throw Object.assign(new Error('disk I/O error'), { errcode: 10 });
      exec.call(db, sql);
    });
    expect(run(take)).toEqual([IO_ERROR]);
    broken.mockRestore();
    db.exec('ROLLBACK');
    expect(values(take)).toMatchObject([{ records: [{ messageId: 'a' }] }]);
  });

  test('whose hand-out was not committed: the entry is offered again, once', () => {
    run(accept('a'));
    const repair = breakDisk('COMMIT');
    expect(run(take)).toEqual([IO_ERROR]);
    repair();
    const offered = (): unknown => values(take).map((taken) => (taken as { records: unknown[] }).records.length);
    expect(offered()).toEqual([1]);
    expect(offered()).toEqual([0]);
  });

  test('that was answered survives a new start', () => {
    run(accept('a'), accept('b'));
    db.close();
    open();
    expect(values(counts)).toEqual([{ accepted: 2, succeeded: 0, failed: 0, waiting: 2 }]);
  });
});

/** Without the ids, which go on growing. */
function comparable(answer: Answer): unknown {
  return JSON.parse(JSON.stringify(answer, (key, value) => (key === 'acceptedAt' ? undefined : value)));
}

describe.each([false, true])('a store (on a thread: %p)', (thread) => {
  const h = useHarness(() => openSqliteHarness({ thread }));

  test('answers calls that are made at once in their order', async () => {
    const messages = Array.from({ length: 20 }, () => aMessage());
    const order: number[] = [];
    await Promise.all(
      messages.map(async (message, index) => {
        await h().store.accept([message]);
        order.push(index);
      }),
    );
    expect(order).toEqual(messages.map((_, index) => index));
    const taken = await h().receive(20);
    expect(taken.map(({ identity }) => identity)).toEqual(messages.map(({ identity }) => identity));
  });

  test('finishes what was begun before it closes, and refuses what comes after', async () => {
    const message = aMessage();
    const accepting = h().store.accept([message]);
    const closing = h().store.close();
    await expect(h().store.accept([aMessage()])).rejects.toThrow(StoreUnavailableError);
    expect(await accepting).toEqual([{ kind: 'accepted' }]);
    await closing;
    await h().store.close();
    await expect(h().store.counts()).rejects.toThrow('the store is closed');

    await h().restart();
    expect(await h().store.accept([message])).toEqual([{ kind: 'duplicate', status: 'QUEUED' }]);
  });

  test('tells a defect from what can be repeated', async () => {
    const message = aMessage({ maxAttempts: 0.5 });
    const error = await h()
      .store.accept([message])
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Error);
    expect(error).not.toBeInstanceOf(StoreUnavailableError);
  });
});

test('calls that are made at once share one flush to the disk', async () => {
  const folder = await makeFolder();
  const store = await openSqliteStore({ folder, thread: false, clock: createManualClock() });
  const exec = jest.spyOn(DatabaseSync.prototype, 'exec');
  const results = await Promise.all(Array.from({ length: 100 }, () => store.accept([aMessage()])));
  expect(results.map((result) => only(result).kind)).toEqual(results.map(() => 'accepted'));
  expect(exec.mock.calls.flat().filter((sql) => sql === 'COMMIT')).toHaveLength(1);
  await store.close();
  await rm(folder, { recursive: true });
});
