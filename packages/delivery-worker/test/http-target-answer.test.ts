import type { ServerResponse } from 'node:http';
import { describe, expect, test } from '@jest/globals';
import type { AttemptOutcome } from '@millrace/core';
import { anEntry } from '@millrace/core/testing';
import fc from 'fast-check';
import { startHttpServer } from './support/http-server.ts';
import { PROPERTY_LIMIT_MS } from './support/limits.ts';
import { answering, startRawServer, trickling } from './support/raw-server.ts';
import { closeAfterEach } from './support/resources.ts';
import { LONG_MS, makeTarget } from './support/target.ts';

const opened = closeAfterEach();

async function outcomeOf(answer: (response: ServerResponse) => void): Promise<AttemptOutcome> {
  const server = opened(await startHttpServer(answer));
  const target = opened(makeTarget());
  return target.send(anEntry({ targetUrl: `${server.url}/` }), LONG_MS);
}

async function outcomeOfRaw(text: string): Promise<AttemptOutcome> {
  const server = opened(await startRawServer(answering(text)));
  const target = opened(makeTarget());
  return target.send(anEntry({ targetUrl: `http://${server.host}/` }), LONG_MS);
}

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

describe('the status of an answer', () => {
  test.each([
    ...[200, 201, 202, 204, 226, 299, 300, 304, 400, 401, 404, 408, 410, 418, 425, 429, 451, 499],
    ...[500, 502, 503, 504, 599],
  ])('%d is the outcome', async (statusCode) => {
    const outcome = await outcomeOf((response) => response.writeHead(statusCode).end());
    expect(outcome).toEqual({ kind: 'response', statusCode, excerpt: '' });
  });

  test.each([301, 302, 303, 307, 308])('%d is the outcome: a redirect is not followed', async (statusCode) => {
    const elsewhere = opened(await startHttpServer());
    const server = opened(
      await startHttpServer((response) => response.writeHead(statusCode, { location: `${elsewhere.url}/` }).end()),
    );
    const target = opened(makeTarget());
    const outcome = await target.send(anEntry({ targetUrl: `${server.url}/` }), LONG_MS);
    expect(outcome).toEqual({ kind: 'response', statusCode, excerpt: '' });
    expect(server.received).toHaveLength(1);
    expect(elsewhere.received).toHaveLength(0);
  });

  test('is that of the final answer, whatever informational ones come before', async () => {
    const informational =
      'HTTP/1.1 102 Processing\r\nretry-after: 7\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n';
    expect(await outcomeOfRaw(`${informational}${informational}${OK}`)).toEqual({
      kind: 'response',
      statusCode: 200,
      excerpt: 'ok',
    });
  });

  test('counts without a reason phrase, and when the body ends with the connection', async () => {
    const server = opened(
      await startRawServer((socket) => socket.once('data', () => socket.end('HTTP/1.1 202\r\n\r\nqueued'))),
    );
    const target = opened(makeTarget());
    const outcome = await target.send(anEntry({ targetUrl: `http://${server.host}/` }), LONG_MS);
    expect(outcome).toEqual({ kind: 'response', statusCode: 202, excerpt: 'queued' });
  });

  test('is no status when the target switches protocols that nobody asked it to switch', async () => {
    const outcome = await outcomeOfRaw(
      'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
    );
    expect(outcome.kind).toBe('connection');
  });
});

describe('webhook-delivery', () => {
  async function controlOf(...values: string[]): Promise<string | undefined> {
    const outcome = await outcomeOf((response) => {
      response.setHeader('Webhook-Delivery', values);
      response.writeHead(503).end();
    });
    return outcome.kind === 'response' ? outcome.control : outcome.kind;
  }

  test.each<[string[], string | undefined]>([
    [['abort-message'], 'abort-message'],
    [['disable'], 'disable'],
    [[' Disable '], 'disable'],
    [['abort-message, disable'], 'disable'],
    [['disable', 'abort-message'], 'disable'],
    [['abort-message', 'later'], 'abort-message'],
    [['disabled'], undefined],
    [['abort message'], undefined],
    [[''], undefined],
  ])('%j asks for %s', async (values, control) => {
    expect(await controlOf(...values)).toBe(control);
  });

  test('of an informational answer asks for nothing', async () => {
    const early = 'HTTP/1.1 103 Early Hints\r\nwebhook-delivery: disable\r\n\r\n';
    expect(await outcomeOfRaw(`${early}${OK}`)).toEqual({ kind: 'response', statusCode: 200, excerpt: 'ok' });
  });
});

describe('Retry-After', () => {
  const HOUR_MS = 3_600_000;

  async function retryAfterOf(...values: string[]): Promise<number | undefined> {
    const outcome = await outcomeOf((response) => {
      if (values.length > 0) response.setHeader('Retry-After', values);
      response.writeHead(503).end();
    });
    expect(outcome).toMatchObject({ kind: 'response', statusCode: 503 });
    return outcome.kind === 'response' ? outcome.retryAfterMs : undefined;
  }

  test.each([
    ['120', 120_000],
    ['0', 0],
    ['1.5', 1_500],
    ['86400', HOUR_MS],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ['Fri, 31 Dec 9999 23:59:59 GMT', HOUR_MS],
  ])('of %s asks for %d ms', async (value, expected) => {
    expect(await retryAfterOf(value)).toBe(expected);
  });

  test('of a date asks for the time until then', async () => {
    const asked = await retryAfterOf(new Date(Date.now() + HOUR_MS / 2).toUTCString());
    expect(asked).toBeGreaterThan(HOUR_MS / 4);
    expect(asked).toBeLessThanOrEqual(HOUR_MS / 2);
  });

  test.each(['soon', '-1', '1e3', '2026-11-22T10:00:00Z'])('of %j asks for nothing', async (value) => {
    expect(await retryAfterOf(value)).toBeUndefined();
  });

  test('asks for nothing when it is not there, or there twice', async () => {
    expect(await retryAfterOf()).toBeUndefined();
    expect(await retryAfterOf('10', '20')).toBeUndefined();
  });
});

