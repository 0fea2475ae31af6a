import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { MessageTemplate } from '../src/load/plan.ts';
import { messageBodyWriter, rawBodyWriter, readNumber } from '../src/load/request-bodies.ts';

function template(overrides: Partial<MessageTemplate> = {}): MessageTemplate {
  return {
    senderId: 'load',
    targetUrl: 'http://127.0.0.1:9/hook',
    timestamp: '2026-11-22T10:00:00Z',
    idPrefix: 'load-',
    ids: 'sequential',
    ...overrides,
  };
}

const number = fc.integer({ min: 0, max: 999_999_999_999 - 100 });
const bodyBytes = fc.integer({ min: 0, max: 300 });
/** Every character that an id may hold, also those that JSON escapes. */
const prefix = fc.string({
  unit: fc.integer({ min: 33, max: 126 }).map((code) => String.fromCharCode(code)),
  maxLength: 20,
});

const smallestNumbered = '{"n":"000000000000","data":""}'.length;

describe('bodies of deliveries', () => {
  test('have exactly the size that was asked for and carry their number when there is room for it', () => {
    fc.assert(
      fc.property(bodyBytes, number, (bytes, n) => {
        const body = rawBodyWriter(bytes)(n, 1);
        expect(body.length).toBe(bytes);
        expect(readNumber(body)).toBe(bytes < smallestNumbered ? undefined : n);
        if (bytes >= smallestNumbered) expect(JSON.parse(body.toString()).n).toBe(String(n).padStart(12, '0'));
      }),
    );
  });

  test('do not change when the next one is made', () => {
    const write = rawBodyWriter(100);
    const first = write(1, 1);
    write(2, 1);
    expect(readNumber(first)).toBe(1);
  });
});

describe('messages', () => {
  test('are the JSON of the API with the body of a delivery in them, whatever the parts hold', () => {
    fc.assert(
      fc.property(prefix, prefix, bodyBytes, number, (idPrefix, senderId, bytes, n) => {
        const message = JSON.parse(messageBodyWriter(template({ idPrefix, senderId }), bytes, 1)(n, 1).toString());
        expect(message).toEqual({
          messageId: idPrefix + String(n).padStart(12, '0'),
          timestamp: '2026-11-22T10:00:00Z',
          senderId,
          targetUrl: 'http://127.0.0.1:9/hook',
          headers: { 'content-type': 'application/json' },
          body: rawBodyWriter(bytes)(n, 1).toString(),
        });
      }),
    );
  });

  test('of a batch are numbered one after the other, also in a last batch that is not full', () => {
    const size = fc.integer({ min: 2, max: 100 });
    fc.assert(
      fc.property(size, fc.integer({ min: 1, max: 100 }), bodyBytes, number, (batch, wanted, bytes, first) => {
        const messages = Math.min(batch, wanted);
        const request = JSON.parse(messageBodyWriter(template(), bytes, batch)(first, messages).toString());
        const single = messageBodyWriter(template(), bytes, 1);
        const expected = Array.from({ length: messages }, (_, i) => JSON.parse(single(first + i, 1).toString()));
        expect(request).toEqual({ messages: expected });
      }),
    );
  });

  test('with random ids have another UUID behind the prefix each time', () => {
    const request = messageBodyWriter(template({ ids: 'random' }), 100, 50)(0, 50);
    const ids: string[] = JSON.parse(request.toString()).messages.map((each: { messageId: string }) => each.messageId);
    for (const id of ids) expect(id).toMatch(/^load-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/);
    expect(new Set(ids).size).toBe(50);
  });
});

test('a body without a number is not given one', () => {
  expect(readNumber(Buffer.from('hello, here is some other text'))).toBeUndefined();
  expect(readNumber(Buffer.alloc(0))).toBeUndefined();
});
