import { rm } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Status } from '@millrace/core';
import { openSqliteStore, type SqliteStore } from '@millrace/core/sqlite';
import { makeFolder } from '../support/sqlite-harness.ts';
import { startOwner } from '../support/sqlite-process.ts';

const TIMEOUT_MS = 120_000;
/** After how many answers of the store each process is killed. */
const KILLS = [1, 40, 200, 1, 333, 90, 700, 15];

let folder: string;

beforeEach(async () => {
  folder = await makeFolder();
});
afterEach(() => rm(folder, { recursive: true }));

/** Lets a process work on the folder and kills it in the middle; adds to what was certain by then. */
async function workAndKill(certain: Map<string, Status>, answers: number): Promise<void> {
  const owner = startOwner('work', folder);
  let seen = 0;
  for await (const line of owner.lines) {
    if (line.event === 'refused') throw new Error(line.message);
    if (line.event === 'open') continue;
    certain.set(line.messageId, line.status);
    seen += 1;
    if (seen === answers) await owner.kill();
  }
  expect(seen).toBeGreaterThanOrEqual(answers);
}

async function expectNothingLost(store: SqliteStore, certain: ReadonlyMap<string, Status>): Promise<void> {
  const found = await Promise.all([...certain.keys()].map((messageId) => store.get({ messageId })));
  const statuses = new Map(found.flat().map(({ identity, status }) => [identity.messageId, status]));
  for (const [messageId, status] of certain) {
    const now = statuses.get(messageId);
    const mayHaveGoneOn = status === 'QUEUED' || status === 'RETRYING';
    expect([messageId, now]).toEqual([messageId, mayHaveGoneOn ? expect.any(String) : status]);
  }
}

test(
  'whenever the process is killed, every answer of the store holds: no message is lost, no result undone, the books add up',
  async () => {
    const certain = new Map<string, Status>();
    for (const answers of KILLS) {
      await workAndKill(certain, answers);
      const store = await openSqliteStore({ folder, thread: false });
      await expectNothingLost(store, certain);
      const counts = await store.counts();
      expect(counts.accepted).toBe(counts.succeeded + counts.failed + counts.waiting);
      expect(counts.accepted).toBeGreaterThanOrEqual(certain.size);
      // Leases of the dead are over: all that waits is due now, each once.
      const { entries } = await store.take(counts.waiting + 1);
      expect(new Set(entries.map(({ identity }) => identity.messageId)).size).toBe(counts.waiting);
      expect(await store.health()).toEqual([]);
      await store.close();
    }
    expect(certain.size).toBeGreaterThan(300);
    expect(new Set(certain.values())).toEqual(new Set(['QUEUED', 'RETRYING', 'SUCCESS', 'FAILED']));
  },
  TIMEOUT_MS,
);
