import type { LookupAddress } from 'node:dns';
import { describe, expect, test } from '@jest/globals';
import { type AttemptOutcome, canonicalUrl } from '@millrace/core';
import { anEntry } from '@millrace/core/testing';
import type { HttpTargetOptions } from '../src/http-target.ts';
import { type Answer, type DnsServer, startDnsServer } from './support/dns-server.ts';
import { type HttpServer, startHttpServer } from './support/http-server.ts';
import { closeAfterEach } from './support/resources.ts';
import { LONG_MS, makeTarget } from './support/target.ts';

const opened = closeAfterEach();

/** Stands in for the internet: the one address of this machine that may be reached. */
const PUBLIC = '127.0.0.1';
const PRIVATE = '127.0.0.2';
const SHORT_MS = 50;

interface World {
  readonly dns: DnsServer;
  readonly server: HttpServer;
  /** Sends a message to the port of the server on a host. */
  send(host: string): Promise<AttemptOutcome>;
}

async function setUp(
  answer: Answer | ((name: string, nth: number) => Answer),
  options: Partial<HttpTargetOptions> & { readonly connection?: 'close' } = {},
): Promise<World> {
  const { connection, ...rest } = options;
  const patienceMs = answer === 'silence' ? SHORT_MS : LONG_MS;
  const dns = opened(await startDnsServer(typeof answer === 'function' ? answer : () => answer, patienceMs));
  const server = opened(
    await startHttpServer((response) => {
      if (connection === 'close') response.setHeader('connection', 'close');
      response.end();
    }),
  );
  const allowedPrivateCidrs = [`${PUBLIC}/32`];
  const target = opened(makeTarget({ allowedPrivateCidrs, resolve: dns.resolve, ...rest }));
  const { port } = new URL(server.url);
  return {
    dns,
    server,
    send: (host) => target.send(anEntry({ targetUrl: canonicalUrl(`http://${host}:${port}/`) }), LONG_MS),
  };
}

const DELIVERED = { kind: 'response', statusCode: 200, excerpt: '' };

function blocked(host: string, address: string, what: string): AttemptOutcome {
  const setting = 'and not among MILLRACE_ALLOWED_PRIVATE_CIDRS';
  return { kind: 'blocked', detail: `${host} resolves to ${address}, which is ${what} ${setting}` };
}

const LOOPBACK = 'loopback (127.0.0.0/8, RFC 1122)';

describe('a name', () => {
  test('of a public address is connected to there, and the target learns its name', async () => {
    const { server, send, dns } = await setUp({ addresses: [PUBLIC] });
    expect(await send('partner.test')).toEqual(DELIVERED);
    const { rawHeaders = [] } = server.received[0] ?? {};
    expect(rawHeaders.slice(0, 2)).toEqual(['host', `partner.test:${new URL(server.url).port}`]);
    expect(dns.questions.map(({ name }) => name)).toEqual(['partner.test', 'partner.test']);
  });

  test.each([
    ['a private address', [PRIVATE], PRIVATE, LOOPBACK],
    ['a public and a private address', [PUBLIC, PRIVATE], PRIVATE, LOOPBACK],
    ['a private and a public address', [PRIVATE, PUBLIC], PRIVATE, LOOPBACK],
    ['a private address of the other family', [PUBLIC, 'fd00::1'], 'fd00::1', 'unique local (fc00::/7, RFC 4193)'],
    ['an IPv4 address in an IPv6 one', ['::ffff:a00:1'], '::ffff:10.0.0.1', 'private (10.0.0.0/8, RFC 1918)'],
    ['one of NAT64', ['64:ff9b::7f00:1'], '64:ff9b::7f00:1', 'translated to IPv4 (NAT64) (64:ff9b::/96, RFC 6052)'],
    ['one of 6to4', ['2002:7f00:1::'], '2002:7f00:1::', 'tunnelled to IPv4 (6to4) (2002::/16, RFC 3056)'],
    ['an IPv4-compatible one', ['::808:808'], '::8.8.8.8', 'an IPv4-compatible address (::/96, RFC 4291)'],
    ['no address at all', ['0.0.0.0'], '0.0.0.0', 'this host or network (0.0.0.0/8, RFC 791)'],
    ['cloud metadata', ['169.254.169.254'], '169.254.169.254', 'link-local (169.254.0.0/16, RFC 3927)'],
  ])('of %s is refused, and nothing is connected to', async (_, addresses, address, what) => {
    const { server, send } = await setUp({ addresses });
    expect(await send('partner.test')).toEqual(blocked('partner.test', address, what));
    expect(server.connections()).toBe(0);
  });

  test('that leads over other names to a private address is refused', async () => {
    const { server, send } = await setUp({ aliases: ['cdn.test', 'edge.cdn.test'], addresses: [PUBLIC, PRIVATE] });
    expect(await send('partner.test')).toEqual(blocked('partner.test', PRIVATE, LOOPBACK));
    expect(server.connections()).toBe(0);
  });

  test('that leads over other names to a public address is connected to there', async () => {
    const { send } = await setUp({ aliases: ['cdn.test', 'edge.cdn.test'], addresses: [PUBLIC] });
    expect(await send('partner.test')).toEqual(DELIVERED);
  });

  test('of an IPv4 address in an IPv6 one is connected to when the IPv4 address may be', async () => {
    const { server, send } = await setUp({ addresses: ['::ffff:7f00:1'] });
    expect(await send('partner.test')).toEqual(DELIVERED);
    expect(server.connections()).toBe(1);
  });

  test.each(['partner.test.', 'PARTNER.test', '127.0.0.1.nip.test', 'xn--bcher-kva.test'])(
    'spelled %s is looked up like any other',
    async (name) => {
      const { send, dns } = await setUp({ addresses: [PRIVATE] });
      const host = name.toLowerCase();
      expect(await send(name)).toEqual(blocked(host, PRIVATE, LOOPBACK));
      expect(dns.questions[0]?.name).toBe(host.replace(/\.$/, ''));
    },
  );
});

