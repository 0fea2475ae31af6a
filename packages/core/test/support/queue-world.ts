/**
 * The queue of a SQLite store beside a model of it in memory: the same is done to both, and every take is checked
 * against what the model knows to be due.
 */

import { DatabaseSync } from 'node:sqlite';
import { expect, jest } from '@jest/globals';
import { type Entry, type Lane, laneKey, laneOf, type OriginPlaces } from '@millrace/core';
import { aMessage, LEASE_MS, retry, SUCCESS } from '@millrace/core/testing';
import type { SqliteHarness } from './sqlite-harness.ts';

interface ModelMessage {
  /** In the order of acceptance. */
  readonly number: number;
  readonly lane: Lane;
  /** When it may be handed out, or when the lease of its claim ends. */
  due: number;
  /** When it may be handed out again after it was handed back; forgotten by a new start. */
  putOffUntil: number;
  state: 'waiting' | 'out' | 'claimed' | 'ended';
  entry?: Entry;
  /** Of the claim that is not settled. */
  token?: string | undefined;
}

/** Epoch milliseconds. A clock that is set back may shorten a hold by as much. */
interface ModelHold {
  earliest: number;
  readonly latest: number;
}

const DISK_ERROR = 10;

/**
 * @param handsOver messages go straight to a worker, in the order of their acceptance: when the clock is set back
 *   between two of them, that is not the order in which they fell due
 */
