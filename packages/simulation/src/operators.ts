/** Operators: they look at messages and replay them, and repeat a replay until they are told what came of it. */

import { type Status, type TargetKey, updateTarget } from '@millrace/core';
import { isForeseen } from './errors.ts';
import { callFront, type Front, type Server } from './front.ts';
import { INVARIANTS } from './invariants.ts';
import { type SimMessage, STRANGER } from './messages.ts';
import { type Sim, START } from './sim.ts';
import type { Witness } from './witness.ts';

export interface Operators {
  /** Until it is answered. */
  replay(name: string): void;
  /** All that is held, as it is listed. */
  releaseAll(): void;
}

const PAUSE_MS = 15_000;
/** FAILED messages that one replay of all takes at most: less than there may be, so that it goes by pages. */
const PAGE = 2;
/** More than a history has. */
const MANY_TARGETS = 100;

export function startOperators(sim: Sim, messages: readonly SimMessage[], front: Front, witness: Witness): Operators {
  const { timeline, history } = sim;
  const later = (action: () => void): void => timeline.at(timeline.now() + PAUSE_MS, action);

  const senderOf = (name: string): string => messages.find((one) => one.name === name)?.senderId ?? STRANGER;

  for (const event of history.events) {
    const message = 'message' in event ? messages[event.message % messages.length] : undefined;
    timeline.at(START + event.at, () => {
      if (event.kind === 'replay-all') replayAll();
      else if (message !== undefined && event.kind === 'replay') replay(message.name);
      else if (message !== undefined && event.kind === 'read') read(message.name);
      else if (message !== undefined && event.kind === 'release') {
        release({ senderId: message.senderId, target: message.targetUrl });
      }
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
        act: (server) =>
          watched(server, [name], () => server.store.replay({ senderId: senderOf(name), messageId: name })),
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
        return store.get({ senderId: senderOf(name), messageId: name });
      },
      onAnswer: ([view]) => check?.(view?.status),
      onFailure: (error) => failed(`reading ${name}`, error, () => undefined),
    });
  }

  function release(key: TargetKey): void {
    callFront(sim, front, {
      who: `operator of ${key.target}`,
      async act({ circuits, onTarget }) {
        const [seen = null] = await circuits.read([key]);
        await updateTarget(circuits, key, seen, (state) =>
          state.hold === null ? undefined : { ...state, hold: null },
        );
        onTarget?.(key);
      },
      onAnswer: () => sim.note('operator', () => `${key.target} of ${key.senderId} is released`),
      onFailure: (error) => failed(`release of ${key.target}`, error, () => later(() => release(key))),
    });
  }

  function releaseAll(): void {
    callFront(sim, front, {
      who: 'operator of targets',
      act: ({ circuits }) => circuits.list({ limit: MANY_TARGETS }),
      onAnswer({ targets }) {
        for (const { key, state } of targets) if (state.hold !== null) release(key);
      },
      onFailure: (error) => failed('listing targets', error, () => later(releaseAll)),
    });
  }

  return { replay, releaseAll };
}