describe('the excerpt of an answer', () => {
  async function excerptOf(body: string | Uint8Array): Promise<string | undefined> {
    const outcome = await outcomeOf((response) => response.writeHead(400).end(body));
    return outcome.kind === 'response' ? outcome.excerpt : undefined;
  }

  test('is the whole body when that is short', async () => {
    expect(await excerptOf('{"error":"no such order: \u20ac\u{1f600}"}')).toBe(
      '{"error":"no such order: \u20ac\u{1f600}"}',
    );
  });

  test('is at most 1 KiB, and does not end in half a character', async () => {
    expect(await excerptOf('a'.repeat(1_025))).toBe('a'.repeat(1_024));
    expect(await excerptOf(`${'a'.repeat(1_022)}\u20ac`)).toBe('a'.repeat(1_022));
  });

  test('is put together from pieces, however small they come', async () => {
    const text = '0123456789'.repeat(150);
    const chunks = [...text].map((character) => `1\r\n${character}\r\n`).join('');
    const outcome = await outcomeOfRaw(`HTTP/1.1 500 X\r\ntransfer-encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`);
    expect(outcome).toEqual({ kind: 'response', statusCode: 500, excerpt: text.slice(0, 1_024) });
  });

  test('is one line without anything that would garble a terminal', async () => {
    expect(await excerptOf('\n \u001b[31mred\u001b[0m\r\nnext\u0000\u0007\u2028\u2029\u202eline\u0085\u200b')).toBe(
      '[31mred [0m next line',
    );
    expect(await excerptOf(Buffer.from([0x61, 0xff, 0xfe, 0x80, 0x62]))).toBe('a b');
  });

  test(
    'is one printable line of at most 1 KiB, whatever the bytes of the answer',
    async () => {
      let body: Uint8Array = new Uint8Array();
      const server = opened(await startHttpServer((response) => response.end(body)));
      const target = opened(makeTarget());
      const entry = anEntry({ targetUrl: `${server.url}/` });
      const bodyArbitrary = fc.oneof(
        fc.uint8Array({ maxLength: 3_000, size: 'max' }),
        fc.string({ unit: 'binary', maxLength: 1_500, size: 'max' }).map((text) => Buffer.from(text)),
        fc
          .string({ unit: fc.constantFrom(...' \n\r\t\v\u0085\u2028\u2029\u200e\u202e\ufeff\u001bx') })
          .map((text) => Buffer.from(text)),
      );
      await fc.assert(
        fc.asyncProperty(bodyArbitrary, async (bytes) => {
          body = bytes;
          const outcome = await target.send(entry, LONG_MS);
          const excerpt = outcome.kind === 'response' ? outcome.excerpt : undefined;
          expect(Buffer.byteLength(excerpt ?? '')).toBeLessThanOrEqual(1_024);
          expect(excerpt).toMatch(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}\ufffd]*$/u);
          expect(excerpt).toBe(excerpt?.trim());
        }),
        { numRuns: 200 },
      );
    },
    PROPERTY_LIMIT_MS,
  );
});

describe('a long answer', () => {
  const LIMIT = 64 * 1_024;

  test('of 64 KiB is read to its end, and its connection used again', async () => {
    const server = opened(await startHttpServer((response) => response.end('x'.repeat(LIMIT))));
    const target = opened(makeTarget({ connections: 1 }));
    const entry = anEntry({ targetUrl: `${server.url}/` });
    for (let i = 0; i < 3; i++) {
      expect(await target.send(entry, LONG_MS)).toMatchObject({ kind: 'response', statusCode: 200 });
    }
    expect(server.connections()).toBe(1);
  });

  test('of one byte more counts by its status, and its connection is closed', async () => {
    const head = `HTTP/1.1 200 OK\r\ncontent-length: ${2 * LIMIT}\r\n\r\n`;
    const server = opened(await startRawServer(answering(`${head}${'x'.repeat(LIMIT + 1)}`)));
    const target = opened(makeTarget());
    const outcome = await target.send(anEntry({ targetUrl: `http://${server.host}/` }), LONG_MS);
    expect(outcome).toEqual({ kind: 'response', statusCode: 200, excerpt: 'x'.repeat(1_024) });
    await server.firstClosed;
  });

  test('without an end counts by its status, and its connection is closed', async () => {
    const piece = `4000\r\n${'x'.repeat(0x4000)}\r\n`;
    const head = 'HTTP/1.1 503 Busy\r\nretry-after: 9\r\ntransfer-encoding: chunked\r\n\r\n';
    const server = opened(await startRawServer(trickling(head, piece)));
    const target = opened(makeTarget());
    const outcome = await target.send(anEntry({ targetUrl: `http://${server.host}/` }), LONG_MS);
    expect(outcome).toEqual({
      kind: 'response',
      statusCode: 503,
      retryAfterMs: 9_000,
      excerpt: 'x'.repeat(1_024),
    });
    await server.firstClosed;
  });
});
