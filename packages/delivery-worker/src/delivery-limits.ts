/**
 * How many deliveries may be under way in this process. All share `concurrency` places; each origin has a limit of its
 * own that adapts to it; and so that an origin that hangs cannot stop the others by filling the shared places, one
 * with a few under way may go beyond them.
 */

import {
  type ConcurrencyLimit,
  type Entry,
  firstLimit,
  limitAtEnd,
  limitAtStart,
  loadSignal,
  type OriginPlaces,
  originOf,
} from '@millrace/core';
import type { AttemptReport } from './deliver.ts';

/** An origin with fewer under way may start one although the shared places are taken. */
const ALWAYS_PER_ORIGIN = 4;
/** Under way at once, beyond the shared places too, in multiples of these. */
const MOST_PER_PLACE = 4;
/** Origins with nothing under way whose limit is remembered, those that were used last. */
const MOST_IDLE = 1_000;

export interface DeliveryLimits {
  /** How many may start now, in all and to each origin. */
  places(): { readonly total: number; readonly origins: OriginPlaces };
  /** How many more may start to this origin now. */
  placesOf(origin: string): number;
  /** A delivery starts. */
  begin(entry: Entry): void;
  /** What came of its attempt, told before it ends. */
  learn(report: Pick<AttemptReport, 'entry' | 'outcome'>): void;
  /** It has ended, with an attempt or without. */
  end(entry: Entry): void;
  underWay(): number;
}

interface OriginState {
  limit: ConcurrencyLimit;
  underWay: number;
  /** Requests that were started since the origin is known. */
  started: number;
}

export function createDeliveryLimits(concurrency: number): DeliveryLimits {
  const most = concurrency * MOST_PER_PLACE;
  const fresh = firstLimit(concurrency);
  const active = new Map<string, OriginState>();
  const idle = new Map<string, OriginState>();
  /** Each delivery under way, with its number among those of its origin. */
  const requests = new Map<Entry, number>();

  function activate(origin: string): OriginState {
    const state = active.get(origin) ?? idle.get(origin) ?? { limit: fresh, underWay: 0, started: 0 };
    idle.delete(origin);
    active.set(origin, state);
    return state;
  }

  function rest(origin: string, state: OriginState): void {
    active.delete(origin);
    if (state.limit.limit === fresh.limit) return;
    idle.set(origin, state);
    for (const oldest of idle.keys()) {
      if (idle.size <= MOST_IDLE) return;
      idle.delete(oldest);
    }
  }

  const sharedLeft = (): number => Math.max(0, concurrency - requests.size);
  const ownLimit = (limit: ConcurrencyLimit): number =>
    Math.min(Math.floor(limit.limit), sharedLeft() > 0 ? Number.POSITIVE_INFINITY : ALWAYS_PER_ORIGIN);
  const ownPlaces = ({ limit, underWay }: OriginState): number => Math.max(0, ownLimit(limit) - underWay);
  const total = (): number => (sharedLeft() > 0 ? sharedLeft() : Math.max(0, most - requests.size));

  return {
    places() {
      const byOrigin = new Map<string, number>();
      for (const known of [idle, active]) {
        for (const [origin, state] of known) byOrigin.set(origin, ownPlaces(state));
      }
      return { total: total(), origins: { byOrigin, others: ownLimit(fresh) } };
    },
    placesOf(origin) {
      const state = active.get(origin) ?? idle.get(origin);
      return Math.min(total(), state === undefined ? ownLimit(fresh) : ownPlaces(state));
    },
    begin(entry) {
      const state = activate(originOf(entry.identity.targetUrl));
      state.underWay += 1;
      state.started += 1;
      state.limit = limitAtStart(state.limit, state.started, state.underWay);
      requests.set(entry, state.started);
    },
    learn({ entry, outcome }) {
      const state = active.get(originOf(entry.identity.targetUrl));
      const request = requests.get(entry);
      if (state === undefined || request === undefined) return;
      const { started: latest } = state;
      state.limit = limitAtEnd(state.limit, loadSignal(outcome), { request, latest, most: concurrency });
    },
    end(entry) {
      if (!requests.delete(entry)) return;
      const origin = originOf(entry.identity.targetUrl);
      const state = active.get(origin);
      if (state === undefined) return;
      state.underWay -= 1;
      if (state.underWay === 0) rest(origin, state);
    },
    underWay: () => requests.size,
  };
}
