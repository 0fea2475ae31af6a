/**
 * What every `CircuitStore` must do, whatever it is built on. It knows an adapter only by the port and by
 * `CircuitStoreHarness`.
 */

import { describe, expect, test } from '@jest/globals';
import { BUCKET_MS, type Circuit } from '../domain/circuit.ts';
import type { Hold } from '../domain/hold.ts';
import { NOTHING_KNOWN, type TargetKey, type TargetState } from '../domain/target-state.ts';
import { InvalidCursorError } from '../errors.ts';
import type { CircuitStore, ListedTarget } from '../ports/circuit-store.ts';
import { updateTarget } from '../update-target.ts';
import type { OpenCircuitStore } from './circuit-store-harness.ts';
import { START_TIME } from './manual-clock.ts';
import { only } from './message-store-steps.ts';
import { useHarness } from './use-harness.ts';

const KEY: TargetKey = { senderId: 'billing', target: 'https://partner.example' };
const OTHER_SENDER: TargetKey = { ...KEY, senderId: 'shop' };
const URL_KEY: TargetKey = { ...KEY, target: 'https://partner.example/hooks?to=ä%20"\'' };

const HELD: TargetState = { circuit: null, hold: { kind: 'manual', since: START_TIME, why: 'by hand' } };
const GONE: Hold = { kind: 'gone', since: START_TIME, why: 'HTTP 410' };

/** Says something as long as its window lasts. */
function counting(requests: number): TargetState {
  const counts = [{ bucket: Math.floor(START_TIME / BUCKET_MS), requests, failures: 1 }];
  return { circuit: { state: 'closed', since: START_TIME, counts }, hold: null };
}

const WINDOW_MS = 2 * BUCKET_MS;

const OPENING = { since: START_TIME, openMs: 30_000, requests: 12, failures: 7, why: 'HTTP 503' };
const OPEN: Circuit = { state: 'open', until: START_TIME + 31_234, ...OPENING };
const HALF_OPEN: Circuit = { state: 'half-open', until: START_TIME + 45_000, probe: 'token', ...OPENING };

async function put(store: CircuitStore, key: TargetKey, state: TargetState, seen: string | null = null) {
  const result = only(await store.write([{ key, state, seen }]));
  if (result.kind !== 'written') throw new Error('expected the state to be written');
  return result.version;
}

const read = async (store: CircuitStore, key: TargetKey) => only(await store.read([key]));

