import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import type { AttemptOutcome } from '@millrace/core';
import { anEntry } from '@millrace/core/testing';
import { exchangeDeadlineMs, type HttpTargetOptions } from '../src/http-target.ts';
import { makeSelfSignedCertificate } from './support/certificate.ts';
import { startHttpServer } from './support/http-server.ts';
import {
  answering,
  closedHost,
  type RawServer,
  startRawServer,
  startTlsServer,
  trickling,
} from './support/raw-server.ts';
import { closeAfterEach } from './support/resources.ts';
import { LONG_MS, makeTarget } from './support/target.ts';

const opened = closeAfterEach();

const SHORT_MS = 200;

interface Attempt {
  readonly outcome: AttemptOutcome;
  readonly server: RawServer;
}

/** Sends one request to a server that behaves as the handler does. */
async function attempt(handler: (socket: Socket) => void, deadlineMs: number, body?: Uint8Array): Promise<Attempt> {
  const server = opened(await startRawServer(handler));
  const entry = anEntry({ targetUrl: `http://${server.host}/`, ...(body === undefined ? {} : { body }) });
  return { server, outcome: await opened(makeTarget()).send(entry, deadlineMs) };
}

async function outcomeOf(targetUrl: string, options: Partial<HttpTargetOptions> = {}): Promise<AttemptOutcome> {
  return await opened(makeTarget(options)).send(anEntry({ targetUrl }), LONG_MS);
}

const connectionFailure = { kind: 'connection', detail: expect.stringMatching(/^.+$/) };

describe('a target that takes its time', () => {
  test('and never answers ends at the deadline, and its connection is closed', async () => {
    const { outcome, server } = await attempt(() => {}, SHORT_MS);
    expect(outcome).toEqual({ kind: 'timeout', detail: `no answer within ${SHORT_MS} ms` });
    await server.firstClosed;
  });

  test('and trickles headers forever ends at the deadline, and its connection is closed', async () => {
    const { outcome, server } = await attempt(trickling('HTTP/1.1 200 OK\r\nx: ', 'a'), SHORT_MS);
    expect(outcome).toEqual({ kind: 'timeout', detail: `no answer within ${SHORT_MS} ms` });
    await server.firstClosed;
  });

  test('and trickles a body forever ends at the deadline, and its connection is closed', async () => {
    const { outcome, server } = await attempt(
      trickling('HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n', 'a'),
      SHORT_MS,
    );
    expect(outcome).toEqual({
      kind: 'timeout',
      detail: `HTTP 200, but the answer did not end within ${SHORT_MS} ms`,
    });
    await server.firstClosed;
  });

  test('and sends informational answers forever ends at the deadline', async () => {
    const { outcome } = await attempt(trickling('', 'HTTP/1.1 102 Processing\r\n\r\n'), SHORT_MS);
    expect(outcome).toEqual({ kind: 'timeout', detail: `no answer within ${SHORT_MS} ms` });
  });

  test('and does not read the request ends at the deadline', async () => {
    const { outcome } = await attempt((socket) => socket.pause(), SHORT_MS, Buffer.alloc(32 * 1_024 * 1_024));
    expect(outcome).toEqual({ kind: 'timeout', detail: `no answer within ${SHORT_MS} ms` });
  });

  test('to connect ends as a timeout', async () => {
    // Connecting includes the TLS handshake, which this server never takes part in.
    const server = opened(await startRawServer(() => {}));
    const outcome = await outcomeOf(`https://${server.host}/`, { connectTimeoutMs: 50 });
    expect(outcome).toEqual({ kind: 'timeout', detail: expect.stringContaining('UND_ERR_CONNECT_TIMEOUT') });
  });
});

