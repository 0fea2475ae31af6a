import { type AttemptOutcome, type Entry, type OriginPlaces, originOf } from '@millrace/core';
import type { Disposition } from '../../src/deliver.ts';
import { createDeliveryLimits } from '../../src/delivery-limits.ts';
import { type DeliveryLoop, type EntryQueue, startDeliveryLoop } from '../../src/delivery-loop.ts';
import { entryTo, idOf } from './entries.ts';
import { pass, settle } from './virtual-time.ts';

/** What can happen around the loop. Picks count through what there is, whatever their size. */
export type LoopStep =
  | { readonly kind: 'arrive'; readonly inMs: number; readonly origin: number }
  /** The take under way is answered as of when it was made, or as of now. */
  | { readonly kind: 'answer'; readonly asOfNow: boolean }
  | { readonly kind: 'fail-take' }
  | { readonly kind: 'finish'; readonly pick: number; readonly how: Disposition | 'fail'; readonly statusCode?: number }
  | { readonly kind: 'fail-next-release' }
  /** One turn of the event loop, or only one of its microtasks. */
  | { readonly kind: 'turn' }
  | { readonly kind: 'microtask' }
  | { readonly kind: 'pass'; readonly ms: number };

type Taken = Awaited<ReturnType<EntryQueue['take']>>;

interface Known {
  readonly entry: Entry;
  readonly due: number;
  state: 'waiting' | 'held' | 'delivered';
}

const PAUSE_MS = 250;
const MAX_DRAIN_STEPS = 1_000;
/** A timer of no time fires after this. */
const TIMER_MS = 1;
/** An origin with fewer under way may go beyond the shared places, */
const FEW = 4;
/** as long as no more are under way than so many times these. */
const MOST_PER_PLACE = 4;

interface UnderWay {
  readonly entry: Entry;
  readonly resolve: (answer: readonly Disposition[]) => void;
  readonly reject: (error: Error) => void;
}

interface Take {
  readonly limit: number;
  readonly origins: OriginPlaces;
  readonly early: Taken;
  readonly resolve: (taken: Taken) => void;
  readonly reject: (error: Error) => void;
}

const originOfEntry = ({ identity }: Entry): string => originOf(identity.targetUrl);

/**
 * The loop between a queue and deliveries that do only what the steps say. Throws when the loop breaks a promise:
 * more under way than allowed, in all or to an origin, two takes at once, an entry under way twice, an entry forgotten
 * for which there is a place.
 */
