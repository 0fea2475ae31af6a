/** What `get`, `head`, `put` and `delete` promise. */

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { InvalidKeyError, MAX_KEY_BYTES } from '../ports/object-store.ts';
import type { OpenObjectStore } from './object-store-harness.ts';
import { bytesOf, isKey, someBytes, someKeys, textOf } from './object-store-samples.ts';
import { useHarness, withHarness } from './use-harness.ts';

const RUNS = 100;
const TIMEOUT_MS = 60_000;
const BAD_RANGES = [
  { start: -1 },
  { start: 0.5 },
  { start: 2, end: 2 },
  { start: 2, end: 1 },
  { start: 0, end: Number.NaN },
];

export function describeObjects(open: OpenObjectStore): void {
  describe('objects', () => {
    const h = useHarness(open);

    test('an object that was never put is not there', async () => {
      expect(await h().store.get('none')).toBeUndefined();
      expect(await h().store.get('none', { range: { start: 0, end: 1 } })).toBeUndefined();
      expect(await h().store.head('none')).toBeUndefined();
      expect(await h().store.list({ limit: 1 })).toEqual({ objects: [], more: false });
    });

    test('put, get, head and list tell the same of an object', async () => {
      const { etag } = await h().store.put('a/b', bytesOf('hello'));
      const head = await h().store.head('a/b');
      expect(head).toEqual({ key: 'a/b', size: 5, etag, modifiedAt: expect.any(Number) });
      expect(etag).toMatch(/^".+"$/);
      const got = await h().store.get('a/b');
      expect({ ...got, bytes: textOf(got) }).toEqual({ ...head, bytes: 'hello' });
      expect(await h().store.list({ limit: 1 })).toEqual({ objects: [head], more: false });
    });

    test('a put replaces the whole object, and other bytes have another ETag', async () => {
      const first = await h().store.put('a', bytesOf('a longer text'));
      const second = await h().store.put('a', bytesOf('short'));
      expect(textOf(await h().store.get('a'))).toBe('short');
      expect(second.etag).not.toBe(first.etag);
      expect((await h().store.head('a'))?.etag).toBe(second.etag);
      expect((await h().store.list({ limit: 5 })).objects).toHaveLength(1);
    });

    test('an empty object is an object', async () => {
      await h().store.put('empty', new Uint8Array());
      expect(await h().store.head('empty')).toMatchObject({ size: 0 });
      expect((await h().store.get('empty'))?.bytes).toHaveLength(0);
      expect((await h().store.get('empty', { range: { start: 0, end: 1 } }))?.bytes).toHaveLength(0);
    });

    test('a deleted object is gone, and deleting it again is no error', async () => {
      await h().store.put('a/b/c', bytesOf('x'));
      await h().store.put('a/b', bytesOf('y'));
      await h().store.delete('a/b/c');
      await h().store.delete('a/b/c');
      expect(await h().store.get('a/b/c')).toBeUndefined();
      expect(await h().store.head('a/b/c')).toBeUndefined();
      expect((await h().store.list({ limit: 5 })).objects.map(({ key }) => key)).toEqual(['a/b']);
    });

    test('a large object comes back as it went in', async () => {
      const bytes = Buffer.alloc(3 * 1_024 * 1_024 + 7, 'abcdefghij');
      await h().store.put('large', bytes);
      expect(bytes.equals((await h().store.get('large'))?.bytes ?? new Uint8Array())).toBe(true);
    });

    test('what was put and deleted before a restart is so after it', async () => {
      const { etag } = await h().store.put('kept', bytesOf('kept'));
      await h().store.put('gone', bytesOf('gone'));
      await h().store.delete('gone');
      await h().restart();
      expect((await h().store.list({ limit: 5 })).objects).toEqual([expect.objectContaining({ key: 'kept', etag })]);
      expect(await h().store.get('kept')).toMatchObject({ etag, size: 4 });
    });

    test('a reader among writers gets one of the written objects, whole and under its ETag', async () => {
      const written = Array.from({ length: 8 }, (_, index) => Buffer.alloc(20_000, `${index}`));
      const etags = new Map<string, string>();
      await h().store.put('a', bytesOf('start'));
      const writing = Promise.all(
        written.map(async (bytes) => etags.set((await h().store.put('a', bytes)).etag, bytes.toString('latin1'))),
      );
      const read = await Promise.all(Array.from({ length: 20 }, () => h().store.get('a')));
      await writing;
      etags.set((await h().store.put('b', bytesOf('start'))).etag, 'start');
      for (const object of read) {
        expect(object?.size).toBe(object?.bytes.length);
        expect(etags.get(object?.etag ?? '')).toBe(textOf(object));
      }
    });
  });

  describe('any key and any bytes', () => {
    test(
      'the objects of any set of keys are kept apart and come back as they went in, also after a restart',
      () =>
        fc.assert(
          fc.asyncProperty(someKeys(1, 4), fc.array(someBytes(), { minLength: 4, maxLength: 4 }), (keys, bodies) =>
            withHarness(open, async (h) => {
              const put = keys.map((key, index) => ({ key, bytes: bodies[index] ?? new Uint8Array() }));
              const etags = await Promise.all(put.map(({ key, bytes }) => h.store.put(key, bytes)));
              await h.restart();
              for (const [index, { key, bytes }] of put.entries()) {
                const object = await h.store.get(key);
                expect(object).toMatchObject({ key, size: bytes.length, etag: etags[index]?.etag });
                expect(Buffer.from(object?.bytes ?? [])).toEqual(Buffer.from(bytes));
              }
            }),
          ),
          { numRuns: RUNS },
        ),
      TIMEOUT_MS,
    );

    const h = useHarness(open);

    test(
      'any range of any object is that part of its bytes, and tells the size and the ETag of the whole',
      () =>
        fc.assert(
          fc.asyncProperty(
            someBytes(60),
            fc.nat(70),
            fc.option(fc.integer({ min: 1, max: 70 })),
            async (bytes, start, length) => {
              const { etag } = await h().store.put('ranged', bytes);
              const range = length === null ? { start } : { start, end: start + length };
              const part = await h().store.get('ranged', { range });
              expect(part).toMatchObject({ size: bytes.length, etag });
              expect(Buffer.from(part?.bytes ?? [])).toEqual(Buffer.from(bytes).subarray(start, range.end));
            },
          ),
          { numRuns: RUNS },
        ),
      TIMEOUT_MS,
    );

    test.each(BAD_RANGES)('refuses the range %j', async (range) => {
      await expect(h().store.get('a', { range })).rejects.toThrow(RangeError);
    });

    test.each([
      ['the empty text', ''],
      ['NUL', 'a\0b'],
      ['more than 1,024 bytes', 'x'.repeat(MAX_KEY_BYTES + 1)],
      ['more than 1,024 bytes in fewer characters', 'é'.repeat(MAX_KEY_BYTES / 2 + 1)],
      ['a lone surrogate', 'a\ud800b'],
      ['..', '..'],
      ['../a', '../a'],
      ['./../a', './../a'],
      ['a/../../b', 'a/../../b'],
      ['a//../../b', 'a//../../b'],
    ])('refuses %s as a key, whatever is asked', async (_, key) => {
      const { store } = h();
      await expect(store.get(key)).rejects.toThrow(InvalidKeyError);
      await expect(store.head(key)).rejects.toThrow(InvalidKeyError);
      await expect(store.put(key, bytesOf('x'))).rejects.toThrow(InvalidKeyError);
      await expect(store.put(key, bytesOf('x'), { condition: { kind: 'absent' } })).rejects.toThrow(InvalidKeyError);
      await expect(store.delete(key)).rejects.toThrow(InvalidKeyError);
      if (key === '') return;
      await expect(store.list({ prefix: key, limit: 1 })).rejects.toThrow(InvalidKeyError);
      await expect(store.list({ startAfter: key, limit: 1 })).rejects.toThrow(InvalidKeyError);
    });

    test(
      'takes keys of every legal length and of every legal character',
      async () => {
        const keys = ['x'.repeat(MAX_KEY_BYTES), 'É'.repeat(MAX_KEY_BYTES / 2), 'a/'.repeat(MAX_KEY_BYTES / 2)];
        const codes = Array.from({ length: 255 }, (_, index) => String.fromCharCode(index + 1));
        keys.push(
          `c/${codes.join('')}`,
          ...codes
            .slice(0, 64)
            .map((code) => `d/${code}`)
            .filter(isKey),
        );
        await Promise.all(keys.map((key) => h().store.put(key, bytesOf(key))));
        for (const key of keys) expect(textOf(await h().store.get(key))).toBe(key);
        const listed = await h().store.list({ limit: 1_000 });
        expect(new Set(listed.objects.map(({ key }) => key))).toEqual(new Set(keys));
      },
      TIMEOUT_MS,
    );
  });

  test(
    'any sequence of puts and deletes leaves what a map would hold',
    () =>
      fc.assert(
        fc.asyncProperty(
          someKeys(1, 3).chain((keys) => {
            const step = fc.record({ key: fc.constantFrom(...keys), bytes: fc.option(someBytes(20)) });
            return fc.tuple(fc.constant(keys), fc.array(step, { minLength: 2, maxLength: 6 }));
          }),
          ([keys, steps]) =>
            withHarness(open, async ({ store }) => {
              const model = new Map<string, Uint8Array>();
              for (const { key, bytes } of steps) {
                await (bytes === null ? store.delete(key) : store.put(key, bytes));
                if (bytes === null) model.delete(key);
                else model.set(key, bytes);
              }
              for (const key of keys) {
                const object = await store.get(key);
                expect(object && Buffer.from(object.bytes).toString('hex')).toBe(
                  model.has(key) ? Buffer.from(model.get(key) ?? []).toString('hex') : undefined,
                );
              }
              const listed = await store.list({ limit: 10 });
              expect(new Set(listed.objects.map(({ key }) => key))).toEqual(new Set(model.keys()));
            }),
        ),
        { numRuns: RUNS },
      ),
    TIMEOUT_MS,
  );
}
