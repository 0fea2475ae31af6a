import { describe, expect, test } from '@jest/globals';
import { LIMITS, METHODS } from '@millrace/core';
import { anEntry } from '@millrace/core/testing';
import fc from 'fast-check';
import { decodeEntry, encodeEntry, encodeWhole, MAX_ENTRY_BYTES, UnreadableEntryError } from '../src/aws/entry-body.ts';

const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

const noBody = (): Promise<Uint8Array> => Promise.reject(new Error('the body stands in the entry'));

/** Jest compares byte by byte, which takes seconds for a large body. */
const isSame = (a: Uint8Array | undefined, b: Uint8Array): boolean => a !== undefined && Buffer.compare(a, b) === 0;

describe('an entry as text', () => {
  const entries = fc
    .record({
      messageId: fc.string({ unit: 'grapheme-ascii', minLength: 1 }),
      method: fc.constantFrom(...METHODS),
      headers: fc.array(fc.tuple(fc.string(), fc.string()), { maxLength: 5 }),
      body: fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.string({ unit: 'binary' })),
      round: fc.nat(),
      notBefore: fc.nat(),
      trace: fc.option(fc.constant({ traceparent: TRACEPARENT }), { nil: {} }),
    })
    .map(({ trace, ...parts }) => anEntry({ ...parts, ...trace }));

  test('is the same entry when it is read again, whatever its bytes and headers', () =>
    fc.assert(
      fc.asyncProperty(entries, async (entry) => {
        const { text, body } = encodeEntry(entry);
        expect(body).toBeUndefined();
        const read = await decodeEntry(text, noBody);
        expect({ ...read, request: { ...read.request, body: Buffer.from(read.request.body) } }).toEqual({
          ...entry,
          request: { ...entry.request, body: Buffer.from(entry.request.body) },
        });
      }),
    ));

  // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
  test('holds no character that a queue refuses, whatever the body', () =>
    fc.assert(
      fc.property(entries, (entry) => {
        expect(encodeEntry(entry).text).toMatch(/^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u);
      }),
    ));

  test('that is text stays legible', () => {
    expect(encodeEntry(anEntry({ body: 'grüße' })).text).toContain('grüße');
  });

  test.each([0xfffe, 0xffff])('with U+%s goes as base64', async (code) => {
    const entry = anEntry({ body: String.fromCharCode(code) });
    const { text } = encodeEntry(entry);
    expect(text).toContain('"base64"');
    expect((await decodeEntry(text, noBody)).request.body).toEqual(Buffer.from(entry.request.body));
  });

  test.each([
    ['of text', Buffer.alloc(MAX_ENTRY_BYTES, 'x')],
    ['whose escapes make it too large', Buffer.alloc(MAX_ENTRY_BYTES / 2, '"')],
    ['whose base64 makes it too large', Buffer.alloc(0.8 * MAX_ENTRY_BYTES, 0xff)],
  ])('gives a large body apart: one %s', async (_, bytes) => {
    const entry = anEntry({ body: bytes });
    const { text, body } = encodeEntry(entry);
    expect(Buffer.byteLength(text)).toBeLessThan(1_024);
    expect(isSame(body?.bytes, bytes)).toBe(true);
    const read = await decodeEntry(text, (key) => {
      expect(key).toBe(body?.key);
      return Promise.resolve(bytes);
    });
    expect(read.identity).toEqual(entry.identity);
    expect(isSame(read.request.body, bytes)).toBe(true);
  });

  test('gives different contents and different senders different places', () => {
    const bodies = [Buffer.alloc(300_000, 'a'), Buffer.alloc(300_000, 'b')];
    const places = ['billing', 'a/b', 'a%2Fb'].flatMap((senderId) =>
      bodies.map((body) => encodeEntry(anEntry({ senderId, body })).body?.key),
    );
    expect(new Set(places).size).toBe(6);
  });

  test('holds the body in any case when it is kept whole', async () => {
    const body = Buffer.alloc(LIMITS.requestBytes, 1);
    const { request } = await decodeEntry(Buffer.from(encodeWhole(anEntry({ body }))).toString(), noBody);
    expect(isSame(request.body, body)).toBe(true);
  });
});

describe('a record that is no entry', () => {
  const json = JSON.parse(encodeEntry(anEntry()).text);
  const { identity, request } = json;

  test.each<[string, unknown, string]>([
    ['not an object', [], 'is not an object'],
    ['null', null, 'is not an object'],
    ['of a later version', { ...json, v: 2 }, 'its version is 2, this program knows 1'],
    ['of no version', { ...json, v: undefined }, 'its version is undefined'],
    ['without a round', { ...json, round: undefined }, 'round is not a whole number'],
    ['with half a round', { ...json, round: 0.5 }, 'round is not a whole number'],
    ['without a time', { ...json, notBefore: '1' }, 'notBefore is not'],
    ['without a plan', { ...json, maxAttempts: null }, 'maxAttempts is not'],
    ['without an end', { ...json, expiresAt: undefined }, 'expiresAt is not'],
    ['without an identity', { ...json, identity: 'm' }, 'identity is not an object'],
    ['without a sender', { ...json, identity: { ...identity, senderId: '' } }, 'identity.senderId is not a text'],
    ['without a target', { ...json, identity: { ...identity, targetUrl: 7 } }, 'identity.targetUrl is not a text'],
    ['with another trace', { ...json, traceparent: `${TRACEPARENT}-x` }, 'traceparent is not one'],
    ['without a request', { ...json, request: undefined }, 'request is not an object'],
    ['of another method', { ...json, request: { ...request, method: 'HEAD' } }, 'request.method is not'],
    ['with other headers', { ...json, request: { ...request, headers: { a: 'b' } } }, 'request.headers is not'],
    ['with half a header', { ...json, request: { ...request, headers: [['a']] } }, 'request.headers is not'],
    ['without a body', { ...json, request: { ...request, body: undefined } }, 'request.body is missing'],
    ['with another body', { ...json, request: { ...request, body: ['hex', 'ff'] } }, 'request.body is missing'],
  ])('%s is refused, with what is wrong', async (_, value, fault) => {
    const reading = decodeEntry(JSON.stringify(value), noBody);
    await expect(reading).rejects.toThrow(UnreadableEntryError);
    await expect(reading).rejects.toThrow(fault);
  });

  test.each(['', '{', 'hello'])('that is not JSON (%j) is refused', async (text) => {
    await expect(decodeEntry(text, noBody)).rejects.toThrow('is not JSON');
  });

  test('whatever the text, is an entry or refused, never another error', () =>
    fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.json()), async (text) => {
        await expect(decodeEntry(text, noBody)).rejects.toThrow(UnreadableEntryError);
      }),
    ));
});
