import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { AttemptOutcome, Entry, Message, MessageView } from '@millrace/core';
import { openSqliteStore, type SqliteStore } from '@millrace/core/sqlite';
import { createManualClock, type ManualClock } from '@millrace/core/testing';
import { type DeliverDeps, type Disposition, deliver } from '../../src/index.ts';
import { secretNumber } from './signing.ts';

export interface SqliteWorld {
  readonly store: SqliteStore;
  readonly clock: ManualClock;
  readonly deps: DeliverDeps;
  /** The requests that were made, oldest first. */
  readonly requests: readonly { readonly entry: Pick<Entry, 'identity' | 'request'>; readonly at: number }[];
  /** What the target answers from now on, one outcome a request; afterwards 200. */
  answerWith(outcomes: readonly AttemptOutcome[]): void;
  /** Delivers what is due now; leaves it where the use case says so. */
  deliverDue(): Promise<readonly Disposition[]>;
  /** Delivers until the message has ended, moving the clock to whatever is due next; gives up after `rounds`. */
  deliverUntilEnded(message: Message, rounds: number): Promise<MessageView>;
  view(message: Message): Promise<MessageView>;
  close(): Promise<void>;
}

const BATCH = 10;

/**
 * The use case on the real store, with a scripted target and a clock that the test moves.
 *
 * @param more dependencies in place of its own
 */
export async function openSqliteWorld(
  more: (world: Pick<SqliteWorld, 'store' | 'clock'>) => Partial<DeliverDeps> = () => ({}),
): Promise<SqliteWorld> {
  const folder = await mkdtemp(path.join(tmpdir(), 'millrace-worker-'));
  const clock = createManualClock();
  const store = await openSqliteStore({ folder, clock, thread: false });
  const requests: { entry: Pick<Entry, 'identity' | 'request'>; at: number }[] = [];
  let answers: AttemptOutcome[] = [];
  let tokens = 0;

  const deps: DeliverDeps = {
    store,
    clock,
    signing: { secretsOf: () => Promise.resolve([secretNumber(1)]) },
    target: {
      send(entry) {
        requests.push({ entry, at: clock.now() });
        return Promise.resolve(answers.shift() ?? { kind: 'response', statusCode: 200 });
      },
    },
    random: () => 0.5,
    newToken: () => {
      tokens += 1;
      return `token-${tokens}`;
    },
    sleep: () => Promise.reject(new Error('nothing here is slow')),
    requestTimeoutMs: 30_000,
    onError: (error) => {
      throw error;
    },
    ...more({ store, clock }),
  };

  const world: SqliteWorld = {
    store,
    clock,
    deps,
    requests,
    answerWith(outcomes) {
      answers = [...outcomes];
    },
    async deliverDue() {
      const { entries } = await store.take(BATCH);
      const dispositions = await deliver(entries, deps);
      await store.release(entries.filter((_, index) => dispositions[index] === 'leave'));
      return dispositions;
    },
    async deliverUntilEnded(message, rounds) {
      for (let round = 0; round < rounds; round++) {
        await world.deliverDue();
        const view = await world.view(message);
        if (view.nextAttemptAt === null) return view;
        clock.set(Math.max(clock.now(), view.nextAttemptAt));
      }
      throw new Error(`the message has not ended after ${rounds} rounds`);
    },
    async view({ identity }) {
      const [view, ...others] = await store.get(identity);
      if (view === undefined || others.length > 0) throw new Error('not one message of that identity');
      return view;
    },
    async close() {
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
  return world;
}
