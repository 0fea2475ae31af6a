/**
 * A process that owns a data folder: `sqlite-child.ts hold|work FOLDER`.
 *
 * Writes one JSON line for each thing that is certain: `{"event":"open"}` or `{"event":"refused","message"}`; and, when
 * it works, `{"event":"stored","messageId","status"}` after the store has answered. It works until it is killed.
 */

import { writeSync } from 'node:fs';
import { type Entry, type Result, type Status, systemClock } from '@millrace/core';
import { openSqliteStore, type SqliteStore } from '@millrace/core/sqlite';

const STDOUT = 1;
const SENDER = 'crash';

export type ChildLine =
  | { readonly event: 'open' }
  | { readonly event: 'refused'; readonly message: string }
  | { readonly event: 'stored'; readonly messageId: string; readonly status: Status };

/** Written before the next line of the program runs, so that a kill loses no line of what was certain. */
function tell(line: ChildLine): void {
  writeSync(STDOUT, `${JSON.stringify(line)}\n`);
}

let count = 0;

async function acceptSome(store: SqliteStore): Promise<void> {
  const messages = Array.from({ length: 3 }, () => ({
    identity: {
      senderId: SENDER,
      messageId: `${process.pid}-${count++}`,
      timestamp: '2026-11-22T10:00:00Z',
      targetUrl: 'https://partner.example/',
    },
    request: { method: 'POST' as const, headers: [], body: Buffer.alloc(2_000, 7) },
    plan: { maxAttempts: 3, expiresAt: systemClock.now() + 3_600_000 },
  }));
  await store.accept(messages);
  for (const { identity } of messages) tell({ event: 'stored', messageId: identity.messageId, status: 'QUEUED' });
}

function resultOf(index: number): readonly [Status, Result] {
  if (index % 5 === 0) return ['FAILED', { kind: 'failure', reason: 'rejected', requested: true }];
  if (index % 5 === 1) return ['RETRYING', { kind: 'retry', due: systemClock.now() }];
  return ['SUCCESS', { kind: 'success' }];
}

async function deliverSome(store: SqliteStore): Promise<void> {
  const { entries } = await store.take(7);
  await Promise.all(entries.map((entry, index) => deliver(store, entry, index)));
}

async function deliver(store: SqliteStore, entry: Entry, index: number): Promise<void> {
  const token = `${process.pid}-token-${count++}`;
  const [claim] = await store.claim([{ entry, token, leaseMs: 60_000 }]);
  if (claim?.kind !== 'won') throw new Error(`expected to win the claim, was ${claim?.kind}`);
  const [status, result] = resultOf(index);
  const error = status === 'SUCCESS' ? null : { statusCode: 500, message: 'HTTP 500' };
  const [settled] = await store.settle([{ entry, token, result, error }]);
  if (settled !== 'settled') throw new Error(`expected the result to be settled, was ${settled}`);
  tell({ event: 'stored', messageId: entry.identity.messageId, status });
}

async function repeat(work: () => Promise<void>): Promise<never> {
  for (;;) await work();
}

const [mode, folder = ''] = process.argv.slice(2);
try {
  const store = await openSqliteStore({ folder });
  tell({ event: 'open' });
  // The open store does not keep a process alive; its work does, or this.
  if (mode === 'hold') setInterval(() => undefined, 60_000);
  else await Promise.all([acceptSome, acceptSome, deliverSome, deliverSome].map((work) => repeat(() => work(store))));
} catch (error) {
  tell({ event: 'refused', message: error instanceof Error ? `${error.name}: ${error.message}` : String(error) });
  process.exitCode = 1;
}
