/** `CircuitStore` on one machine: a table of the same file, behind the same thread. */

import { randomUUID } from 'node:crypto';
import { stateExpiry, type TargetKey } from '../domain/target-state.ts';
import { InvalidCursorError } from '../errors.ts';
import type { CircuitStore, KnownTarget } from '../ports/circuit-store.ts';
import type { Clock } from '../ports/clock.ts';
import type { EngineHost } from './engine-host.ts';
import type { TargetRecord } from './target-operations.ts';

export function createSqliteCircuitStore(host: EngineHost, clock: Clock): CircuitStore {
  return {
    async read(keys) {
      const records = await host.call('readTargets', { now: clock.now(), keys });
      return records.map(toKnown);
    },

    async write(writes) {
      const now = clock.now();
      const records = writes.map(({ key, state, seen }) => ({
        record: { ...key, version: randomUUID(), state: JSON.stringify(state), expiresAt: stateExpiry(state, now) },
        seen,
      }));
      const others = await host.call('writeTargets', { now, writes: records });
      return records.map(({ record: { version } }, index) => {
        const other = others[index];
        return other === undefined ? { kind: 'written', version } : { kind: 'conflict', current: toKnown(other) };
      });
    },

    async list({ senderId, limit, cursor }) {
      const after = parseCursor(cursor);
      const records = await host.call('listTargets', { now: clock.now(), senderId, after, limit });
      const last = records.length === limit ? records.at(-1) : undefined;
      const targets = records.map((record) => ({
        key: { senderId: record.senderId, target: record.target },
        state: JSON.parse(record.state),
      }));
      return { targets, cursor: last === undefined ? null : formatCursor(last) };
    },
  };
}

function toKnown(record: TargetRecord | null): KnownTarget | null {
  return record === null ? null : { state: JSON.parse(record.state), version: record.version };
}

/** A cursor is the key that the next page lies behind. */
function formatCursor({ senderId, target }: TargetKey): string {
  return Buffer.from(JSON.stringify([senderId, target])).toString('base64url');
}

function parseCursor(cursor: string | undefined): TargetKey | undefined {
  if (cursor === undefined) return undefined;
  try {
    const [senderId, target, ...others]: readonly unknown[] = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    const isKey = typeof senderId === 'string' && typeof target === 'string' && others.length === 0;
    if (isKey && formatCursor({ senderId, target }) === cursor) return { senderId, target };
  } catch {
    // What cannot be read is no cursor.
  }
  throw new InvalidCursorError();
}
