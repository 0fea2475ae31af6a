import { describe, expect, test } from '@jest/globals';
import { canonicalUrl, headerNameFault, headerValueFault, LIMITS, METHODS, parseInstant } from '@millrace/core';
import { START_TIME } from '@millrace/core/testing';
import fc from 'fast-check';
import { createMessageReader, type MessageReading } from '../src/message-reader.ts';
import { messageJson } from './support/messages.ts';

const read = createMessageReader({ allowHttp: false, now: () => START_TIME });

const id = fc.stringMatching(/^[!-~]{1,128}$/);
const iso = (min: number, max: number) =>
  fc.date({ min: new Date(min), max: new Date(max), noInvalidDate: true }).map((date) => date.toISOString());

const anyValue = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constant(null), fc.string(), fc.integer());

/** A legal header name or value; the rules themselves are tested in core. */
const headerName = fc.stringMatching(/^[a-zA-Z0-9_~-]{1,20}$/).filter((name) => headerNameFault(name) === undefined);
const headerValue = fc
  .array(fc.integer({ min: 0x20, max: 0xff }), { maxLength: 30 })
  .map((codes) => String.fromCharCode(...codes))
  .filter((value) => headerValueFault(value) === undefined);

const headers = fc
  .uniqueArray(fc.tuple(fc.oneof(headerName, fc.constant('__proto__')), headerValue), {
    maxLength: 20,
    selector: ([name]) => name.toLowerCase(),
  })
  .map((entries) => Object.fromEntries(entries));

/** For each field, values that are right. */
const RIGHT = {
  messageId: id,
  senderId: id,
  timestamp: iso(Date.UTC(1990), Date.UTC(2090)),
  targetUrl: fc.webUrl({ validSchemes: ['https'], withQueryParameters: true, withFragments: true, size: 'small' }),
  method: fc.constantFrom(...METHODS),
  headers,
  body: fc.string({ unit: 'binary' }),
  retry: fc.record({ maxAttempts: fc.integer({ min: 1, max: LIMITS.maxAttempts }) }, { requiredKeys: [] }),
  expiresAt: iso(START_TIME + 1, START_TIME + LIMITS.lifetimeMs),
};

const REQUIRED = ['messageId', 'senderId', 'timestamp', 'targetUrl'] as const;

const valid = fc.record(RIGHT, { requiredKeys: [...REQUIRED] });

/** For each field, values that are wrong in ways of their own. */
const WRONG: Readonly<Record<keyof typeof RIGHT | 'bodyEncoding', fc.Arbitrary<unknown>>> = {
  messageId: fc.oneof(fc.constantFrom('', 'a b', 'é', 'a\n', 'x'.repeat(129)), anyValue.filter(isNoString)),
  senderId: fc.oneof(fc.constantFrom('', ' ', 'a\u007f', 'x'.repeat(129)), anyValue.filter(isNoString)),
  timestamp: fc.oneof(
    fc.constantFrom('', 'now', '2026-02-30T00:00:00Z', '2026-11-22T10:00:00', '2026-11-22'),
    anyValue.filter((value) => typeof value !== 'string' || parseInstant(value) === undefined),
  ),
  targetUrl: fc.oneof(
    fc.constantFrom('', '/hooks', 'http://a.example/', 'ftp://a.example/', 'https://u:p@a.example/', 'https://u@a/'),
    fc.constantFrom(
      `https://a.example/${'x'.repeat(2_031)}`,
      `https://a.example/${'é'.repeat(400)}`,
      `https://a.example/${'./'.repeat(1_100)}`,
    ),
    anyValue.filter(isNoString),
  ),
  method: fc.oneof(
    fc.constantFrom('', 'post', 'HEAD'),
    anyValue.filter((value) => !METHODS.some((method) => method === value)),
  ),
  headers: fc.oneof(
    fc.constantFrom({ host: 'a' }, { 'a b': '1' }, { a: '1\n' }, { a: 1 }, { A: '1', a: '2' }, [], { a: ' 1' }),
    fc.constant(Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`h${i}`, '']))),
    fc.constant({ a: 'x'.repeat(8_192) }),
    anyValue.filter((value) => typeof value !== 'object' || value === null),
  ),
  body: fc.oneof(fc.constantFrom('\ud800', 'a\udc00b'), anyValue.filter(isNoString)),
  bodyEncoding: fc.oneof(
    fc.constantFrom('', 'hex', 'UTF8'),
    anyValue.filter((value) => value !== 'utf8' && value !== 'base64'),
  ),
  retry: fc.oneof(
    fc.constantFrom({ maxAttempts: 0 }, { maxAttempts: 21 }, { maxAttempts: 1.5 }, { maxAttempts: '3' }, { max: 1 }),
    anyValue.filter((value) => typeof value !== 'object' || value === null || Array.isArray(value)),
  ),
  expiresAt: fc.oneof(
    fc.constantFrom('', 'later', new Date(START_TIME).toISOString()),
    fc.constant(new Date(START_TIME + LIMITS.lifetimeMs + 1).toISOString()),
    anyValue.filter(isNoString),
  ),
};

function isNoString(value: unknown): boolean {
  return typeof value !== 'string';
}

