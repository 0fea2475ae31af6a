import { describe, expect, test } from '@jest/globals';
import { type AttemptOutcome, canonicalUrl } from '@millrace/core';
import { anEntry } from '@millrace/core/testing';
import fc from 'fast-check';
import { startHttpServer } from './support/http-server.ts';
import { PROPERTY_LIMIT_MS } from './support/limits.ts';
import { closeAfterEach } from './support/resources.ts';
import { LONG_MS, makeTarget } from './support/target.ts';

const opened = closeAfterEach();

const LOOPBACK = 'loopback (127.0.0.0/8, RFC 1122)';

/** Sends a message to a host, at the port of a server that listens on 127.0.0.1. */
async function setUp(allowedPrivateCidrs: readonly string[] = []) {
  const server = opened(await startHttpServer());
  const target = opened(makeTarget({ allowedPrivateCidrs }));
  const { port } = new URL(server.url);
  const send = (host: string, scheme = 'http'): Promise<AttemptOutcome> =>
    target.send(anEntry({ targetUrl: canonicalUrl(`${scheme}://${host}:${port}/`) }), LONG_MS);
  return { server, send };
}

describe('a target without a name', () => {
  test.each([
    ['127.0.0.1', '127.0.0.1', LOOPBACK],
    ['127.0.0.1.', '127.0.0.1', LOOPBACK],
    ['127.1', '127.0.0.1', LOOPBACK],
    ['0x7f.1', '127.0.0.1', LOOPBACK],
    ['0x7f000001', '127.0.0.1', LOOPBACK],
    ['017700000001', '127.0.0.1', LOOPBACK],
    ['0177.0.0.01', '127.0.0.1', LOOPBACK],
    ['2130706433', '127.0.0.1', LOOPBACK],
    ['１２７.0.0.1', '127.0.0.1', LOOPBACK],
    ['①②⑦。⓪。⓪。①', '127.0.0.1', LOOPBACK],
    ['%31%32%37.0.0.1', '127.0.0.1', LOOPBACK],
    ['0', '0.0.0.0', 'this host or network (0.0.0.0/8, RFC 791)'],
    ['10.0.0.1', '10.0.0.1', 'private (10.0.0.0/8, RFC 1918)'],
    ['169.254.169.254', '169.254.169.254', 'link-local (169.254.0.0/16, RFC 3927)'],
    ['0xa9fea9fe', '169.254.169.254', 'link-local (169.254.0.0/16, RFC 3927)'],
    ['255.255.255.255', '255.255.255.255', 'broadcast (255.255.255.255/32, RFC 919)'],
    ['[::1]', '::1', 'loopback (::1/128, RFC 4291)'],
    ['[0:0:0:0:0:0:0:1]', '::1', 'loopback (::1/128, RFC 4291)'],
    ['[::]', '::', 'unspecified (::/128, RFC 4291)'],
    ['[::ffff:127.0.0.1]', '::ffff:7f00:1', LOOPBACK],
    ['[::FFFF:7F00:1]', '::ffff:7f00:1', LOOPBACK],
    ['[::127.0.0.1]', '::7f00:1', 'an IPv4-compatible address (::/96, RFC 4291)'],
    ['[64:ff9b::7f00:1]', '64:ff9b::7f00:1', 'translated to IPv4 (NAT64) (64:ff9b::/96, RFC 6052)'],
    ['[fe80::1]', 'fe80::1', 'link-local (fe80::/10, RFC 4291)'],
  ])('at %s is refused for its address', async (host, address, what) => {
    const { server, send } = await setUp();
    const detail = `${address} is ${what} and not among MILLRACE_ALLOWED_PRIVATE_CIDRS`;
    expect(await send(host)).toEqual({ kind: 'blocked', detail });
    expect(await send(host, 'https')).toEqual({ kind: 'blocked', detail });
    expect(server.connections()).toBe(0);
  });

  test.each(['127.0.0.1', '127.1', '2130706433', '[::ffff:127.0.0.1]'])(
    'at %s gets its message when its range is allowed',
    async (host) => {
      const { server, send } = await setUp(['127.0.0.0/8']);
      expect(await send(host)).toMatchObject({ kind: 'response', statusCode: 200 });
      expect(server.received).toHaveLength(1);
    },
  );

  test('is refused beside an allowed range', async () => {
    const { send } = await setUp(['127.0.0.2/32', '10.0.0.0/8', '::1/128']);
    expect(await send('127.0.0.1')).toMatchObject({ kind: 'blocked' });
    expect(await send('127.0.0.3')).toMatchObject({ kind: 'blocked' });
  });

  test(
    'is refused at any private address, however it is spelled',
    async () => {
      const { send } = await setUp();
      const byte = fc.nat(255);
      const octets = fc.tuple(fc.constantFrom(10, 127), byte, byte, byte);
      const number = (value: number) =>
        fc.constantFrom(String(value), `0x${value.toString(16)}`, `0${value.toString(8)}`);
      const host = octets.chain(([a, b, c, d]) => {
        const [low2, low3] = [c * 256 + d, (b * 256 + c) * 256 + d];
        const parts = [[a, b, c, d], [a, b, low2], [a, low3], [a * 2 ** 24 + low3]];
        return fc
          .constantFrom(...parts)
          .chain((numbers) => fc.tuple(...numbers.map(number)))
          .map((spelled) => spelled.join('.'));
      });
      await fc.assert(
        fc.asyncProperty(host, async (spelled) => {
          expect(await send(spelled)).toMatchObject({ kind: 'blocked' });
        }),
        { numRuns: 200 },
      );
    },
    PROPERTY_LIMIT_MS,
  );

  test('is refused again and again, message after message', async () => {
    const { server, send } = await setUp();
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => send('127.0.0.1')));
    expect(outcomes.map(({ kind }) => kind)).toEqual(outcomes.map(() => 'blocked'));
    expect(server.connections()).toBe(0);
  });
});

describe('a name that only this machine knows', () => {
  test.each(['localhost', 'LOCALHOST'])('such as %s is refused for its address', async (host) => {
    const { server, send } = await setUp();
    const detail = expect.stringMatching(
      /^localhost resolves to (127\.0\.0\.1|::1), which is loopback .* and not among MILLRACE_ALLOWED_PRIVATE_CIDRS$/,
    );
    expect(await send(host)).toEqual({ kind: 'blocked', detail });
    expect(server.connections()).toBe(0);
  });

  test('such as localhost. is refused, or not known', async () => {
    const { server, send } = await setUp();
    expect(['blocked', 'dns']).toContain((await send('localhost.')).kind);
    expect(server.connections()).toBe(0);
  });

  test('gets its message when all of its addresses are allowed', async () => {
    const { send } = await setUp(['127.0.0.0/8', '::1/128']);
    expect(await send('localhost')).toMatchObject({ kind: 'response', statusCode: 200 });
  });
});
