import { describe, expect, test } from '@jest/globals';
import { LIMITS, METHODS } from '@millrace/core';
import { anEntry } from '@millrace/core/testing';
import fc from 'fast-check';
import { decodeEntry, encodeEntry, MAX_ENTRY_BYTES, UnreadableEntryError } from '../src/aws/entry-body.ts';

const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

/** Jest compares byte by byte, which takes seconds for a large body. */
const isSame = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

const payload = { key: 'payloads/bodies/billing/abc', sha256: 'abc', size: 20_000_000, etag: '"abc"' };

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
      fc.property(entries, (entry) => {
        const read = decodeEntry(encodeEntry(entry));
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
        expect(encodeEntry(entry)).toMatch(/^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u);
      }),
    ));

  test('that is text stays legible', () => {
    expect(encodeEntry(anEntry({ body: 'grüße' }))).toContain('grüße');
  });

  test.each([0xfffe, 0xffff])('with U+%s goes as base64', (code) => {
    const entry = anEntry({ body: String.fromCharCode(code) });
    const text = encodeEntry(entry);
    expect(text).toContain('"base64"');
    expect(decodeEntry(text).request.body).toEqual(Buffer.from(entry.request.body));
  });

  test('fits into a queue with the largest of everything that a message may have', () => {
    const content = fc.constantFrom(
      ...[Buffer.from('x'), Buffer.from('"'), Buffer.from('\u0001'), Buffer.from('ü'), Buffer.from([0xff, 0])],
    );
    const character = fc.constantFrom('x', '"', '\\', '\t', 'é');
    fc.assert(
      fc.property(content, character, fc.constantFrom('x', '"', '\\'), (unit, value, id) => {
        const size = Math.floor(LIMITS.headerBytes / LIMITS.headerCount);
        const entry = anEntry({
          ...{ senderId: id.repeat(LIMITS.idLength), messageId: id.repeat(LIMITS.idLength) },
          targetUrl: `https://a.example/?${'x'.repeat(LIMITS.urlLength - 19)}`,
          headers: Array.from({ length: LIMITS.headerCount }, () => ['x', value.repeat(size - 1)]),
          body: Buffer.alloc(LIMITS.inlineBodyBytes, unit),
        });
        const text = encodeEntry(entry);
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MAX_ENTRY_BYTES);
        expect(isSame(decodeEntry(text).request.body, entry.request.body)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  test('refuses a body that belongs into the payload store', () => {
    expect(() => encodeEntry(anEntry({ body: Buffer.alloc(MAX_ENTRY_BYTES) }))).toThrow(RangeError);
  });

  test('holds no more of a payload than where it is', () => {
    const large = anEntry({ payload });
    const text = encodeEntry(large);
    expect(Buffer.byteLength(text)).toBeLessThan(1_024);
    expect(decodeEntry(text).request).toEqual({ ...large.request, body: Buffer.alloc(0) });
  });
});

describe('a record that is no entry', () => {
  const json = JSON.parse(encodeEntry(anEntry()));
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
    [
      'with half a payload',
      { ...json, request: { ...request, payload: { ...payload, etag: '' } } },
      'request.payload is',
    ],
    [
      'with a payload of no size',
      { ...json, request: { ...request, payload: { ...payload, size: '1' } } },
      'request.payload',
    ],
    ['with a text for a payload', { ...json, request: { ...request, payload: 'x' } }, 'request.payload is not'],
    ['with another body', { ...json, request: { ...request, body: ['hex', 'ff'] } }, 'request.body is missing'],
  ])('%s is refused, with what is wrong', (_, value, fault) => {
    const read = () => decodeEntry(JSON.stringify(value));
    expect(read).toThrow(UnreadableEntryError);
    expect(read).toThrow(fault);
  });

  test.each(['', '{', 'hello'])('that is not JSON (%j) is refused', (text) => {
    expect(() => decodeEntry(text)).toThrow('is not JSON');
  });

  test('whatever the text, is an entry or refused, never another error', () =>
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(() => decodeEntry(text)).toThrow(UnreadableEntryError);
      }),
    ));
});