/** Declares the suite for one adapter. @param open opens an empty store, for every test */
export function describeCircuitStore(name: string, open: OpenCircuitStore): void {
  describe(`${name} keeps the promises of CircuitStore`, () => {
    const h = useHarness(open);
    const putAll = async (states: readonly (readonly [TargetKey, TargetState])[]) => {
      for (const [key, state] of states) await put(h().store, key, state);
    };

    describe('read', () => {
      test.each<[string, TargetState]>([
        ['counts', counting(3)],
        ['an open circuit', { circuit: OPEN, hold: null }],
        ['a probe under way, and a hold', { circuit: HALF_OPEN, hold: GONE }],
        ['a hold until a time', { circuit: null, hold: { ...GONE, kind: 'retry-after', until: START_TIME + 5 } }],
      ])('gives back %s as it was written', async (_what, state) => {
        const version = await put(h().store, KEY, state);
        expect(await read(h().store, KEY)).toEqual({ state, version });
      });

      test('answers in the order of the keys, null where nothing is known, and the same for the same', async () => {
        await putAll([
          [KEY, HELD],
          [URL_KEY, { circuit: null, hold: GONE }],
        ]);
        const answers = await h().store.read([URL_KEY, OTHER_SENDER, KEY, URL_KEY]);
        expect(answers.map((known) => known?.state.hold?.kind)).toEqual(['gone', undefined, 'manual', 'gone']);
        expect(answers[1]).toBeNull();
      });

      test('answers for more keys than one call of a database takes', async () => {
        const keys = Array.from({ length: 230 }, (_, index) => ({ ...KEY, target: `https://host-${index}.example` }));
        await putAll([keys[7], keys[229]].map((key = KEY) => [key, HELD] as const));
        const answers = await h().store.read(keys);
        expect(answers).toHaveLength(230);
        expect(answers.flatMap((known, index) => (known === null ? [] : index))).toEqual([7, 229]);
      });

      test('keeps senders apart, however their names and targets run together', async () => {
        const target = 'https://a.example/x';
        await putAll([
          [{ senderId: 'a', target }, HELD],
          [{ senderId: 'a#b', target }, HELD],
        ]);
        const others = ['b', 'a#', 'A', 'a%23b', 'a#b#'].map((senderId) => ({ senderId, target }));
        expect(await h().store.read(others)).toEqual(others.map(() => null));
      });

      test('of nothing answers nothing', async () => {
        expect(await h().store.read([])).toEqual([]);
      });

      test('still knows what was written when another process asks', async () => {
        const version = await put(h().store, KEY, HELD);
        await h().restart();
        expect(await read(h().store, KEY)).toEqual({ state: HELD, version });
      });
    });

    describe('write', () => {
      test('replaces what it has seen, under another version', async () => {
        const first = await put(h().store, KEY, counting(1));
        const second = await put(h().store, KEY, counting(2), first);
        expect(second).not.toBe(first);
        expect(await read(h().store, KEY)).toEqual({ state: counting(2), version: second });
      });

      test('is refused when another was first, and told what stands there now', async () => {
        const version = await put(h().store, KEY, counting(1));
        const current = { state: counting(1), version };
        for (const seen of [null, 'another']) {
          const [result] = await h().store.write([{ key: KEY, state: counting(9), seen }]);
          expect(result).toEqual({ kind: 'conflict', current });
        }
        expect(await read(h().store, KEY)).toEqual(current);
      });

      test('is refused when what it has seen is not there any more', async () => {
        const [result] = await h().store.write([{ key: KEY, state: counting(9), seen: 'another' }]);
        expect(result).toEqual({ kind: 'conflict', current: null });
        expect(await read(h().store, KEY)).toBeNull();
      });

      test('of many keys decides each by itself, and answers in their order', async () => {
        const version = await put(h().store, KEY, counting(1));
        const results = await h().store.write([
          { key: OTHER_SENDER, state: HELD, seen: null },
          { key: KEY, state: HELD, seen: null },
          { key: URL_KEY, state: HELD, seen: null },
        ]);
        expect(results.map(({ kind }) => kind)).toEqual(['written', 'conflict', 'written']);
        expect(await read(h().store, KEY)).toEqual({ state: counting(1), version });
      });

      test('of writers that have seen the same, one succeeds', async () => {
        for (const seen of [null, 'seen']) {
          const key = { ...KEY, senderId: `sender-${seen}` };
          const before = seen === null ? null : await put(h().store, key, counting(1));
          const writers = [2, 3, 4, 5].map((requests) =>
            h().store.write([{ key, state: counting(requests), seen: before }]),
          );
          const results = (await Promise.all(writers)).map(only);
          expect(results.filter(({ kind }) => kind === 'written')).toHaveLength(1);
          const winner = results.findIndex(({ kind }) => kind === 'written') + 2;
          expect((await read(h().store, key))?.state).toEqual(counting(winner));
        }
      });

      test('by updateTarget loses no change of writers that come between', async () => {
        const add = (state: TargetState): TargetState => {
          const { circuit } = state;
          const requests = circuit?.state === 'closed' ? (circuit.counts[0]?.requests ?? 0) : 0;
          return counting(requests + 1);
        };
        await Promise.all(Array.from({ length: 5 }, () => updateTarget(h().store, KEY, null, add)));
        expect((await read(h().store, KEY))?.state).toEqual(counting(5));
      });
    });

    describe('a state whose time is over', () => {
      test('is not there any more from that moment', async () => {
        const version = await put(h().store, KEY, counting(1));
        h().clock.advance(WINDOW_MS - 1);
        expect(await read(h().store, KEY)).toEqual({ state: counting(1), version });
        h().clock.advance(1);
        expect(await read(h().store, KEY)).toBeNull();
        expect((await h().store.list({ limit: 10 })).targets).toEqual([]);
      });

      test('gives way to one that has seen none', async () => {
        await put(h().store, KEY, counting(1));
        h().clock.advance(WINDOW_MS);
        await put(h().store, KEY, HELD);
        expect((await read(h().store, KEY))?.state).toEqual(HELD);
      });

      test('is told as none to a writer that came too late', async () => {
        const seen = await put(h().store, KEY, counting(1));
        await put(h().store, KEY, NOTHING_KNOWN, seen);
        const [result] = await h().store.write([{ key: KEY, state: HELD, seen }]);
        expect(result).toEqual({ kind: 'conflict', current: null });
      });

      test('is never that of a hold which an operator must release', async () => {
        await putAll([
          [KEY, HELD],
          [URL_KEY, { circuit: null, hold: GONE }],
        ]);
        h().clock.advance(400 * 86_400_000);
        expect((await read(h().store, KEY))?.state).toEqual(HELD);
        expect((await read(h().store, URL_KEY))?.state.hold).toEqual(GONE);
      });
    });

    describe('list', () => {
      const textOf = ({ key }: ListedTarget) => `${key.senderId} ${key.target}`;

      async function pages(query: { senderId?: string; limit: number }): Promise<ListedTarget[][]> {
        const found: ListedTarget[][] = [];
        for (let cursor: string | undefined, isFirst = true; isFirst || cursor !== undefined; isFirst = false) {
          const page = await h().store.list(cursor === undefined ? query : { ...query, cursor });
          found.push([...page.targets]);
          cursor = page.cursor ?? undefined;
        }
        return found;
      }

      test('shows keys and states', async () => {
        await putAll([[URL_KEY, { circuit: HALF_OPEN, hold: GONE }]]);
        const { targets, cursor } = await h().store.list({ limit: 10 });
        expect(targets).toEqual([{ key: URL_KEY, state: { circuit: HALF_OPEN, hold: GONE } }]);
        expect(cursor).toBeNull();
      });

      test.each([1, 2, 3, 7, 100])('by pages of at most %d has every target once', async (limit) => {
        const keys = ['billing', 'shop'].flatMap((senderId) =>
          [1, 2, 3].map((host) => ({ senderId, target: `https://host-${host}.example` })),
        );
        await putAll(keys.map((key) => [key, HELD] as const));
        const found = await pages({ limit });
        expect(found.flat().map(textOf).sort()).toEqual(keys.map((key) => textOf({ key, state: HELD })).sort());
        expect(Math.max(...found.map((page) => page.length))).toBeLessThanOrEqual(limit);
        const ofShop = await pages({ senderId: 'shop', limit });
        expect(new Set(ofShop.flat().map(({ key }) => key.senderId))).toEqual(new Set(['shop']));
        expect(ofShop.flat()).toHaveLength(3);
      });

      test('of an empty store is an empty page', async () => {
        expect(await h().store.list({ limit: 1 })).toEqual({ targets: [], cursor: null });
      });

      test.each(['', '!', 'abc', 'e30'])('refuses %j as a cursor', async (cursor) => {
        await expect(h().store.list({ limit: 1, cursor })).rejects.toThrow(InvalidCursorError);
      });

      test('gives no cursor that names another sender', async () => {
        await putAll(['a-secret-name', 'billing', 'z-secret-name'].map((senderId) => [{ ...KEY, senderId }, HELD]));
        for (let cursor: string | undefined, isFirst = true; isFirst || cursor !== undefined; isFirst = false) {
          const page = await h().store.list({ senderId: 'billing', limit: 1, ...(cursor !== undefined && { cursor }) });
          cursor = page.cursor ?? undefined;
          expect(Buffer.from(cursor ?? '', 'base64url').toString()).not.toContain('secret-name');
        }
      });
    });
  });
}
