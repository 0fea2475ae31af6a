/** What `splice` promises of objects so large that S3 copies them in parts: of more than 5 MiB. */

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { PreconditionFailedError } from '../ports/object-store.ts';
import { type Backend, testNeeding } from './aws/test-needing.ts';
import { bytesOf, someBytes } from './object-store-samples.ts';
import { type OpenObjectWriter, RACING_COMPLETIONS } from './object-writer-harness.ts';
import { expectObject, MIB, manyBytes, orRefused } from './object-writer-samples.ts';
import { useHarness } from './use-harness.ts';

/** Of a chain: what any splice does is looked at with small objects. */
const SPLICES = 30;
const TIMEOUT_MS = 60_000;
/** The smallest part of an upload that is not its last. */
const PART = 5 * MIB;
const OLD = manyBytes(PART + 70_000);

export function describeLargeSplices(open: OpenObjectWriter, backend: Backend): void {
  describe('splice of a large object', () => {
    const h = useHarness(open);

    test(
      'a chain of splices leaves the bytes that each of them kept and added',
      async () => {
        let { etag } = await h().store.put('large', OLD);
        let model = OLD;
        await fc.assert(
          fc.asyncProperty(fc.nat(2_000), someBytes(3_000), async (cut, tail) => {
            const keep = Math.max(PART + 1, model.length - cut);
            ({ etag } = await h().writer.splice('large', { etag, keep, tail }));
            const before = model;
            model = Buffer.concat([before.subarray(0, keep), tail]);
            // Around the seam; the whole is looked at in the end.
            const start = keep - 100;
            const part = await h().store.get('large', { range: { start } });
            expect(part).toMatchObject({ size: model.length, etag });
            expect(model.subarray(start).equals(part?.bytes ?? new Uint8Array())).toBe(true);
          }),
          { numRuns: SPLICES, endOnFailure: true },
        );
        await expectObject(h(), 'large', model, etag);
        expect(await h().leftovers()).toEqual([]);
      },
      TIMEOUT_MS,
    );

    test.each([
      [PART - 1, 1],
      [PART, 0],
      [PART, 10],
      [PART + 1, 0],
      [PART + 1, 1],
      [OLD.length, 0],
      [OLD.length, 6 * MIB],
      [10, 6 * MIB],
    ])(
      'keeps %d bytes before a tail of %d',
      async (keep, tailLength) => {
        const { etag } = await h().store.put('large', OLD);
        const tail = manyBytes(tailLength, 1);
        const { etag: after } = await h().writer.splice('large', { etag, keep, tail });
        await expectObject(h(), 'large', Buffer.concat([OLD.subarray(0, keep), tail]), after);
        expect(await h().leftovers()).toEqual([]);
      },
      TIMEOUT_MS,
    );

    test('under a key of odd characters is the same object', async () => {
      const key = 'a b/ä+?%2F&"<é\u{1f600}//x';
      const { etag } = await h().store.put(key, OLD);
      const { etag: after } = await h().writer.splice(key, { etag, keep: OLD.length, tail: bytesOf('end') });
      await expectObject(h(), key, Buffer.concat([OLD, bytesOf('end')]), after);
    });

    test('an object that has another ETag, or is gone, is left as it is, and nothing stays of the try', async () => {
      const { etag: first } = await h().store.put('large', OLD);
      const { etag } = await h().store.put('large', manyBytes(OLD.length, 2));
      const splice = { etag: first, keep: OLD.length, tail: bytesOf('x') };
      await expect(h().writer.splice('large', splice)).rejects.toThrow(PreconditionFailedError);
      expect(await h().store.head('large')).toMatchObject({ etag, size: OLD.length });
      await h().store.delete('large');
      await expect(h().writer.splice('large', splice)).rejects.toThrow(PreconditionFailedError);
      expect(await h().store.head('large')).toBeUndefined();
      expect(await h().leftovers()).toEqual([]);
    });

    test('an object of fewer bytes than are to be kept is left as it is, and nothing stays of the try', async () => {
      const { etag } = await h().store.put('large', OLD);
      const refused = h().writer.splice('large', { etag, keep: OLD.length + 1, tail: bytesOf('x') });
      await expect(refused).rejects.toThrow(RangeError);
      expect(await h().store.head('large')).toMatchObject({ etag, size: OLD.length });
      expect(await h().leftovers()).toEqual([]);
    });

    testNeeding(
      backend,
      RACING_COMPLETIONS,
      'of concurrent splices exactly one wins, and nothing stays of the others',
      async () => {
        const { etag } = await h().store.put('large', OLD);
        const tails = [1, 2, 3, 4].map((seed) => manyBytes(1_000, seed));
        const splices = tails.map((tail) => h().writer.splice('large', { etag, keep: OLD.length, tail }));
        const results = await Promise.all(splices.map(orRefused));
        const won = tails.filter((_, index) => results[index] !== null);
        expect(won).toHaveLength(1);
        await expectObject(h(), 'large', Buffer.concat([OLD, ...won]));
        expect(await h().leftovers()).toEqual([]);
      },
    );
  });
}
