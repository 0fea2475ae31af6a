/** What `list` promises. */

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ObjectInfo, ObjectStore } from '../ports/object-store.ts';
import type { OpenObjectStore } from './object-store-harness.ts';
import { aPrefix, bytesOf, inByteOrder, someKeys } from './object-store-samples.ts';
import { useHarness, withHarness } from './use-harness.ts';

const RUNS = 100;
const TIMEOUT_MS = 60_000;

function keysOf(objects: readonly ObjectInfo[]): readonly string[] {
  return objects.map(({ key }) => key);
}

/** Puts empty objects, some at a time. */
async function fill(store: ObjectStore, keys: readonly string[]): Promise<void> {
  for (let start = 0; start < keys.length; start += 25) {
    await Promise.all(keys.slice(start, start + 25).map((key) => store.put(key, new Uint8Array())));
  }
}

/** Every page, from the first to the last. */
async function listAll(store: ObjectStore, limit: number, prefix = ''): Promise<readonly string[]> {
  const keys: string[] = [];
  for (;;) {
    const page = await store.list({ prefix, limit, startAfter: keys.at(-1) ?? '' });
    keys.push(...keysOf(page.objects));
    if (!page.more) return keys;
    expect(page.objects).toHaveLength(limit);
  }
}

const listings = someKeys(0, 8).chain((keys) =>
  fc.record({
    keys: fc.constant(keys),
    prefix: aPrefix(keys),
    startAfter: aPrefix(keys),
    limit: fc.integer({ min: 1, max: 9 }),
  }),
);

export function describeObjectListing(open: OpenObjectStore): void {
  describe('list', () => {
    test(
      'a page of any set of keys, for any prefix, start and limit, is what sorting them in byte order gives, and its pages together are all of them',
      () =>
        fc.assert(
          fc.asyncProperty(listings, ({ keys, prefix, startAfter, limit }) =>
            withHarness(open, async ({ store }) => {
              await fill(store, keys);
              const isBehind = (key: string): boolean => Buffer.compare(Buffer.from(key), Buffer.from(startAfter)) > 0;
              const wanted = inByteOrder(keys).filter((key) => key.startsWith(prefix) && isBehind(key));
              const page = await store.list({ prefix, startAfter, limit });
              expect(keysOf(page.objects)).toEqual(wanted.slice(0, limit));
              expect(page.more).toBe(wanted.length > limit);
              expect(await listAll(store, Math.max(limit, 3))).toEqual(inByteOrder(keys));
            }),
          ),
          { numRuns: RUNS },
        ),
      TIMEOUT_MS,
    );

    const h = useHarness(open);

    test('the order is that of UTF-8, not of UTF-16', async () => {
      await fill(h().store, ['\u{10000}', '\uffff', 'é', 'e']);
      expect(await listAll(h().store, 10)).toEqual(['e', 'é', '\uffff', '\u{10000}']);
    });

    test('a key stands before those that it is the folder of, with what sorts between', async () => {
      const keys = ['a', 'a-', 'a.', 'a/', 'a/b', 'a/b/c', 'a0', 'aa'];
      await fill(h().store, [...keys].reverse());
      expect(await listAll(h().store, 1)).toEqual(keys);
    });

    test(
      'more keys than a page of S3 holds come in one page when they are asked for',
      async () => {
        const keys = Array.from({ length: 1_030 }, (_, index) => `k/${String(index).padStart(5, '0')}`);
        await fill(h().store, keys);
        expect(keysOf((await h().store.list({ limit: 1_029 })).objects)).toEqual(keys.slice(0, 1_029));
        expect(await h().store.list({ limit: 1_029 })).toMatchObject({ more: true });
        expect(await h().store.list({ limit: 1_030, prefix: 'k/' })).toMatchObject({ more: false });
        expect(await listAll(h().store, 400)).toEqual(keys);
      },
      TIMEOUT_MS,
    );

    test('shows what head shows, as it is now', async () => {
      await h().store.put('a', bytesOf('one'));
      await h().store.put('b', bytesOf('two'));
      await h().store.put('a', bytesOf('three'));
      const { objects } = await h().store.list({ limit: 5 });
      expect(objects).toEqual([await h().store.head('a'), await h().store.head('b')]);
    });

    test('what is put behind the last key of a page comes with the next page, what is put before it does not', async () => {
      await fill(h().store, ['b', 'd', 'f']);
      await h().store.list({ limit: 2 });
      await fill(h().store, ['a', 'e']);
      expect(keysOf((await h().store.list({ limit: 5, startAfter: 'd' })).objects)).toEqual(['e', 'f']);
    });

    test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('refuses a limit of %d', async (limit) => {
      await expect(h().store.list({ limit })).rejects.toThrow(RangeError);
    });
  });
}