/** A message with wrong values in a set of fields, and the names of those fields. */
const broken = fc
  .tuple(
    valid,
    fc.record(WRONG, { requiredKeys: [] }),
    fc.uniqueArray(fc.constantFrom('messageID', 'payloadId', 'x-y', '__proto__', 'toString', 'constructor'), {
      maxLength: 2,
    }),
    fc.subarray([...REQUIRED]),
  )
  .map(([message, wrong, unknown, missing]) => {
    const entries: [string, unknown][] = Object.entries({ ...message, ...wrong });
    const kept = entries.filter(([name]) => !missing.some((gone) => gone === name));
    const json: unknown = Object.fromEntries([...kept, ...unknown.map((name) => [name, 1])]);
    return { json, broken: new Set([...Object.keys(wrong), ...unknown, ...missing]) };
  });

/** The field that a problem is about. */
function fieldOf(path: string): string {
  const match = /^\$(?:\.([A-Za-z_][A-Za-z0-9_]*)|\["((?:[^"\\]|\\.)*)"\])/.exec(path);
  if (match === null) throw new Error(`no path of a field: ${path}`);
  return match[1] ?? match[2] ?? '';
}

function brokenFields(reading: MessageReading): Set<string> {
  return new Set(reading.kind === 'message' ? [] : reading.problems.map(({ path }) => fieldOf(path)));
}

describe('reading a message', () => {
  test('every valid message is read, its identity in canonical form', () => {
    fc.assert(
      fc.property(valid, (json) => {
        const reading = read(json);
        expect(reading).toMatchObject({
          kind: 'message',
          message: {
            identity: {
              messageId: json.messageId,
              senderId: json.senderId,
              timestamp: parseInstant(json.timestamp)?.text,
              targetUrl: canonicalUrl(json.targetUrl),
            },
            request: { method: json.method ?? 'POST' },
            plan: {
              maxAttempts: json.retry?.maxAttempts ?? LIMITS.defaultAttempts,
              expiresAt: json.expiresAt === undefined ? START_TIME + LIMITS.lifetimeMs : Date.parse(json.expiresAt),
            },
          },
        });
      }),
      { numRuns: 300 },
    );
  });

  test('the problems of a message are about all fields that are broken, and about no other', () => {
    fc.assert(
      fc.property(broken, ({ json, broken }) => {
        expect(brokenFields(read(json))).toEqual(broken);
      }),
      { numRuns: 2_000 },
    );
  });

  test('any JSON value is a message or has problems, each with a path and words, and never throws', () => {
    const nearly = broken.map(({ json }) => json);
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), anyValue, nearly), (json) => {
        const reading = read(json);
        if (reading.kind === 'message') return;
        expect(reading.problems.length).toBeGreaterThan(0);
        for (const { path, message } of reading.problems) {
          expect(path).toMatch(/^\$/);
          expect(message).toMatch(/^(is|has|must|holds|repeats) ./);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test('plain http is the only other scheme that configuration can allow', () => {
    const readAny = createMessageReader({ allowHttp: true, now: () => START_TIME });
    expect(readAny(messageJson({ targetUrl: 'http://a.example/' })).kind).toBe('message');
    for (const targetUrl of ['ftp://a.example/', 'file:///etc/passwd', 'javascript:alert(1)', 'ws://a.example/']) {
      expect(readAny(messageJson({ targetUrl }))).toMatchObject({ problems: [{ path: '$.targetUrl' }] });
    }
  });

  test('headers come out in the spelling and with the values that came in', () => {
    fc.assert(
      fc.property(headers, (given) => {
        const reading = read(messageJson({ headers: given }));
        expect(reading.kind === 'message' && reading.message.request.headers).toEqual(Object.entries(given));
      }),
      { numRuns: 300 },
    );
  });

  test('the body comes out with exactly the bytes that base64 stood for', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1_000 }), (bytes) => {
        const body = Buffer.from(bytes).toString('base64');
        expect(bodyOf(read(messageJson({ body, bodyEncoding: 'base64' })))).toEqual([...bytes]);
      }),
      { numRuns: 300 },
    );
  });

  test('the body comes out with exactly the bytes of its text in UTF-8', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 1_000 }), (body) => {
        expect(bodyOf(read(messageJson({ body, bodyEncoding: 'utf8' })))).toEqual([...new TextEncoder().encode(body)]);
      }),
      { numRuns: 300 },
    );
  });

  test('only one text stands for bytes in base64: any other is refused', () => {
    const nearBase64 = fc.array(fc.constantFrom(...'AQgw/+=-_ \nab'), { maxLength: 9 }).map((chars) => chars.join(''));
    fc.assert(
      fc.property(nearBase64, (body) => {
        const isCanonical = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$/;
        const reading = read(messageJson({ body, bodyEncoding: 'base64' }));
        expect(reading.kind).toBe(isCanonical.test(body) ? 'message' : 'invalid');
      }),
      { numRuns: 1_000 },
    );
  });

  test('paths begin where the value stands in the request', () => {
    expect(read({ ...messageJson(), 'x-y': 1 }, '$.messages[3]')).toMatchObject({
      problems: [{ path: '$.messages[3]["x-y"]' }],
    });
  });

  test('values of bodies and headers are not repeated in problems', () => {
    const secret = 'hunter2\n';
    const reading = read(messageJson({ headers: { authorization: secret }, body: secret, bodyEncoding: 'base64' }));
    expect(reading.kind).toBe('invalid');
    expect(JSON.stringify(reading)).not.toContain('hunter2');
  });
});

function bodyOf(reading: MessageReading): number[] {
  if (reading.kind !== 'message') throw new Error(JSON.stringify(reading.problems));
  return [...reading.message.request.body];
}