export function createQueueWorld(h: SqliteHarness, handsOver: boolean) {
  const messages = new Map<string, ModelMessage>();
  const holds = new Map<string, ModelHold>();
  let tokens = 0;
  let failsCommit = false;

  const { exec } = DatabaseSync.prototype;
  const broken = jest.spyOn(DatabaseSync.prototype, 'exec').mockImplementation(function (
    this: DatabaseSync,
    sql: string,
  ) {
    if (failsCommit && sql === 'COMMIT') throw Object.assign(new Error('disk I/O error'), { errcode: DISK_ERROR });
    exec.call(this, sql);
  });

  const those = (state: ModelMessage['state']): ModelMessage[] =>
    [...messages.values()].filter((message) => message.state === state);
  const pick = (from: readonly ModelMessage[], index: number): ModelMessage[] =>
    from.length === 0 ? [] : from.slice(index % from.length, (index % from.length) + 3);

  /** Waits for nothing but a place, when holds of its lane end at their earliest or at their latest. */
  function isReady({ lane, due, putOffUntil, state }: ModelMessage, end: keyof ModelHold): boolean {
    const isWaiting = state === 'waiting' || state === 'claimed';
    return isWaiting && Math.max(due, putOffUntil, holds.get(laneKey(lane))?.[end] ?? 0) <= h.clock.now();
  }

  /** True when the store did it; a commit that failed has done nothing. */
  async function attempt(action: () => Promise<unknown>): Promise<boolean> {
    try {
      await action();
      return true;
    } catch (error) {
      expect(failsCommit).toBe(true);
      expect(error).toMatchObject({ code: 'store-unavailable' });
      return false;
    }
  }

  function expectFair(entries: readonly Entry[], limit: number, origins: OriginPlaces): void {
    const places = new Map<string, number>();
    const placesOf = (origin: string): number => places.get(origin) ?? origins.byOrigin.get(origin) ?? origins.others;
    expect(entries.length).toBeLessThanOrEqual(limit);
    const lastOf = new Map<string, ModelMessage>();
    for (const entry of entries) {
      const message = messages.get(entry.identity.messageId);
      if (message === undefined) throw new Error('an entry that nobody accepted');
      expect([entry.identity.messageId, isReady(message, 'earliest')]).toEqual([entry.identity.messageId, true]);
      const { origin } = message.lane;
      expect(placesOf(origin)).toBeGreaterThan(0);
      places.set(origin, placesOf(origin) - 1);
      const last = lastOf.get(laneKey(message.lane));
      if (last === undefined || last.due <= message.due) lastOf.set(laneKey(message.lane), message);
      Object.assign(message, { state: 'out', putOffUntil: 0, entry });
    }
    const left = [...messages.values()].filter((message) => isReady(message, 'latest'));
    for (const message of left) {
      const taken = lastOf.get(laneKey(message.lane));
      if (taken === undefined || message.due >= taken.due) continue;
      // What comes back to the queue may be passed by what was handed over meanwhile.
      const mayBePassed = message.number >= taken.number || message.entry !== undefined;
      expect(handsOver && mayBePassed).toBe(true);
    }
    // Nothing that could start is passed by.
    if (entries.length < limit) expect(left.filter(({ lane }) => placesOf(lane.origin) > 0)).toEqual([]);
  }

  return {
    async accept(lane: Lane, count: number): Promise<void> {
      const batch = Array.from({ length: count }, () =>
        aMessage({ senderId: lane.senderId, targetUrl: `${lane.origin}/hooks`, maxAttempts: 20 }),
      );
      if (!(await attempt(() => h.store.accept(batch)))) return;
      for (const { identity } of batch) {
        messages.set(identity.messageId, {
          ...{ number: messages.size, lane: laneOf(identity), due: h.clock.now(), putOffUntil: 0, state: 'waiting' },
        });
      }
    },

    async take(limit: number, origins: OriginPlaces): Promise<number> {
      let entries: readonly Entry[] = [];
      const isDone = await attempt(async () => {
        entries = (await h.store.take(limit, origins)).entries;
      });
      if (isDone) expectFair(entries, limit, origins);
      return entries.length;
    },

    async claim(index: number): Promise<void> {
      for (const message of pick(those('out'), index)) {
        const { entry } = message;
        if (entry === undefined) continue;
        const token = `token-${++tokens}`;
        // The clock was set back to where its time has not come, or the lease that was over is not.
        const isBusy = message.due > h.clock.now();
        const isDone = await attempt(async () => {
          const expected = [{ kind: isBusy ? 'busy' : 'won' }];
          expect(await h.store.claim([{ entry, token, leaseMs: LEASE_MS }])).toMatchObject(expected);
        });
        if (isDone && isBusy) message.state = 'waiting';
        else if (isDone) Object.assign(message, { state: 'claimed', token, due: h.clock.now() + LEASE_MS });
      }
    },

    async settle(index: number, retryMs: number | undefined): Promise<void> {
      for (const message of pick(those('claimed'), index)) {
        const { entry, token } = message;
        if (entry === undefined || token === undefined) continue;
        const due = h.clock.now() + (retryMs ?? 0);
        const result = retryMs === undefined ? SUCCESS : retry(due);
        const isDone = await attempt(async () => {
          expect(await h.store.settle([{ entry, token, result, error: null }])).toEqual(['settled']);
        });
        if (!isDone) continue;
        Object.assign(
          message,
          retryMs === undefined ? { state: 'ended' } : { state: 'waiting', due, token: undefined },
        );
      }
    },

    async release(index: number): Promise<void> {
      const released = pick(those('out'), index);
      const entries = released.flatMap(({ entry }) => (entry === undefined ? [] : [entry]));
      if (!(await attempt(() => h.store.release(entries)))) return;
      for (const message of released) message.state = 'waiting';
    },

    async handBack(index: number, ms: number): Promise<void> {
      const until = h.clock.now() + ms;
      for (const message of pick(those('out'), index)) {
        const { entry } = message;
        if (entry === undefined) continue;
        if (!(await attempt(() => h.store.handBack([{ entry, until }])))) continue;
        Object.assign(message, { state: 'waiting', putOffUntil: until });
      }
    },

    /** Without faults: whether a hold counts whose call failed is not promised. */
    async hold(lane: Lane, ms: number): Promise<void> {
      if (failsCommit) return;
      const until = h.clock.now() + ms;
      await h.store.holdLane(lane, until);
      holds.set(laneKey(lane), { earliest: until, latest: until });
    },

    async releaseLane(lane: Lane): Promise<void> {
      if (failsCommit) return;
      await h.store.releaseLane(lane);
      holds.delete(laneKey(lane));
    },

    setBack(ms: number): void {
      h.clock.advance(-ms);
      for (const hold of holds.values()) hold.earliest -= ms;
    },

    breakDisk(isBroken: boolean): void {
      failsCommit = isBroken;
    },

    /** Nobody else can be alive: leases are over, holds are forgotten, and nothing is handed out. */
    async restart(): Promise<void> {
      failsCommit = false;
      await h.restart();
      const now = h.clock.now();
      holds.clear();
      for (const message of messages.values()) {
        message.putOffUntil = 0;
        if (message.token !== undefined) message.due = Math.min(message.due, now);
        if (message.state === 'out' || message.state === 'claimed') message.state = 'waiting';
      }
    },

    /** Everything can end: nothing was lost. */
    async drain(): Promise<void> {
      failsCommit = false;
      for (const lane of new Map([...messages.values()].map(({ lane }) => [laneKey(lane), lane])).values()) {
        await this.releaseLane(lane);
      }
      while (those('out').length > 0) await this.release(0);
      for (let round = 0; round < 1_000; round++) {
        while ((await this.take(100, { byOrigin: new Map(), others: 100 })) > 0);
        while (those('out').length > 0) await this.claim(0);
        const claimed = those('claimed');
        for (const { due } of claimed) h.clock.set(Math.max(h.clock.now(), due));
        if (claimed.length === 0) break;
        while (those('claimed').length > 0) await this.settle(0, undefined);
      }
      const waiting = those('waiting');
      if (waiting.length > 0) {
        h.clock.set(Math.max(h.clock.now(), ...waiting.map(({ due, putOffUntil }) => Math.max(due, putOffUntil))));
        return this.drain();
      }
      expect((await h.store.counts()).waiting).toBe(0);
    },

    close(): void {
      broken.mockRestore();
    },
  };
}
