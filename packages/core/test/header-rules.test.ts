import type { IncomingMessage, Server } from 'node:http';
import { createServer, request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { headerNameFault, headerValueFault } from '@millrace/core';
import fc from 'fast-check';

const RESERVED = [
  'connection',
  'content-length',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'webhook-id',
  'webhook-signature',
  'webhook-timestamp',
  'webhook-',
];

const TOKEN_CHARACTERS = [..."!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"];

/** Mostly legal, with what is closest to being illegal among it. */
const name = fc.oneof(
  fc.string({ unit: fc.constantFrom(...TOKEN_CHARACTERS), minLength: 1, maxLength: 40 }),
  fc.constantFrom('__proto__', 'constructor', 'x-host', 'hostname', 'proxy', 'webhook', 'Date', 'Cookie', 'Set-Cookie'),
);
const codeUnit = (min: number, max: number) => fc.integer({ min, max }).map((code) => String.fromCharCode(code));
const value = fc.oneof(
  fc.string({ unit: fc.oneof(codeUnit(0x20, 0x7e), codeUnit(0xa0, 0xff), codeUnit(0x80, 0x9f), fc.constant('\t')) }),
  fc.string({ unit: codeUnit(0, 0x17f) }),
);

describe('what passes the header rules', () => {
  let server: Server;
  let port = 0;

  beforeAll(async () => {
    server = createServer((incoming, response) => response.end(JSON.stringify(incoming.rawHeaders)));
    port = await new Promise<number>((resolve, reject) => {
      server.listen(0, '127.0.0.1', () => {
        const address = server.address();
        if (typeof address === 'object' && address !== null) resolve(address.port);
        else reject(new Error('the server has no port'));
      });
    });
  });

  afterAll(async () => {
    await new Promise((resolve) => server.close(resolve));
  });

  /** Sends headers just as they are, and returns those that came in. */
  async function roundTrip(headers: readonly (readonly [string, string])[]): Promise<[string, string][]> {
    const sent = [['Host', '127.0.0.1'], ['Connection', 'close'], ...headers].flat();
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request({ host: '127.0.0.1', port, headers: sent }, resolve).on('error', reject).end();
    });
    response.setEncoding('utf8');
    const received: string[] = JSON.parse((await response.toArray()).join(''));
    const pairs = received.flatMap((text, at): [string, string][] =>
      at % 2 === 0 ? [[text, received[at + 1] ?? '']] : [],
    );
    return pairs.slice(2);
  }

  test('goes unchanged through an HTTP client and the parser of a server', async () => {
    const header = fc
      .tuple(name, value)
      .filter(([key, text]) => headerNameFault(key) === undefined && headerValueFault(text) === undefined);
    await fc.assert(
      fc.asyncProperty(fc.array(header, { minLength: 1, maxLength: 10 }), async (headers) => {
        expect(await roundTrip(headers)).toEqual(headers);
      }),
      { numRuns: 200 },
    );
  });

  test('includes headers that clients and servers know', async () => {
    const known = ['Date', 'Cookie', 'Set-Cookie', 'Authorization', 'Content-Type', 'Content-Encoding', 'User-Agent'];
    const more = ['Accept-Encoding', 'Range', 'If-Match', 'Via', 'Sec-Fetch-Mode', 'traceparent', 'Idempotency-Key'];
    const headers = [...known, ...more].map((key): [string, string] => [key, 'caf\u00e9 "x",\ty; \u00ff']);
    expect(headers.map(([key]) => headerNameFault(key)).filter(Boolean)).toEqual([]);
    expect(await roundTrip(headers)).toEqual(headers);
  });
});

describe('headerValueFault', () => {
  test.each([
    ['a carriage return', '\r'],
    ['a line feed', '\n'],
    ['a NUL', '\0'],
  ])('refuses %s anywhere', (_, forbidden) => {
    fc.assert(
      fc.property(value, value, (before, after) => {
        expect(headerValueFault(before + forbidden + after)).toBeDefined();
      }),
    );
  });

  test('takes exactly tab and U+0020 to U+00FF without DEL, with no white space at either end', () => {
    fc.assert(
      fc.property(value, (text) => {
        const isFit = [...text].every((char) => char === '\t' || /^[ -~\u0080-\u00ff]$/.test(char));
        const isTrimmed = !['\t', ' '].some((space) => text.startsWith(space) || text.endsWith(space));
        expect(headerValueFault(text) === undefined).toBe(isFit && isTrimmed);
      }),
      { numRuns: 2_000 },
    );
  });

  test.each(['', 'a', 'a b', 'a\tb', '\u00a0', '~'])('takes %j', (text) => {
    expect(headerValueFault(text)).toBeUndefined();
  });

  test.each([' a', 'a ', '\ta', 'a\t', ' ', '\u007f', '\u0100', '\u001f', '\u2028', '\ud83d\ude00'])(
    'refuses %j',
    (text) => {
      expect(headerValueFault(text)).toMatch(/^(hold only|not begin)/);
    },
  );
});

describe('headerNameFault', () => {
  test('refuses every name that holds anything but the characters of a token', () => {
    const other = fc.string({ unit: 'binary', minLength: 1 }).filter((text) => /[^!#$%&'*+\-.^_`|~\w]/.test(text));
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('x', '-') }), other, (start, rest) => {
        expect(headerNameFault(start + rest)).toMatch(/^be a header name/);
      }),
      { numRuns: 1_000 },
    );
  });

  test.each(['', ' x', 'x ', 'x:', 'x y', 'x\r', 'x\n', 'x\0', 'x\r\ny', '"x"', '(x)', 'ü'])('refuses %j', (text) => {
    expect(headerNameFault(text)).toMatch(/^be a header name/);
  });

  test.each(RESERVED)('refuses %s in any case', (reserved) => {
    fc.assert(
      fc.property(fc.mixedCase(fc.constant(reserved)), (text) => {
        expect(headerNameFault(text)).toMatch(/^not be a reserved header/);
      }),
    );
  });

  test.each([...RESERVED.map((reserved) => `x-${reserved}`), 'webhook', 'proxy', 'hosts', 'x'])('takes %s', (text) => {
    expect(headerNameFault(text)).toBeUndefined();
  });
});
