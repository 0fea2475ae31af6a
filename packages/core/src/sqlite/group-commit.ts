/**
 * Many calls, one transaction, one flush to the disk. A call counts only when the commit that holds it has succeeded.
 */

import type { DatabaseSync } from 'node:sqlite';
import type { MessageEngine } from './message-engine.ts';

type Hooks = 'beforeCommit' | 'afterCommit' | 'afterRollback';

type EngineOperations = Omit<MessageEngine, Hooks>;
export type OperationName = keyof EngineOperations;
type Arguments = { [K in OperationName]: Parameters<EngineOperations[K]>[0] };
type Values = { [K in OperationName]: ReturnType<EngineOperations[K]> };
/** The engine's operations by name, in the form that lets a call's name and argument go together. */
export type Operations = { readonly [K in OperationName]: (argument: Arguments[K]) => Values[K] };

export interface Call<K extends OperationName = OperationName> {
  readonly operation: K;
  readonly argument: Arguments[K];
}

export type Answer =
  | { readonly ok: true; readonly value: unknown }
  /** `unavailable`: the database could not do it now; false for a defect. */
  | { readonly ok: false; readonly unavailable: boolean; readonly message: string };

/** Primary result codes that say "not now" (https://sqlite.org/rescode.html): BUSY, NOMEM, READONLY, IOERR, FULL, CANTOPEN. */
const UNAVAILABLE = new Set([5, 7, 8, 10, 13, 14]);

/**
 * Runs the calls in one transaction. When it fails, each is run again in a transaction of its own, so that a call fails
 * only for what it asks itself: while a full disk refuses new messages, results are stored and old messages removed.
 */
export function runGroup(db: DatabaseSync, engine: MessageEngine, calls: readonly Call[]): Answer[] {
  if (calls.length === 0) return [];
  try {
    return transaction(db, engine, calls).map((value) => ({ ok: true, value }));
  } catch (error) {
    if (calls.length === 1) return [describe(error)];
    return calls.flatMap((call) => runGroup(db, engine, [call]));
  }
}

function transaction(db: DatabaseSync, engine: MessageEngine, calls: readonly Call[]): unknown[] {
  try {
    db.exec('BEGIN IMMEDIATE');
    const values = calls.map((call) => invoke(engine, call));
    engine.beforeCommit();
    db.exec('COMMIT');
    engine.afterCommit();
    return values;
  } catch (error) {
    engine.afterRollback();
    // SQLite has rolled back by itself after some errors, such as a full disk.
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

function invoke<K extends OperationName>(operations: Operations, { operation, argument }: Call<K>): unknown {
  return operations[operation](argument);
}

function describe(error: unknown): Answer & { ok: false } {
  const { message = String(error), errcode = 0 } = error as { message?: string; errcode?: number };
  return { ok: false, unavailable: UNAVAILABLE.has(errcode & 0xff), message };
}
