/**
 * The database of one machine in memory: it outlives the processes that use it, one after the other, and whoever asks
 * for it decides when a transaction reaches the disk, if ever.
 */

import { DatabaseSync } from 'node:sqlite';
import type { DeliveryState } from '../domain/lifecycle.ts';
import type { TargetKey, TargetState } from '../domain/target-state.ts';
import type { Clock } from '../ports/clock.ts';
import { createHost } from '../sqlite/engine-host.ts';
import { type Answer, runGroup } from '../sqlite/group-commit.ts';
import { createMessageEngine, type Retention } from '../sqlite/message-engine.ts';
import { migrate } from '../sqlite/schema.ts';
import { createStore, type SqliteStore } from '../sqlite/sqlite-message-store.ts';

/** Runs the transaction at its time. Rejected: the disk could not take it, and it was not run. */
export type ToDisk = <T>(transaction: () => T) => Promise<T>;

export interface MemoryRow extends DeliveryState {
  /** Its `messageId`. */
  readonly name: string;
  readonly maxAttempts: number;
  readonly expiresAt: number;
  readonly contentHash: string;
}

/** What is known of a target. */
interface MemoryTarget extends TargetKey {
  readonly version: string;
  readonly state: TargetState;
}

/** A process that uses the database. */
interface MemoryProcess {
  readonly clock: Clock;
  readonly toDisk: ToDisk;
  /** Runs after each step of a transaction. */
  readonly onStep: () => void;
}

export interface MemoryDatabase {
  /** Opens it for a process, as `openSqliteStore` does: those before are dead, their leases over. */
  open(options: MemoryProcess): Promise<SqliteStore>;
  /** As they are now, in the middle of a transaction too. */
  rows(): readonly MemoryRow[];
  targets(): readonly MemoryTarget[];
  close(): void;
}

export function createMemoryDatabase(retention: Retention): MemoryDatabase {
  const db = new DatabaseSync(':memory:');
  migrate(db);
  const selectRows = db.prepare(`
    SELECT message_id AS name, status, round, attempts, token, due, reason, replays, max_attempts AS maxAttempts,
      expires_at AS expiresAt, content_hash AS contentHash
    FROM messages`);
  const selectTargets = db.prepare('SELECT sender_id AS senderId, target, version, state FROM targets');

  return {
    async open({ clock, toDisk, onStep }) {
      const engine = observed(createMessageEngine(db, retention), onStep);
      let last: Promise<unknown> = Promise.resolve();
      const { host, receive } = createHost(
        (calls) => {
          const refused = (error: unknown): Answer[] =>
            calls.map(() => ({ ok: false, unavailable: true, message: String(error) }));
          // One after the other, as the thread of the database makes them.
          last = last
            .then(() => toDisk(() => runGroup(db, engine, calls)))
            .then(receive, (error) => receive(refused(error)));
        },
        () => Promise.resolve(),
      );
      await host.call('endLeases', { now: clock.now() });
      return createStore(host, clock, () => Promise.resolve([]));
    },
    rows: () => selectRows.all() as (Record<string, unknown> & MemoryRow)[],
    targets: () => selectTargets.all().map((row) => toTarget(row as Record<string, unknown> & TargetRow)),
    close: () => db.close(),
  };
}

interface TargetRow extends TargetKey {
  readonly version: string;
  readonly state: string;
}

function toTarget({ state, ...row }: TargetRow): MemoryTarget {
  return { ...row, state: JSON.parse(state) };
}

/** The same object; its functions run something when they are done. */
function observed<T extends object>(object: T, onDone: () => void): T {
  return new Proxy(object, {
    get(target, name) {
      const found: unknown = Reflect.get(target, name);
      if (typeof found !== 'function') return found;
      return (...args: unknown[]): unknown => {
        const result: unknown = found(...args);
        onDone();
        return result;
      };
    },
  });
}
