/**
 * What is known of the lanes without asking the database: from when on each may have something due, whose turn it is,
 * and which are held.
 *
 * Invariant: no row of a lane that may be handed out is due before the lane's `due`. That may be too early, which costs
 * a look; never too late, which would lose a message until the next start. Hence `discard`: whatever a transaction
 * that failed has told or seen of a lane is looked at again.
 */

import { type Lane, laneKey } from '../domain/lane.ts';
import type { Places } from '../domain/places.ts';
import { createDueHeap } from '../due-heap.ts';
import { createTurns } from './turns.ts';

/** Lanes without anything due that one call looks at. */
const MAX_LOOKS = 256;

const NEVER = Number.POSITIVE_INFINITY;
const NOT_HELD = Number.NEGATIVE_INFINITY;

interface LaneState extends Lane {
  /** Epoch milliseconds, `NEVER` when nothing waits. */
  due: number;
  /** Epoch milliseconds, or `NOT_HELD`. */
  heldUntil: number;
  /** Among those whose time will come, in its turn, or neither. */
  place: { readonly wakesAt: number } | 'turn' | 'out';
}

/** What a look at a lane's rows brought. */
export interface Look {
  readonly taken: number;
  /** When the first row that is left may be handed out, epoch milliseconds; Infinity when none is left. */
  readonly due: number;
}

/** @param look hands up to `most` rows of the lane out; none when it is 0 */
export function createLanes(look: (lane: Lane, most: number, now: number) => Look) {
  /** Those that may have something due, or are held. */
  const known = new Map<string, LaneState>();
  const later = createDueHeap<LaneState>();
  const turns = createTurns<LaneState>();
  /** Told of or looked at in the running transaction. */
  const touched = new Set<LaneState>();
  /** Origins that had something due and no place left, when places were last given away. */
  let full: ReadonlySet<string> = new Set();
  /** Something may be due that can start: it has come since places were given away, or these did not suffice. */
  let mayStart = true;
  let latestNow = Number.NEGATIVE_INFINITY;

  function stateOf({ senderId, origin }: Lane): LaneState {
    const key = laneKey({ senderId, origin });
    const found = known.get(key);
    if (found !== undefined) return found;
    const state: LaneState = { senderId, origin, due: NEVER, heldUntil: NOT_HELD, place: 'out' };
    known.set(key, state);
    return state;
  }

  function wakesAt({ due, heldUntil }: LaneState): number {
    const isOnlyHeld = due === NEVER && heldUntil !== NOT_HELD;
    return isOnlyHeld ? heldUntil : Math.max(due, heldUntil);
  }

  /** Puts a lane that is not in its turn where it belongs by its times; forgets it when there is nothing to know. */
  function rest(state: LaneState): void {
    if (state.place === 'turn') return;
    const time = wakesAt(state);
    if (Number.isFinite(time)) {
      // One that wakes too early finds its place then: a heap cannot give up what is in its middle.
      const wakesInTime = state.place !== 'out' && state.place.wakesAt <= time;
      if (wakesInTime) return;
      state.place = { wakesAt: time };
      later.push(time, state);
    } else {
      state.place = 'out';
      if (state.heldUntil === NOT_HELD) known.delete(laneKey(state));
    }
  }

  function line(state: LaneState): void {
    state.place = 'turn';
    turns.add(state);
    mayStart ||= !full.has(state.origin);
  }

  /** The next lane whose time has come, taken out; what lanes have left behind in the heap is dropped. */
  function popWoken(now: number): LaneState | undefined {
    for (let next = later.popDue(now); next !== undefined; next = later.popDue(now)) {
      const { due: time, item: state } = next;
      const isLeftBehind = typeof state.place === 'string' || state.place.wakesAt !== time;
      if (isLeftBehind) continue;
      state.place = 'out';
      return state;
    }
    return undefined;
  }

  /** Holds last as long as they would have, and not longer by as much as the clock was set back. */
  function shortenHolds(ms: number): void {
    for (const state of known.values()) {
      state.heldUntil -= ms;
      rest(state);
    }
  }

  function wake(now: number): void {
    if (now < latestNow) shortenHolds(latestNow - now);
    latestNow = now;
    for (let state = popWoken(now); state !== undefined; state = popWoken(now)) {
      if (state.heldUntil <= now) state.heldUntil = NOT_HELD;
      arrange(state, now);
    }
  }

  function arrange(state: LaneState, now: number): void {
    if (wakesAt(state) <= now) line(state);
    else rest(state);
  }

  function lookAt(state: LaneState, most: number, now: number): number {
    touched.add(state);
    // A hold that is over would wake a lane in which nothing waits, again and again.
    state.heldUntil = NOT_HELD;
    const { taken, due } = look(state, most, now);
    state.due = due;
    arrange(state, now);
    return taken;
  }

  function isBlocked(lane: Lane, now: number): boolean {
    const heldUntil = known.get(laneKey(lane))?.heldUntil ?? NOT_HELD;
    return heldUntil > now || full.has(lane.origin);
  }

  return {
    /** A row of the lane may be handed out from this time on, epoch milliseconds. */
    dueAt(lane: Lane, time: number): void {
      const state = stateOf(lane);
      touched.add(state);
      state.due = Math.min(state.due, time);
      rest(state);
    },

    /** Nothing of the lane is handed out before `until`, epoch milliseconds; a time that is past ends a hold. */
    hold(lane: Lane, until: number, now: number): void {
      wake(now);
      const state = stateOf(lane);
      state.heldUntil = until;
      rest(state);
    },

    /** Whether a message of the lane that comes now may go to a worker at once, without passing by what waits. */
    mayPass(lane: Lane, now: number): boolean {
      wake(now);
      return !mayStart && !isBlocked(lane, now);
    },

    /** Whether it is known that a message of the lane cannot start until another has ended, or a hold has. */
    isBlocked,

    /**
     * Gives the places away in turn. Before `nextDue` (epoch milliseconds) nothing more can start: now, when places or
     * looks did not suffice. Those of `full` origins can when these have places.
     */
    take(places: Places, now: number): { readonly nextDue: number; readonly full: readonly string[] } {
      wake(now);
      const before = places.total();
      if (before === 0) return { nextDue: mayStart ? now : later.nextDue(), full: [...full] };
      const share = Math.max(1, Math.floor(before / turns.size()));
      let looks = 0;
      const { passed, hasMore } = turns.goRound(
        (origin) => places.ofOrigin(origin) > 0,
        (state) => {
          state.place = 'out';
          touched.add(state);
          if (state.heldUntil > now) rest(state);
          else {
            const { origin } = state;
            const ofOrigin = Math.ceil(places.ofOrigin(origin) / (turns.sizeOf(origin) + 1));
            const taken = lookAt(state, Math.min(share, places.total(), ofOrigin), now);
            if (taken === 0) looks += 1;
            places.give(origin, taken);
          }
          return places.total() > 0 && looks < MAX_LOOKS;
        },
      );
      full = new Set(passed);
      mayStart = hasMore;
      return { nextDue: hasMore ? now : later.nextDue(), full: passed };
    },

    /** Those of which something is known. */
    all: (): Iterable<Lane & { readonly due: number; readonly heldUntil: number }> => known.values(),

    /** What was told since the last call of either is so. */
    keep: (): void => touched.clear(),
    /** It is not. */
    discard(): void {
      for (const lane of touched) {
        const state = stateOf(lane);
        state.due = 0;
        rest(state);
      }
      touched.clear();
    },
  };
}
