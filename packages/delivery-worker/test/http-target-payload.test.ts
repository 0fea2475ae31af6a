import { hash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { type AttemptOutcome, StoreUnavailableError } from '@millrace/core';
import { anEntry } from '@millrace/core/testing';
import { exchangeDeadlineMs } from '../src/http-target.ts';
import { outboundPayload, PayloadUnavailableError } from '../src/outbound-payload.ts';
import { startHttpServer } from './support/http-server.ts';
import { chunksOf, missing, type ScriptedPayloads, scriptPayloads } from './support/payloads.ts';
import { answering, closedHost, startRawServer } from './support/raw-server.ts';
import { closeAfterEach } from './support/resources.ts';
import { LONG_MS, makeTarget } from './support/target.ts';

const opened = closeAfterEach();

const BYTES = Buffer.alloc(1_000_003, 'abcdefghijk');
/** More than the buffers of two sockets hold. */
const HUGE = Buffer.alloc(32 * 1_024 * 1_024, 'x');
const SHORT_MS = 300;
/** Enough to read HUGE once and sign it, on a busy machine too. */
const SIGNED_MS = 2_000;

function send(payloads: ScriptedPayloads, targetUrl: string, deadlineMs = LONG_MS): Promise<AttemptOutcome> {
  return opened(makeTarget({ payloads })).send(
    anEntry({ payload: payloads.ref, targetUrl: new URL(targetUrl).href }),
    deadlineMs,
  );
}

/** A server that behaves as the handler does with each connection, and does not read by itself. */
async function startSilent(onConnection: (socket: Socket) => void) {
  const server = createServer();
  server.removeAllListeners('connection');
  const sockets: Socket[] = [];
  server.on('connection', (socket: Socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  opened({
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, sockets };
}

/** Chunks, and then an error in place of the rest. */
async function* breaking(chunks: number, error: Error): AsyncGenerator<Uint8Array> {
  let left = chunks;
  for await (const chunk of chunksOf(BYTES)) {
    if (left === 0) throw error;
    left -= 1;
    yield chunk;
  }
}

async function* stalling(closed: Promise<never>): AsyncGenerator<Uint8Array> {
  yield BYTES.subarray(0, 1_000);
  await closed;
}

describe('a body in the payload store', () => {
  test('reaches the target as it is, with its length, and is let go of', async () => {
    const server = opened(await startHttpServer());
    const payloads = scriptPayloads(BYTES);
    expect(await send(payloads, `${server.url}/large`)).toMatchObject({ kind: 'response', statusCode: 200 });
    const [request] = server.received;
    expect(request?.body.equals(BYTES)).toBe(true);
    const names = request?.rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase()) ?? [];
    expect(names.filter((name) => name === 'content-length')).toHaveLength(1);
    expect(names).not.toContain('transfer-encoding');
    await payloads.released();
    // Once to sign it, once to send it.
    expect(payloads.counts).toEqual({ opened: 2, held: 0 });
  });

  test('keeps the connection for what comes after it', async () => {
    const server = opened(await startHttpServer());
    const payloads = scriptPayloads(BYTES);
    const target = opened(makeTarget({ payloads, connections: 1 }));
    const entry = anEntry({ payload: payloads.ref, targetUrl: `${server.url}/` });
    for (let n = 0; n < 3; n++) await target.send(entry, LONG_MS);
    expect(server.received.map(({ body }) => body.length)).toEqual(Array(3).fill(BYTES.length));
    expect(server.connections()).toBe(1);
  });

  test('makes the deadline longer by a second for each MB, as one in its message does', () => {
    const { ref } = scriptPayloads(BYTES);
    const { request } = anEntry({ payload: { ...ref, size: 20 * 1_024 * 1_024 } });
    expect(exchangeDeadlineMs(request, 30_000)).toBe(50_000);
  });

  test('is read no faster than the target takes it', async () => {
    const read: number[] = [];
    async function* counted() {
      const pass = read.push(0) - 1;
      for await (const chunk of chunksOf(HUGE)) {
        read[pass] = (read[pass] ?? 0) + chunk.length;
        yield chunk;
      }
    }
    const payloads = scriptPayloads(HUGE, counted);
    const silent = await startSilent((socket) => socket.pause());
    expect(await send(payloads, silent.url, SIGNED_MS)).toMatchObject({ kind: 'timeout' });
    // Whole to sign it, then as much as the buffers of two sockets hold.
    expect(read).toEqual([HUGE.length, expect.any(Number)]);
    expect(read[1]).toBeGreaterThan(0);
    expect(read[1]).toBeLessThan(HUGE.length / 2);
    await payloads.released();
  });
});

describe('a payload that cannot be sent', () => {
  test('because it is missing makes no request', async () => {
    const server = opened(await startHttpServer());
    const payloads = scriptPayloads(BYTES, () => missing(scriptPayloads(BYTES).ref));
    const outcome = await send(payloads, server.url);
    expect(outcome).toEqual({
      kind: 'payload-missing',
      detail: expect.stringMatching(/^the payload billing.* is gone$/),
    });
    expect(server.connections()).toBe(0);
  });

  test('because the store does not answer is tried again', async () => {
    const server = opened(await startHttpServer());
    const payloads = scriptPayloads(BYTES, () => new StoreUnavailableError('s3:GetObject: SlowDown'));
    expect(await send(payloads, server.url)).toEqual({ kind: 'payload-unavailable', detail: 's3:GetObject: SlowDown' });
    expect(server.connections()).toBe(0);
  });

  test.each([0, 3])(
    'because its store fails after %d parts is tried again, and never taken for whole',
    async (parts) => {
      const server = opened(await startHttpServer());
      const payloads = scriptPayloads(BYTES, () => breaking(parts, new StoreUnavailableError('broke off')));
      expect(await send(payloads, server.url)).toEqual({ kind: 'payload-unavailable', detail: 'broke off' });
      await server.connectionsEnded();
      expect(server.received).toEqual([]);
      await payloads.released();
    },
  );

  test.each([
    ['shorter', BYTES.subarray(0, -1)],
    ['longer', Buffer.concat([BYTES, Buffer.from('x')])],
  ])('because it is %s than it says is tried again, and never taken for whole', async (_, bytes) => {
    const server = opened(await startHttpServer());
    const payloads = scriptPayloads(BYTES, () => chunksOf(bytes));
    expect(await send(payloads, server.url)).toEqual({
      kind: 'connection',
      detail: expect.stringContaining('UND_ERR_REQ_CONTENT_LENGTH_MISMATCH'),
    });
    await server.connectionsEnded();
    expect(server.received).toEqual([]);
    await payloads.released();
  });

  test('because its store stalls ends at the deadline, and closes the connection', async () => {
    const payloads = scriptPayloads(BYTES, (opening, closed) => (opening === 2 ? stalling(closed) : undefined));
    const server = opened(await startRawServer(() => undefined));
    expect(await send(payloads, `http://${server.host}/`, SHORT_MS)).toMatchObject({ kind: 'timeout' });
    await server.firstClosed;
    await payloads.released();
  });

  test('because its store stalls while it is signed ends at the deadline, without a request', async () => {
    const payloads = scriptPayloads(BYTES, (_, closed) => stalling(closed));
    const server = opened(await startHttpServer());
    expect(await send(payloads, server.url, SHORT_MS)).toMatchObject({ kind: 'timeout' });
    await payloads.released();
    expect(payloads.counts).toEqual({ opened: 1, held: 0 });
    expect(server.connections()).toBe(0);
  });

  test('because opening it takes too long ends at the deadline, without a request', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const scripted = scriptPayloads(BYTES);
    const payloads = { ...scripted, open: (ref: typeof scripted.ref) => promise.then(() => scripted.open(ref)) };
    const server = opened(await startHttpServer());
    expect(await send(payloads, server.url, SHORT_MS)).toMatchObject({ kind: 'timeout' });
    resolve();
    await new Promise((settled) => setImmediate(settled));
    await scripted.released();
    expect(scripted.counts).toEqual({ opened: 1, held: 0 });
    expect(server.connections()).toBe(0);
  });
});

describe('a target that does not take the whole body', () => {
  test('because it has answered before gets its answer counted, and the connection is closed', async () => {
    const payloads = scriptPayloads(HUGE);
    const server = opened(await startRawServer(answering('HTTP/1.1 413 Too Large\r\ncontent-length: 4\r\n\r\nmany')));
    expect(await send(payloads, `http://${server.host}/`)).toEqual({
      ...{ kind: 'response', statusCode: 413, excerpt: 'many' },
    });
    await server.firstClosed;
    await payloads.released();
  });

  test('because it hangs up is a connection that failed', async () => {
    const payloads = scriptPayloads(HUGE);
    const server = opened(await startRawServer((socket) => socket.once('data', () => socket.destroy())));
    expect(await send(payloads, `http://${server.host}/`)).toMatchObject({ kind: 'connection' });
    await payloads.released();
  });

  test('because nobody listens there leaves nothing open', async () => {
    const payloads = scriptPayloads(BYTES);
    expect(await send(payloads, `http://${await closedHost()}/`)).toMatchObject({ kind: 'connection' });
    await payloads.released();
  });

  test('because the worker stops leaves nothing open', async () => {
    const payloads = scriptPayloads(HUGE);
    const begun = Promise.withResolvers<void>();
    const silent = await startSilent((socket) => socket.pause() && begun.resolve());
    const target = makeTarget({ payloads });
    void target.send(anEntry({ payload: payloads.ref, targetUrl: silent.url }), LONG_MS);
    await begun.promise;
    await target.close();
    await payloads.released();
  });
});

describe('a payload on its way out', () => {
  test('can be gone through before it is sent, as signing does', async () => {
    const payloads = scriptPayloads(BYTES);
    const seen: Uint8Array[] = [];
    await outboundPayload(payloads.ref, payloads).forEachChunk((chunk) => seen.push(chunk));
    expect(hash('sha256', Buffer.concat(seen), 'hex')).toBe(payloads.ref.sha256);
    expect(payloads.counts).toEqual({ opened: 1, held: 0 });
  });

  test('that has changed since it was gone through is not sent', async () => {
    const payloads = scriptPayloads(BYTES, (opening) =>
      opening === 1 ? undefined : missing(scriptPayloads(BYTES).ref),
    );
    const outbound = outboundPayload(payloads.ref, payloads);
    await outbound.forEachChunk(() => undefined);
    await expect(outbound.open()).rejects.toMatchObject({ code: 'payload-missing' });
  });

  test('that breaks off while it is gone through says so, and is let go of', async () => {
    const payloads = scriptPayloads(BYTES, () => breaking(2, new Error('disk')));
    const outbound = outboundPayload(payloads.ref, payloads);
    await expect(outbound.forEachChunk(() => undefined)).rejects.toThrow(PayloadUnavailableError);
    expect(payloads.counts).toEqual({ opened: 1, held: 0 });
  });

  test('that is closed while it is gone through ends with an error, and is not opened again', async () => {
    const payloads = scriptPayloads(BYTES, (_, closed) => stalling(closed));
    const outbound = outboundPayload(payloads.ref, payloads);
    const begun = Promise.withResolvers<void>();
    const going = outbound.forEachChunk(() => begun.resolve());
    await begun.promise;
    outbound.close();
    await expect(going).rejects.toThrow(PayloadUnavailableError);
    await expect(outbound.open()).rejects.toThrow(PayloadUnavailableError);
    expect(payloads.counts).toEqual({ opened: 2, held: 0 });
  });
});
