/**
 * What every `PayloadStore` must do, whatever it is built on. It knows an adapter only by the port and by
 * `PayloadStoreHarness`.
 */

import { hash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { PayloadRef, PayloadUpload } from '../domain/payload.ts';
import { type OpenPayload, PayloadMissingError } from '../ports/payload-store.ts';
import type { OpenPayloadStore, PayloadStoreHarness } from './payload-store-harness.ts';
import { useHarness, withHarness } from './use-harness.ts';

const RUNS = 100;
const TIMEOUT_MS = 120_000;
const LARGE_BYTES = 3 * 1_024 * 1_024 + 7;

const BYTES = Buffer.from('{"total":12.5}');

/** The upload of some bytes. */
export function anUpload(bytes: Uint8Array, senderId = 'billing'): PayloadUpload {
  return { senderId, sha256: hash('sha256', bytes, 'hex'), size: bytes.length };
}

export async function readAll({ chunks, close }: OpenPayload): Promise<Buffer> {
  const read: Uint8Array[] = [];
  try {
    for await (const chunk of chunks) read.push(chunk);
  } finally {
    await close();
  }
  return Buffer.concat(read);
}

/** Jest compares byte by byte, which takes seconds for a large body. */
async function opensAs({ store }: PayloadStoreHarness, ref: PayloadRef, bytes: Uint8Array): Promise<boolean> {
  return (await readAll(await store.open(ref))).equals(bytes);
}

async function uploaded(h: PayloadStoreHarness, bytes: Uint8Array, senderId?: string): Promise<PayloadRef> {
  const upload = anUpload(bytes, senderId);
  expect(await h.upload(await h.store.beginUpload(upload), [bytes])).toBe(true);
  const ref = await h.store.hold(upload);
  if (ref === undefined) throw new Error('what was uploaded is not there');
  return ref;
}

/**
 * Declares the suite for one adapter.
 *
 * @param open opens an empty store: for every test, and for every run of some properties (a few hundred times)
 */
export function describePayloadStore(name: string, open: OpenPayloadStore): void {
  describe(`${name} keeps the promises of PayloadStore`, () => {
    const h = useHarness(open);

    test('what nobody put or uploaded is not there, nor is what somebody only asked to upload', async () => {
      const upload = anUpload(BYTES);
      expect(await h().store.hold(upload)).toBeUndefined();
      await h().store.beginUpload(upload);
      expect(await h().store.hold(upload)).toBeUndefined();
    });

    test('an upload is there once it is through, with its size and hash, and comes back as it went in', async () => {
      const ref = await uploaded(h(), BYTES);
      const { sha256, size } = anUpload(BYTES);
      expect(ref).toEqual({ key: expect.any(String), sha256, size, etag: expect.stringMatching(/^".+"$/) });
      expect(await opensAs(h(), ref, BYTES)).toBe(true);
      expect(await opensAs(h(), ref, BYTES)).toBe(true);
    });

    test.each([
      ['other bytes', [Buffer.from('{"total":13.5}')]],
      ['fewer bytes', [BYTES.subarray(1)]],
      ['more bytes', [BYTES, Buffer.from(' ')]],
      ['no bytes', []],
    ])('of %s than were announced nothing is taken', async (_, chunks) => {
      const upload = anUpload(BYTES);
      expect(await h().upload(await h().store.beginUpload(upload), chunks)).toBe(false);
      expect(await h().store.hold(upload)).toBeUndefined();
    });

    test('an upload that failed can be made again, and one that did not as well', async () => {
      const ticket = await h().store.beginUpload(anUpload(BYTES));
      expect(await h().upload(ticket, [Buffer.from('x')])).toBe(false);
      expect(await h().upload(ticket, [BYTES])).toBe(true);
      expect(await h().upload(ticket, [BYTES])).toBe(true);
      const ref = await uploaded(h(), BYTES);
      expect(await opensAs(h(), ref, BYTES)).toBe(true);
    });

    test('a failed upload takes nothing away from what is there', async () => {
      const ref = await uploaded(h(), BYTES);
      expect(await h().upload(await h().store.beginUpload(anUpload(BYTES)), [Buffer.from('x')])).toBe(false);
      expect(await opensAs(h(), ref, BYTES)).toBe(true);
    });

    test('what was put is there at once, under one key however often', async () => {
      const ref = await h().store.put('billing', BYTES);
      expect(await opensAs(h(), ref, BYTES)).toBe(true);
      expect(await h().store.put('billing', BYTES)).toMatchObject({ key: ref.key, sha256: ref.sha256, size: ref.size });
      expect(await h().store.hold(anUpload(BYTES))).toMatchObject({ key: ref.key, size: BYTES.length });
    });

    test('what was uploaded and what was put is one payload', async () => {
      const ref = await uploaded(h(), BYTES);
      expect((await h().store.put('billing', BYTES)).key).toBe(ref.key);
    });

    test('under another sender the same content is not there, until that one uploads it', async () => {
      const ref = await uploaded(h(), BYTES);
      expect(await h().store.hold(anUpload(BYTES, 'shipping'))).toBeUndefined();
      const other = await uploaded(h(), BYTES, 'shipping');
      expect(other.key).not.toBe(ref.key);
      await h().tamper(other);
      expect(await opensAs(h(), ref, BYTES)).toBe(true);
    });

    test('a large payload comes in parts', async () => {
      const bytes = Buffer.alloc(LARGE_BYTES, 'abcdefghijk');
      const ref = await uploaded(h(), bytes);
      const opened = await h().store.open(ref);
      const first = await opened.chunks[Symbol.asyncIterator]().next();
      expect(first.value?.length).toBeLessThan(LARGE_BYTES / 2);
      await opened.close();
      expect(await opensAs(h(), ref, bytes)).toBe(true);
    });

    test('what was opened is read apart from others, and its end is no end of theirs', async () => {
      const bytes = Buffer.alloc(LARGE_BYTES, 'abcdefghijk');
      const ref = await h().store.put('billing', bytes);
      const [one, other] = await Promise.all([h().store.open(ref), h().store.open(ref)]);
      await one.chunks[Symbol.asyncIterator]().next();
      await one.close();
      expect((await readAll(other)).equals(bytes)).toBe(true);
    });

    test('what is closed before its end ends with an error, never as a whole; closing it again is none', async () => {
      const ref = await h().store.put('billing', Buffer.alloc(LARGE_BYTES, 'x'));
      const opened = await h().store.open(ref);
      const chunks = opened.chunks[Symbol.asyncIterator]();
      await chunks.next();
      await opened.close();
      await opened.close();
      const readOn = async (): Promise<void> => {
        while ((await chunks.next()).done !== true);
      };
      await expect(readOn()).rejects.toThrow();
    });

    test.each([
      ['is gone', undefined],
      ['has other bytes', Buffer.from('{"total":13.5}')],
      ['has fewer bytes', BYTES.subarray(1)],
    ])('what %s cannot be opened', async (_, bytes) => {
      const ref = await uploaded(h(), BYTES);
      await h().tamper(ref, bytes);
      await expect(h().store.open(ref)).rejects.toThrow(PayloadMissingError);
      await expect(h().store.open(ref)).rejects.toMatchObject({ code: 'payload-missing', retryable: false });
    });

    test('what was damaged can be put again', async () => {
      const ref = await h().store.put('billing', BYTES);
      await h().tamper(ref, Buffer.from('x'));
      expect(await opensAs(h(), await h().store.put('billing', BYTES), BYTES)).toBe(true);
    });

    test('what was there before a restart is there after it', async () => {
      const [put, upload] = [await h().store.put('a', BYTES), await uploaded(h(), BYTES, 'b')];
      await h().restart();
      for (const ref of [put, upload]) expect(await opensAs(h(), ref, BYTES)).toBe(true);
      expect(await h().store.hold(anUpload(BYTES, 'b'))).toEqual(upload);
    });

    test('an upload that was begun before a restart can be made after it', async () => {
      const ticket = await h().store.beginUpload(anUpload(BYTES));
      await h().restart();
      expect(await h().upload(ticket, [BYTES])).toBe(true);
    });

    test(
      'payloads of any senders and contents are kept apart and come back as they went in',
      () => {
        const sender = fc.oneof(
          fc.constantFrom('.', '..', 'a/b', 'a%2Fb', '../a', 'A', 'a', '%2E', '%252E', '~', "!'()*", '@a', '#?&='),
          fc.stringMatching(/^[!-~]{1,128}$/),
        );
        const payload = fc.tuple(sender, fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.boolean());
        return fc.assert(
          fc.asyncProperty(fc.array(payload, { minLength: 1, maxLength: 4 }), (payloads) =>
            withHarness(open, async (harness) => {
              const keys = new Map<string, string>();
              for (const [senderId, bytes, isPut] of payloads) {
                const ref = isPut ? await harness.store.put(senderId, bytes) : await uploaded(harness, bytes, senderId);
                expect(await opensAs(harness, ref, bytes)).toBe(true);
                keys.set(ref.key, JSON.stringify([senderId, ref.sha256]));
              }
              const names = payloads.map(([senderId, bytes]) => JSON.stringify([senderId, anUpload(bytes).sha256]));
              expect(new Set(keys.values())).toEqual(new Set(names));
            }),
          ),
          { numRuns: RUNS },
        );
      },
      TIMEOUT_MS,
    );
  });
}
