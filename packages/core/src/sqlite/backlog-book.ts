/** How many messages of each sender wait, kept in the transactions that make it so: nobody has to count them. */

import type { DatabaseSync } from 'node:sqlite';
import type { Senders } from '../domain/api-key.ts';
import type { Counters } from './counters.ts';

export type BacklogBook = ReturnType<typeof createBacklogBook>;

/** Changes are gathered and written once a transaction, as those of the counters are. */
export function createBacklogBook(db: DatabaseSync, counters: Counters) {
  const upsert = db.prepare(`
    INSERT INTO backlog VALUES (?, ?)
    ON CONFLICT (sender_id) DO UPDATE SET waiting = waiting + excluded.waiting
    RETURNING waiting`);
  const remove = db.prepare('DELETE FROM backlog WHERE sender_id = ?');
  const select = db.prepare('SELECT waiting FROM backlog WHERE sender_id = ?');
  const pending = new Map<string, number>();

  const waitingOf = (senderId: string): number =>
    Number(select.get(senderId)?.['waiting'] ?? 0) + (pending.get(senderId) ?? 0);

  return {
    add(senderId: string, change: number): void {
      pending.set(senderId, (pending.get(senderId) ?? 0) + change);
    },
    flush(): void {
      for (const [senderId, change] of pending) {
        if (change === 0) continue;
        // Senders that come once must not leave a row behind for ever.
        if (upsert.get(senderId, change)?.['waiting'] === 0) remove.run(senderId);
      }
      pending.clear();
    },
    discard: () => pending.clear(),
    /** With the changes of the running transaction. */
    waiting(senders: Senders): number {
      if (senders !== 'all') return senders.reduce((sum, senderId) => sum + waitingOf(senderId), 0);
      const { accepted, succeeded, failed } = counters.read();
      return accepted - succeeded - failed;
    },
  };
}
