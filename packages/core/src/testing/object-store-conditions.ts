/** What conditional writes promise. */

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type ObjectStore, PreconditionFailedError, type PutCondition } from '../ports/object-store.ts';
import type { OpenObjectStore } from './object-store-harness.ts';
import { aKey, bytesOf, textOf } from './object-store-samples.ts';
import { useHarness } from './use-harness.ts';

const RUNS = 100;
const TIMEOUT_MS = 60_000;

const ABSENT: PutCondition = { kind: 'absent' };

/** What a writer gets: the ETag of its write, or the refusal. */
async function tryPut(store: ObjectStore, key: string, text: string, condition: PutCondition): Promise<string | null> {
  try {
    return (await store.put(key, bytesOf(text), { condition })).etag;
  } catch (error) {
    if (error instanceof PreconditionFailedError) return null;
    throw error;
  }
}

export function describeConditions(open: OpenObjectStore): void {
  describe('conditional writes', () => {
    const h = useHarness(open);

    test('an absent object is written, a present one is left as it is', async () => {
      const { etag } = await h().store.put('a', bytesOf('first'), { condition: ABSENT });
      await expect(h().store.put('a', bytesOf('second'), { condition: ABSENT })).rejects.toThrow(
        PreconditionFailedError,
      );
      expect(await h().store.get('a')).toMatchObject({ etag, size: 5 });
      expect(textOf(await h().store.get('a'))).toBe('first');
    });

    test('the refusal names the key, and that a repeat does not help', async () => {
      await h().store.put('a/b', bytesOf('x'));
      await expect(h().store.put('a/b', bytesOf('y'), { condition: ABSENT })).rejects.toMatchObject({
        key: 'a/b',
        code: 'precondition-failed',
        retryable: false,
        message: expect.stringContaining('a/b'),
      });
    });

    test('the same bytes as those that are there are refused all the same', async () => {
      await h().store.put('a', bytesOf('x'));
      expect(await tryPut(h().store, 'a', 'x', ABSENT)).toBeNull();
    });

    test('an object that is deleted is absent again', async () => {
      await h().store.put('a', bytesOf('x'));
      await h().store.delete('a');
      expect(await tryPut(h().store, 'a', 'y', ABSENT)).not.toBeNull();
      expect(textOf(await h().store.get('a'))).toBe('y');
    });

    test('an unchanged object is replaced, a changed one is left as it is', async () => {
      const { etag: first } = await h().store.put('a', bytesOf('1'));
      const second = await tryPut(h().store, 'a', '2', { kind: 'unchanged', etag: first });
      expect(second).not.toBeNull();
      expect(await tryPut(h().store, 'a', '3', { kind: 'unchanged', etag: first })).toBeNull();
      expect(await h().store.head('a')).toMatchObject({ etag: second });
      expect(textOf(await h().store.get('a'))).toBe('2');
    });

    test('an object that is not there is not an unchanged one', async () => {
      const { etag } = await h().store.put('a', bytesOf('1'));
      await h().store.delete('a');
      expect(await tryPut(h().store, 'a', '2', { kind: 'unchanged', etag })).toBeNull();
      expect(await h().store.get('a')).toBeUndefined();
    });

    test('the ETags of get, head and list are good for a condition, also after a restart', async () => {
      await h().store.put('a', bytesOf('0'));
      const asks = [
        async () => (await h().store.get('a'))?.etag,
        async () => (await h().store.get('a', { range: { start: 0, end: 1 } }))?.etag,
        async () => (await h().store.head('a'))?.etag,
        async () => (await h().store.list({ limit: 1 })).objects[0]?.etag,
      ];
      for (const [index, ask] of asks.entries()) {
        await h().restart();
        const condition: PutCondition = { kind: 'unchanged', etag: (await ask()) ?? '' };
        expect(await tryPut(h().store, 'a', `${index + 1}`, condition)).not.toBeNull();
      }
    });

    test(
      'of any number of concurrent writers that want the object absent exactly one wins, and the object is its',
      () =>
        fc.assert(
          fc.asyncProperty(aKey(), fc.integer({ min: 2, max: 4 }), async (key, writers) => {
            await h().store.delete(key);
            const texts = Array.from({ length: writers }, (_, index) => `writer ${index}`);
            const etags = await Promise.all(texts.map((text) => tryPut(h().store, key, text, ABSENT)));
            const won = texts.filter((_, index) => etags[index] !== null);
            expect(won).toEqual([textOf(await h().store.get(key))]);
          }),
          { numRuns: RUNS },
        ),
      TIMEOUT_MS,
    );

    test(
      'of any number of concurrent writers that want the object unchanged exactly one wins, and none is lost in a chain of them',
      () =>
        fc.assert(
          fc.asyncProperty(aKey(), fc.integer({ min: 2, max: 3 }), async (key, writers) => {
            await h().store.put(key, bytesOf(''));
            const append = async (name: number): Promise<void> => {
              for (;;) {
                const present = await h().store.get(key);
                const condition: PutCondition = { kind: 'unchanged', etag: present?.etag ?? '' };
                if ((await tryPut(h().store, key, `${textOf(present)}${name};`, condition)) !== null) return;
              }
            };
            await Promise.all(Array.from({ length: writers }, (_, name) => append(name)));
            const names =
              textOf(await h().store.get(key))
                ?.split(';')
                .slice(0, -1) ?? [];
            expect(names.sort()).toEqual(Array.from({ length: writers }, (_, name) => `${name}`));
          }),
          { numRuns: RUNS },
        ),
      TIMEOUT_MS,
    );
  });
}