export function createLoopModel(concurrency: number) {
  const known = new Map<string, Known>();
  const underWay = new Map<string, UnderWay>();
  const limits = createDeliveryLimits(concurrency);
  let take: Take | undefined;
  let announce: () => void = () => {};
  let failsRelease = false;
  let lastPauseAt = Number.NEGATIVE_INFINITY;
  let mostUnderWay = 0;

  /** Kept until the test looks: the loop would take an exception for a failure of its queue. */
  const violations: string[] = [];
  const assert = (holds: boolean, violation: string): void => {
    if (!holds) violations.push(violation);
  };
  const throwViolations = (): void => {
    if (violations.length > 0) throw new Error(violations.join('; '));
  };
  const all = (): Known[] => [...known.values()];
  const isDue = ({ state, due }: Known): boolean => state === 'waiting' && due <= Date.now();

  const underWayTo = (origin: string): number =>
    [...underWay.values()].filter(({ entry }) => originOfEntry(entry) === origin).length;

  function look(limit: number, { byOrigin, others }: OriginPlaces): Taken {
    const left = new Map<string, number>();
    const entries = all()
      .filter(isDue)
      .filter(({ entry }) => {
        const origin = originOfEntry(entry);
        const places = left.get(origin) ?? byOrigin.get(origin) ?? others;
        left.set(origin, places - 1);
        return places > 0;
      })
      .slice(0, limit);
    for (const found of entries) found.state = 'held';
    const later = all().filter(({ state, due }) => state === 'waiting' && due > Date.now());
    const nextDue = later.length === 0 ? null : Math.min(...later.map(({ due }) => due));
    return { entries: entries.map(({ entry }) => entry), nextDue };
  }

  function putBack(entries: readonly Entry[]): void {
    for (const entry of entries) {
      const found = known.get(idOf(entry));
      if (found?.state === 'held') found.state = 'waiting';
    }
  }

  const queue: EntryQueue = {
    take(limit, origins) {
      assert(take === undefined, 'two takes at once');
      const shared = concurrency - underWay.size;
      const most = shared > 0 ? shared : MOST_PER_PLACE * concurrency - underWay.size;
      assert(limit >= 1 && limit <= most, `takes ${limit} beside ${underWay.size} under way`);
      return new Promise((resolve, reject) => {
        take = { limit, origins, early: look(limit, origins), resolve, reject };
      });
    },
    release(entries) {
      if (failsRelease) {
        failsRelease = false;
        return Promise.reject(new Error('cannot release'));
      }
      putBack(entries);
      announce();
      return Promise.resolve();
    },
    onWork(listener) {
      announce = listener;
    },
  };

  const loop: DeliveryLoop = startDeliveryLoop({
    queue,
    deliver: ([entry]) =>
      new Promise((resolve, reject) => {
        if (entry === undefined) return reject(new Error('delivers nothing'));
        const name = idOf(entry);
        const others = underWayTo(originOfEntry(entry));
        assert(!underWay.has(name), `${name} is under way twice`);
        assert(underWay.size < concurrency || others < FEW, `starts beside ${underWay.size}, ${others} to its origin`);
        assert(others < concurrency, `${others} to one origin are under way`);
        underWay.set(name, { entry, resolve, reject });
        mostUnderWay = Math.max(mostUnderWay, underWay.size);
        assert(underWay.size <= MOST_PER_PLACE * concurrency, `${underWay.size} are under way`);
      }),
    clock: { now: () => Date.now() },
    limits,
    onError: (error) => {
      assert(error instanceof Error && error.message.startsWith('cannot '), `the loop failed: ${error}`);
      lastPauseAt = Date.now();
    },
  });

  function endTake(): NonNullable<typeof take> | undefined {
    const ended = take;
    take = undefined;
    return ended;
  }

  function answer(asOfNow: boolean): void {
    const ended = endTake();
    if (ended === undefined) return;
    if (asOfNow) putBack(ended.early.entries);
    ended.resolve(asOfNow ? look(ended.limit, ended.origins) : ended.early);
  }

  function finish(pick: number, how: Disposition | 'fail', statusCode: number): void {
    const names = [...underWay.keys()];
    const name = names[pick % names.length];
    const found = known.get(name ?? '');
    const delivery = underWay.get(name ?? '');
    if (name === undefined || found === undefined || delivery === undefined) return;
    underWay.delete(name);
    const outcome: AttemptOutcome = { kind: 'response', statusCode };
    if (how !== 'fail') limits.learn({ entry: delivery.entry, outcome });
    if (how === 'acknowledge') found.state = 'delivered';
    if (how === 'leave') lastPauseAt = Date.now();
    if (how === 'fail') delivery.reject(new Error('cannot deliver'));
    else delivery.resolve([how]);
  }

  async function step(what: LoopStep): Promise<void> {
    await perform(what);
    throwViolations();
  }

  async function perform(what: LoopStep): Promise<void> {
    switch (what.kind) {
      case 'arrive': {
        const entry = entryTo(`https://${what.origin}.example`, `m${known.size}`);
        known.set(idOf(entry), { entry, due: Date.now() + what.inMs, state: 'waiting' });
        announce();
        return;
      }
      case 'answer':
        return answer(what.asOfNow);
      case 'fail-take': {
        const ended = endTake();
        if (ended !== undefined) putBack(ended.early.entries);
        ended?.reject(new Error('cannot take'));
        return;
      }
      case 'finish':
        return finish(what.pick, what.how, what.statusCode ?? 200);
      case 'fail-next-release':
        failsRelease = true;
        return;
      case 'turn':
        await new Promise((resolve) => setImmediate(resolve));
        return;
      case 'microtask':
        await Promise.resolve();
        return;
      case 'pass':
        await pass(what.ms);
    }
  }

  /** When the loop rests although it may take, nothing may be due for which there is a place. */
  function assertNothingForgotten(): void {
    const mayTake = take === undefined && Date.now() - lastPauseAt >= PAUSE_MS;
    if (!mayTake) return;
    const forgotten = all().filter((one) => isDue(one) && limits.placesOf(originOfEntry(one.entry)) > 0);
    assert(forgotten.length === 0, 'due entries are forgotten');
  }

  return {
    loop,
    step,
    underWay: (): number => underWay.size,
    underWayTo,
    /** Answers all takes, until the loop asks no more. */
    async answerAll(): Promise<void> {
      for (let turns = 0; turns < MAX_DRAIN_STEPS; turns++) {
        await settle();
        throwViolations();
        if (take === undefined) return;
        answer(true);
      }
      throw new Error('the loop does not stop to ask');
    },
    mostUnderWay: (): number => mostUnderWay,
    states: () => all().map(({ state }) => state),
    /** From now on everything works: answers and finishes all, and lets time pass only until the next is due. */
    async drain(): Promise<void> {
      failsRelease = false;
      for (let i = 0; i < MAX_DRAIN_STEPS; i++) {
        await pass(TIMER_MS);
        assertNothingForgotten();
        throwViolations();
        if (take !== undefined) answer(false);
        else if (underWay.size > 0) finish(0, 'acknowledge', 200);
        else {
          const waiting = all().filter(({ state }) => state !== 'delivered');
          if (waiting.length === 0) return;
          const nextDue = Math.min(...waiting.map(({ due }) => due));
          await pass(Math.max(0, nextDue - Date.now(), lastPauseAt + PAUSE_MS - Date.now()));
        }
      }
      throw new Error('the loop does not come to an end');
    },
  };
}