describe('a name that changes its address', () => {
  const rebinding = (_name: string, nth: number): Answer => ({ addresses: [nth === 1 ? PUBLIC : PRIVATE] });

  test('is asked for once a connection: the address that was checked is the one that is connected to', async () => {
    const { server, send, dns } = await setUp(rebinding);
    expect(await send('rebind.test')).toEqual(DELIVERED);
    expect(dns.questions.map(({ type }) => type).sort()).toEqual(['A', 'AAAA']);
    expect(server.connections()).toBe(1);
  });

  test('is refused for the next connection', async () => {
    const { server, send } = await setUp(rebinding, { connection: 'close' });
    expect(await send('rebind.test')).toEqual(DELIVERED);
    expect(await send('rebind.test')).toEqual(blocked('rebind.test', PRIVATE, LOOPBACK));
    expect(server.connections()).toBe(1);
  });

  test('keeps the connection that was made to a checked address', async () => {
    const { server, send, dns } = await setUp(rebinding, { connections: 1 });
    for (let sent = 0; sent < 3; sent++) expect(await send('rebind.test')).toEqual(DELIVERED);
    expect(server.connections()).toBe(1);
    expect(dns.questions).toHaveLength(2);
  });

  test('to a public one is connected to again', async () => {
    const { send } = await setUp((_name, nth) => ({ addresses: [nth === 1 ? PRIVATE : PUBLIC] }));
    expect(await send('healed.test')).toEqual(blocked('healed.test', PRIVATE, LOOPBACK));
    expect(await send('healed.test')).toEqual(DELIVERED);
  });
});

describe('a name that many connections wait for', () => {
  test('is asked for once, and asked for again by those that come after the answer', async () => {
    const answers: PromiseWithResolvers<LookupAddress[]>[] = [];
    const resolve = () => {
      const answer = Promise.withResolvers<LookupAddress[]>();
      answers.push(answer);
      return answer.promise;
    };
    const { send } = await setUp('silence', { resolve, connections: 4 });
    const first = Promise.all(Array.from({ length: 4 }, () => send('slow.test')));
    expect(answers).toHaveLength(1);
    answers[0]?.reject(new Error('nobody knows'));
    expect(await first).toEqual(Array.from({ length: 4 }, () => ({ kind: 'dns', detail: 'nobody knows' })));

    const second = Promise.all([send('slow.test'), send('other.test')]);
    expect(answers).toHaveLength(3);
    for (const { resolve } of answers.slice(1)) resolve([{ address: PUBLIC, family: 4 }]);
    expect(await second).toEqual([DELIVERED, DELIVERED]);
  });
});

describe('a name of hundreds of addresses', () => {
  const addresses = Array.from({ length: 300 }, (_, index) => `127.1.${index >> 8}.${index & 0xff}`);

  test('is refused for a single private one among them', async () => {
    const { send } = await setUp({ addresses: [...addresses, '10.0.0.1'] }, { allowedPrivateCidrs: ['127.0.0.0/8'] });
    expect(await send('many.test')).toEqual(blocked('many.test', '10.0.0.1', 'private (10.0.0.0/8, RFC 1918)'));
  });

  test.each([
    [16, DELIVERED],
    [17, { kind: 'connection', detail: 'ECONNREFUSED' }],
  ])('is tried at 16 of them: when the first that listens is number %d, what comes is %j', async (nth, outcome) => {
    const listed = addresses.with(nth - 1, PUBLIC);
    const { send } = await setUp({ addresses: listed }, { allowedPrivateCidrs: ['127.0.0.0/8'] });
    expect(await send('many.test')).toEqual(outcome);
  });
});

describe('a name of several public addresses', () => {
  test('is reached at the next one when nobody listens at the first', async () => {
    const { server, send } = await setUp(
      { addresses: ['127.0.0.3', '127.0.0.4', PUBLIC] },
      { allowedPrivateCidrs: ['127.0.0.0/8'] },
    );
    expect(await send('partner.test')).toEqual(DELIVERED);
    expect(server.connections()).toBe(1);
  });
});

describe('a name that does not resolve is a DNS failure', () => {
  test.each<[string, Answer, string]>([
    ['it does not exist', 'NXDOMAIN', 'ENOTFOUND'],
    ['its server fails', 'SERVFAIL', 'ESERVFAIL'],
    ['its server refuses to tell', 'REFUSED', 'EREFUSED'],
    ['its server does not answer', 'silence', 'ETIMEOUT'],
    ['it has no address', { addresses: [] }, 'ENODATA'],
    ['it leads to a name without an address', { aliases: ['cdn.test'], addresses: [] }, 'has no address'],
  ])('because %s', async (_, answer, code) => {
    const { send } = await setUp(answer);
    expect(await send('partner.test')).toEqual({ kind: 'dns', detail: expect.stringContaining(code) });
  });

  test('because the answer is empty', async () => {
    const { send } = await setUp('silence', { resolve: () => Promise.resolve([]) });
    expect(await send('partner.test')).toEqual({ kind: 'dns', detail: 'partner.test has no address' });
  });

  test('because the answer takes longer than connecting may', async () => {
    const { send } = await setUp('silence', { resolve: () => new Promise(() => {}), connectTimeoutMs: SHORT_MS });
    const detail = `the addresses of partner.test were not known within ${SHORT_MS} ms`;
    expect(await send('partner.test')).toEqual({ kind: 'dns', detail });
  });
});
