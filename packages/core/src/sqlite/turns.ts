/**
 * Whose turn it is among the lanes that have something due: senders take turns, however many lanes each has, and so do
 * the lanes of a sender.
 *
 * Turns are points of a virtual time, as in start-time fair queueing. A lane that joins gets the turn after the last of
 * its sender, but none that is over; a sender with a thousand lanes has its turns spread over a thousand rounds, and
 * one with a single lane comes in each. Who was passed over keeps its turn, and is the first when it can go.
 */

import type { Lane } from '../domain/lane.ts';
import { createDueHeap, type DueHeap } from '../due-heap.ts';

/** What became of a round: the origins that were passed over, and whether others are left. */
export interface Round {
  readonly passed: readonly string[];
  readonly hasMore: boolean;
}

/** Senders beyond those that wait whose last turn is remembered although it is over. */
const SPARE_SENDERS = 1_000;

export function createTurns<L extends Lane>() {
  const lanesOf = new Map<string, DueHeap<L>>();
  /** Every origin stands here with its next turn; entries with another turn are left over. */
  const origins = createDueHeap<string>();
  /** Sender → its last turn that was given out. */
  const lastTurns = new Map<string, number>();
  let time = 0;
  let size = 0;

  function forgetSenders(): void {
    if (lastTurns.size <= size + SPARE_SENDERS) return;
    for (const [sender, turn] of lastTurns) if (turn <= time) lastTurns.delete(sender);
  }

  function add(lane: L): void {
    const { senderId, origin } = lane;
    const turn = Math.max(time, (lastTurns.get(senderId) ?? 0) + 1);
    lastTurns.set(senderId, turn);
    const lanes = lanesOf.get(origin) ?? createDueHeap<L>();
    lanesOf.set(origin, lanes);
    if (turn < lanes.nextDue()) origins.push(turn, origin);
    lanes.push(turn, lane);
    size += 1;
    forgetSenders();
  }

  /** Takes the next lane of the origin out, when its turn is the given one. */
  function takeOut(origin: string, turn: number): L | undefined {
    const lanes = lanesOf.get(origin);
    if (lanes?.nextDue() !== turn) return undefined;
    const lane = lanes.popDue(turn)?.item;
    const nextTurn = lanes.nextDue();
    if (Number.isFinite(nextTurn)) origins.push(nextTurn, origin);
    else lanesOf.delete(origin);
    size -= 1;
    time = Math.max(time, turn);
    return lane;
  }

  return {
    size: (): number => size,
    /** Lanes that go to the origin. */
    sizeOf: (origin: string): number => lanesOf.get(origin)?.size() ?? 0,

    /** The lane must not be in already. */
    add,

    /**
     * Takes lanes out in turn, each only when its origin has room, and gives them to `serve`, until that returns false.
     * It looks at an origin that has no room once, whatever the number of its lanes.
     */
    goRound(hasRoom: (origin: string) => boolean, serve: (lane: L) => boolean): Round {
      const passed = new Map<string, number>();
      try {
        for (let goesOn = true; goesOn; ) {
          const next = origins.popDue(Number.POSITIVE_INFINITY);
          if (next === undefined) break;
          const { due: turn, item: origin } = next;
          if (!hasRoom(origin)) {
            if (lanesOf.get(origin)?.nextDue() === turn) passed.set(origin, turn);
            continue;
          }
          const lane = takeOut(origin, turn);
          if (lane !== undefined) goesOn = serve(lane);
        }
        return { passed: [...passed.keys()], hasMore: Number.isFinite(origins.nextDue()) };
      } finally {
        for (const [origin, turn] of passed) origins.push(turn, origin);
      }
    },
  };
}
