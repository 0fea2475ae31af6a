/** What `splice` promises, of objects of any size. */

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { InvalidKeyError, PreconditionFailedError } from '../ports/object-store.ts';
import { aKey, bytesOf, someBytes, textOf } from './object-store-samples.ts';
import type { OpenObjectWriter } from './object-writer-harness.ts';
import { expectObject, orRefused } from './object-writer-samples.ts';
import { useHarness } from './use-harness.ts';

const RUNS = 100;
const TIMEOUT_MS = 60_000;

const splices = someBytes(60).chain((old) =>
  fc.record({ old: fc.constant(Buffer.from(old)), keep: fc.nat(old.length), tail: someBytes(60) }),
);

export function describeSplices(open: OpenObjectWriter): void {
  describe('splice', () => {
    const h = useHarness(open);

    test(
      'any object, with any part of its beginning kept and any tail, is that part and the tail',
      () =>
        fc.assert(
          fc.asyncProperty(aKey(), splices, async (key, { old, keep, tail }) => {
            const { etag } = await h().store.put(key, old);
            const { etag: after } = await h().writer.splice(key, { etag, keep, tail });
            await expectObject(h(), key, Buffer.concat([old.subarray(0, keep), tail]), after);
          }),
          { numRuns: RUNS },
        ),
      TIMEOUT_MS,
    );

    test('its ETag is that of head and list, is good for the next splice, and is another than that of other bytes', async () => {
      const { etag: first } = await h().store.put('a', bytesOf('one two'));
      const { etag: second } = await h().writer.splice('a', { etag: first, keep: 4, tail: bytesOf('three') });
      expect(second).not.toBe(first);
      const head = await h().store.head('a');
      expect(head).toMatchObject({ etag: second, size: 9 });
      expect((await h().store.list({ limit: 2 })).objects).toEqual([head]);
      await h().restart();
      const { etag: third } = await h().writer.splice('a', { etag: second, keep: 3, tail: bytesOf('.') });
      await h().restart();
      expect(await h().store.head('a')).toMatchObject({ etag: third });
      expect(textOf(await h().store.get('a'))).toBe('one.');
    });

    test('an object that has another ETag is left as it is', async () => {
      const { etag: first } = await h().store.put('a/b', bytesOf('first'));
      const { etag } = await h().store.put('a/b', bytesOf('second'));
      const refused = h().writer.splice('a/b', { etag: first, keep: 1, tail: bytesOf('x') });
      await expect(refused).rejects.toThrow(PreconditionFailedError);
      await expect(refused).rejects.toMatchObject({ key: 'a/b', retryable: false });
      expect(await orRefused(h().writer.splice('a/b', { etag: first, keep: 0, tail: bytesOf('x') }))).toBeNull();
      await expectObject(h(), 'a/b', Buffer.from('second'), etag);
      expect(await h().leftovers()).toEqual([]);
    });

    test('an object that is gone is not made', async () => {
      const { etag } = await h().store.put('a', bytesOf('x'));
      await h().store.delete('a');
      for (const keep of [0, 1]) {
        expect(await orRefused(h().writer.splice('a', { etag, keep, tail: bytesOf('y') }))).toBeNull();
      }
      expect(await h().store.get('a')).toBeUndefined();
    });

    test.each([-1, 0.5, Number.NaN])('cannot keep %d bytes', async (keep) => {
      const { etag } = await h().store.put('a', bytesOf('abc'));
      await expect(h().writer.splice('a', { etag, keep, tail: bytesOf('x') })).rejects.toThrow(RangeError);
      await expectObject(h(), 'a', Buffer.from('abc'), etag);
    });

    test.each(['', 'abc'])('cannot keep more bytes than the object "%s" has', async (text) => {
      const { etag } = await h().store.put('a', bytesOf(text));
      const refused = h().writer.splice('a', { etag, keep: text.length + 1, tail: bytesOf('x') });
      await expect(refused).rejects.toThrow(RangeError);
      await expectObject(h(), 'a', Buffer.from(text), etag);
      expect(await h().leftovers()).toEqual([]);
    });

    test('refuses a key that no object can have', async () => {
      const splice = { etag: '"x"', keep: 0, tail: bytesOf('x') };
      for (const key of ['', '../a', 'a\0'])
        await expect(h().writer.splice(key, splice)).rejects.toThrow(InvalidKeyError);
    });

    test(
      'of any number of concurrent splices of the same object exactly one wins, and the object is its',
      () =>
        fc.assert(
          fc.asyncProperty(fc.integer({ min: 2, max: 4 }), fc.nat(5), async (writers, keep) => {
            const { etag } = await h().store.put('a', bytesOf('start'));
            const tails = Array.from({ length: writers }, (_, index) => `writer ${index}`);
            const results = await Promise.all(
              tails.map((tail) => orRefused(h().writer.splice('a', { etag, keep, tail: bytesOf(tail) }))),
            );
            const won = tails.filter((_, index) => results[index] !== null);
            expect(won.map((tail) => 'start'.slice(0, keep) + tail)).toEqual([textOf(await h().store.get('a'))]);
          }),
          { numRuns: RUNS },
        ),
      TIMEOUT_MS,
    );
  });
}
