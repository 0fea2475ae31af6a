/** What `putChunks` promises. */

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { InvalidKeyError, type PutCondition } from '../ports/object-store.ts';
import { type Backend, testNeeding } from './aws/test-needing.ts';
import { aKey, bytesOf, someBytes, textOf } from './object-store-samples.ts';
import { type OpenObjectWriter, RACING_COMPLETIONS } from './object-writer-harness.ts';
import { chunksOf, expectObject, MIB, manyBytes, orRefused } from './object-writer-samples.ts';
import { useHarness } from './use-harness.ts';

const RUNS = 100;
const TIMEOUT_MS = 60_000;
const ABSENT: PutCondition = { kind: 'absent' };
/** More than S3 is sent in one piece. */
const LARGE = manyBytes(17 * MIB + 3);

/** The same bytes in chunks of these sizes, again and again. */
async function* inChunks(bytes: Buffer, ...sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let start = 0, index = 0; start < bytes.length; index += 1) {
    await Promise.resolve();
    const size = sizes[index % sizes.length] ?? bytes.length;
    yield bytes.subarray(start, start + size);
    start += size;
  }
}

/** Chunks that end with an error once so many bytes have come. */
async function* failing(bytes: number, error: unknown): AsyncGenerator<Uint8Array> {
  yield* inChunks(LARGE.subarray(0, bytes), MIB);
  throw error;
}

export function describeChunks(open: OpenObjectWriter, backend: Backend): void {
  describe('putChunks', () => {
    const h = useHarness(open);

    test(
      'any chunks, under any key, are one object',
      () =>
        fc.assert(
          fc.asyncProperty(aKey(), fc.array(someBytes(40), { maxLength: 6 }), async (key, chunks) => {
            const { etag } = await h().writer.putChunks(key, chunksOf(...chunks));
            await expectObject(h(), key, Buffer.concat(chunks), etag);
          }),
          { numRuns: RUNS },
        ),
      TIMEOUT_MS,
    );

    test.each([
      ['one chunk', 8 * MIB, [8 * MIB]],
      ['a byte less than a part', 8 * MIB - 1, [MIB]],
      ['a byte more than a part', 8 * MIB + 1, [MIB]],
      ['small ones', LARGE.length, [64 * 1_024 + 1]],
      ['small and large ones', LARGE.length, [0, 1, 9 * MIB, 0, 100, 5 * MIB]],
      ['one that is larger than the parts', LARGE.length, [LARGE.length]],
    ])(
      'a large object comes as its chunks make it: %s',
      async (_, length, sizes) => {
        const bytes = LARGE.subarray(0, length);
        const { etag } = await h().writer.putChunks('large', inChunks(bytes, ...sizes));
        await expectObject(h(), 'large', bytes, etag);
        expect(await h().leftovers()).toEqual([]);
      },
      TIMEOUT_MS,
    );

    test('a chunk may be used for the next one', async () => {
      const chunk = Buffer.alloc(3);
      async function* reusing(): AsyncGenerator<Uint8Array> {
        for (const text of ['abc', 'def', 'ghi']) {
          await Promise.resolve();
          chunk.write(text);
          yield chunk;
        }
      }
      await h().writer.putChunks('a', reusing());
      expect(textOf(await h().store.get('a'))).toBe('abcdefghi');
    });

    test.each([
      ['before the first', 0],
      ['after few bytes', 3],
      ['after more than is sent in one piece', LARGE.length],
    ])(
      'chunks that end with an error %s leave the object as it was, and the error comes out as it is',
      async (_, bytes) => {
        const { etag } = await h().store.put('a', bytesOf('old'));
        // As errors of files and of AWS look, which mean something else there.
        const error = Object.assign(new Error('the source broke'), { name: 'SlowDown', code: 'ENOENT' });
        await expect(h().writer.putChunks('a', failing(bytes, error))).rejects.toBe(error);
        await expectObject(h(), 'a', Buffer.from('old'), etag);
        await expect(h().writer.putChunks('b', failing(bytes, error))).rejects.toBe(error);
        expect(await h().store.head('b')).toBeUndefined();
        expect(await h().leftovers()).toEqual([]);
      },
      TIMEOUT_MS,
    );

    test.each([3, LARGE.length])(
      'its condition is looked at when all %d bytes are there, and a refused write leaves nothing',
      async (length) => {
        const bytes = LARGE.subarray(0, length);
        async function* met(): AsyncGenerator<Uint8Array> {
          yield* inChunks(bytes, MIB);
          await h().store.put('a', bytesOf('another was first'));
        }
        expect(await orRefused(h().writer.putChunks('a', met(), { condition: ABSENT }))).toBeNull();
        expect(textOf(await h().store.get('a'))).toBe('another was first');
        const etag = (await h().store.head('a'))?.etag ?? '';
        const condition = { kind: 'unchanged', etag } as const;
        expect(await orRefused(h().writer.putChunks('a', inChunks(bytes, MIB), { condition }))).not.toBeNull();
        expect(await orRefused(h().writer.putChunks('a', inChunks(bytes, MIB), { condition }))).toBeNull();
        await h().store.delete('a');
        expect(await orRefused(h().writer.putChunks('a', inChunks(bytes, MIB), { condition }))).toBeNull();
        expect(await orRefused(h().writer.putChunks('a', inChunks(bytes, MIB), { condition: ABSENT }))).not.toBeNull();
        await expectObject(h(), 'a', bytes);
        expect(await h().leftovers()).toEqual([]);
      },
      TIMEOUT_MS,
    );

    testNeeding(
      backend,
      RACING_COMPLETIONS,
      'of concurrent writers that want a large object absent exactly one wins, and nothing stays of the others',
      async () => {
        const contents = [1, 2, 3].map((seed) => manyBytes(9 * MIB, seed));
        const results = await Promise.all(
          contents.map((bytes) =>
            orRefused(h().writer.putChunks('a', inChunks(bytes, 2 * MIB), { condition: ABSENT })),
          ),
        );
        const won = contents.filter((_, index) => results[index] !== null);
        expect(won).toHaveLength(1);
        await expectObject(h(), 'a', Buffer.concat(won));
        expect(await h().leftovers()).toEqual([]);
      },
      TIMEOUT_MS,
    );

    test('nothing is seen of an object before its last chunk, and all of it after a restart', async () => {
      await h().store.put('a', bytesOf('old'));
      const looks: (string | undefined)[] = [];
      async function* looking(): AsyncGenerator<Uint8Array> {
        yield bytesOf('new ');
        looks.push(textOf(await h().store.get('a')));
        yield bytesOf('bytes');
        looks.push(textOf(await h().store.get('a')));
      }
      const { etag } = await h().writer.putChunks('a', looking());
      expect(looks).toEqual(['old', 'old']);
      await h().restart();
      await expectObject(h(), 'a', Buffer.from('new bytes'), etag);
    });

    test('refuses a key that no object can have', async () => {
      for (const key of ['', '../a', 'a\0']) {
        await expect(h().writer.putChunks(key, chunksOf(bytesOf('x')))).rejects.toThrow(InvalidKeyError);
      }
      expect(await h().leftovers()).toEqual([]);
    });
  });
}