describe('a target that breaks the exchange', () => {
  test.each<[string, (socket: Socket) => void]>([
    ['closes the connection before the request', (socket) => socket.end()],
    ['closes the connection instead of answering', (socket) => socket.once('data', () => socket.end())],
    ['resets the connection instead of answering', (socket) => socket.once('data', () => socket.resetAndDestroy())],
    ['sends something that is not HTTP', answering('SSH-2.0-OpenSSH_9.7\r\n')],
    ['sends bytes that are no text', answering('\u0000\u0001\u0002\u0003')],
    ['sends a status that is none', answering('HTTP/1.1 099 X\r\ncontent-length: 0\r\n\r\n')],
    ['sends endless headers', answering(`HTTP/1.1 200 OK\r\n${`x: ${'a'.repeat(1_000)}\r\n`.repeat(100)}`)],
    ['ends its headers in the middle', (socket) => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nx: '))],
    [
      'ends its body too soon',
      (socket) => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc')),
    ],
    [
      'ends its chunks in the middle',
      (socket) => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\na')),
    ],
    [
      'resets the connection in the middle of the answer',
      (socket) =>
        socket.once('data', () =>
          socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc', () => socket.resetAndDestroy()),
        ),
    ],
    ['has no valid chunks', answering('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n')],
  ])('because it %s is a connection failure, and is not asked again', async (_what, handler) => {
    const { outcome, server } = await attempt(handler, LONG_MS);
    expect(outcome).toEqual(connectionFailure);
    expect(server.connections()).toBe(1);
  });
});

describe('a target that cannot be reached', () => {
  test('because nothing listens is a connection failure', async () => {
    expect(await outcomeOf(`http://${await closedHost()}/`)).toEqual(connectionFailure);
  });

  test('because its name does not resolve is a DNS failure', async () => {
    // A label of more than 63 characters is no name for any resolver, so none is asked.
    expect(await outcomeOf(`http://${'a'.repeat(64)}.invalid/`)).toEqual({
      kind: 'dns',
      detail: expect.stringContaining('getaddrinfo'),
    });
  });

  test('because its URL is none is a connection failure', async () => {
    expect(await outcomeOf('nonsense')).toEqual(connectionFailure);
  });
});

describe('a target of https', () => {
  test('that nobody vouches for is a TLS failure, and gets no request', async () => {
    let requested = false;
    const server = opened(
      await startTlsServer(makeSelfSignedCertificate(), (socket) => {
        socket.once('data', () => {
          requested = true;
        });
      }),
    );
    const outcome = await outcomeOf(`https://${server.host}/`);
    expect(outcome).toEqual({ kind: 'tls', detail: expect.stringContaining('DEPTH_ZERO_SELF_SIGNED_CERT') });
    await server.firstClosed;
    expect(requested).toBe(false);
  });

  test('that speaks plain HTTP is a TLS failure, described in one line', async () => {
    const server = opened(await startRawServer(answering('HTTP/1.1 400 Bad Request\r\n\r\n')));
    expect(await outcomeOf(`https://${server.host}/`)).toEqual({ kind: 'tls', detail: expect.stringMatching(/^.+$/) });
  });

  test('that hangs up during the handshake is a connection failure', async () => {
    const server = opened(await startRawServer((socket) => socket.once('data', () => socket.end())));
    expect(await outcomeOf(`https://${server.host}/`)).toEqual(connectionFailure);
  });
});

describe('requests that wait for a connection', () => {
  test('end at their deadline, never reach the server, and cost no connection', async () => {
    let arrived: (response: ServerResponse) => void = () => {};
    const firstArrived = new Promise<ServerResponse>((resolve) => {
      arrived = resolve;
    });
    const server = opened(
      await startHttpServer((response, { path }) => {
        if (path === '/first') arrived(response);
        else response.end();
      }),
    );
    const target = opened(makeTarget({ connections: 1 }));
    const send = (path: string, deadlineMs: number) =>
      target.send(anEntry({ targetUrl: `${server.url}${path}` }), deadlineMs);

    const first = send('/first', LONG_MS);
    const response = await firstArrived;
    expect(await send('/late', SHORT_MS)).toEqual({ kind: 'timeout', detail: `no answer within ${SHORT_MS} ms` });
    response.end();
    expect(await first).toMatchObject({ kind: 'response', statusCode: 200 });
    expect(await send('/last', LONG_MS)).toMatchObject({ kind: 'response', statusCode: 200 });
    expect(server.received.map(({ path }) => path)).toEqual(['/first', '/last']);
    expect(server.connections()).toBe(1);
  });
});

describe('closing', () => {
  test('cuts off requests under way and waiting ones, which then have no outcome, and takes no more', async () => {
    let arrived: () => void = () => {};
    const firstArrived = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const server = opened(await startHttpServer(() => arrived()));
    const target = makeTarget({ connections: 1 });
    const entry = anEntry({ targetUrl: `${server.url}/` });
    const outcomes: AttemptOutcome[] = [];
    const send = () => void target.send(entry, LONG_MS).then((outcome) => outcomes.push(outcome));
    send();
    await firstArrived;
    send();
    await target.close();
    send();
    await server.connectionsEnded();
    expect(outcomes).toEqual([]);
    expect(server.received).toHaveLength(1);
  });
});

describe('the deadline of an exchange', () => {
  const MB = 1_024 * 1_024;

  test.each([
    [0, 30_000],
    [1, 31_000],
    [MB, 31_000],
    [MB + 1, 32_000],
    [6 * MB, 36_000],
  ])('for a body of %d bytes is %d ms: the timeout, and a second for each MB begun', (length, expected) => {
    expect(exchangeDeadlineMs(anEntry({ body: new Uint8Array(length) }).request, 30_000)).toBe(expected);
  });
});
