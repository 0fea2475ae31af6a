/** The books: how many messages were accepted, succeeded and failed, kept in the transactions that make it so. */

import type { DatabaseSync } from 'node:sqlite';

export type CounterName = 'accepted' | 'succeeded' | 'failed';
export type Counters = ReturnType<typeof createCounters>;

/** Changes are gathered and written once a transaction. */
export function createCounters(db: DatabaseSync) {
  const update = db.prepare('UPDATE counters SET value = value + ? WHERE name = ?');
  const select = db.prepare('SELECT name, value FROM counters');
  const pending: Record<CounterName, number> = { accepted: 0, succeeded: 0, failed: 0 };
  const names = Object.keys(pending) as CounterName[];
  const discard = (): void => {
    for (const name of names) pending[name] = 0;
  };

  return {
    add(name: CounterName, change: number): void {
      pending[name] += change;
    },
    flush(): void {
      for (const name of names) if (pending[name] !== 0) update.run(pending[name], name);
      discard();
    },
    discard,
    /** With the changes of the running transaction. */
    read(): Record<CounterName, number> {
      const values = { ...pending };
      for (const { name, value } of select.iterate() as Iterable<{ name: CounterName; value: number }>) {
        values[name] += value;
      }
      return values;
    },
  };
}
