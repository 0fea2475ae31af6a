/** Operators: they look at messages and replay them, and repeat a replay until they are told what came of it. */

import type { Status } from '@millrace/core';
import { isForeseen } from './errors.ts';
import { callFront, type Front, type Server } from './front.ts';
import { INVARIANTS } from './invariants.ts';
import { SENDER, type SimMessage } from './messages.ts';
import { type Sim, START } from './sim.ts';
import type { Witness } from './witness.ts';

export interface Operators {
  /** Until it is answered. */
  replay(name: string): void;
}

const PAUSE_MS = 15_000;
/** FAILED messages that one replay of all takes at most: less than there may be, so that it goes by pages. */
const PAGE = 2;

export function startOperators(sim: Sim, messages: readonly SimMessage[], front: Front, witness: Witness): Operators {
  const { timeline, history } = sim;
  const later = (action: () => void): void => timeline.at(timeline.now() + PAUSE_MS, action);

  for (const event of history.events) {
    const message = 'message' in event ? messages[event.message % messages.length] : undefined;
    timeline.at(START + event.at, () => {
      if (event.kind === 'replay-all') replayAll();
      else if (message !== undefined && event.kind === 'replay') replay(message.name);
      else if (message !== undefined && event.kind === 'read') read(message.name);
    });
  }

  function failed(what: string, error: unknown, again: () => void): void {
    sim.note('operator', () => `${what}: ${String(error)}`);
    if ((error as { code?: string }).code === 'entry-object-missing') {
      sim.violate(INVARIANTS.replayable, `${what}: ${String(error)}`);
    } else if (!isForeseen(error)) sim.violate(INVARIANTS.crash, `${what}: ${String(error)}`);
    else again();
  }

  async function watched<T>({ process }: Server, names: readonly string[], act: () => Promise<T>): Promise<T> {
    const replaying = witness.replaying(process, names);
    try {
      const answer = await act();
      replaying.done();
      return answer;
    } catch (error) {
      replaying.failed();
      throw error;
    }
  }

  function replay(name: string): void {
    go();
    function go(): void {
      callFront(sim, front, {
        who: `operator ${name}`,
        act: (server) => watched(server, [name], () => server.store.replay({ senderId: SENDER, messageId: name })),
        onAnswer: ({ found, replayed }) => {
          sim.note('operator', () => `replay of ${name}: ${replayed} of ${found}`);
        },
        onFailure: (error) => failed(`replay of ${name}`, error, () => later(go)),
      });
    }
  }

  /** Where it fails nobody knows how far it came: each message is replayed by its name then. */
  function replayAll(): void {
    const names = messages.map(({ name }) => name);
    go(undefined);
    function go(cursor: string | undefined): void {
      callFront(sim, front, {
        who: 'operator',
        act: (server) =>
          watched(server, names, () =>
            server.store.replayMany({ limit: PAGE, dryRun: false, ...(cursor === undefined ? {} : { cursor }) }),
          ),
        onAnswer: ({ replayed, remaining, cursor: next }) => {
          sim.note('operator', () => `replay of all: ${replayed}, ${remaining} remain`);
          if (next !== null) go(next);
        },
        onFailure: (error) =>
          failed('replay of all', error, () => {
            for (const name of names) replay(name);
          }),
      });
    }
  }

  function read(name: string): void {
    let check: ((status: Status | undefined) => void) | undefined;
    callFront(sim, front, {
      who: `reader of ${name}`,
      act: ({ store }) => {
        check = witness.reading(name);
        return store.get({ senderId: SENDER, messageId: name });
      },
      onAnswer: ([view]) => check?.(view?.status),
      onFailure: (error) => failed(`reading ${name}`, error, () => undefined),
    });
  }

  return { replay };
}
