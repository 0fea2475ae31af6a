import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterEach, describe, expect, test } from '@jest/globals';
import { type HttpServer, listen } from '../src/up/http-server.ts';
import { connectRaw, type RawClient } from './support/raw-client.ts';

const GET = 'GET /path HTTP/1.1\r\nhost: here\r\n\r\n';
/** Longer than a test may take: what waits for it fails. */
const NEVER_MS = 900_000;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function start(answer: () => Response | Promise<Response> = () => new Response('hello')): Promise<HttpServer> {
  const server = await listen(answer, '127.0.0.1', 0);
  cleanups.push(() => server.close(0));
  return server;
}

async function connect(url: string): Promise<RawClient> {
  const client = await connectRaw(url);
  cleanups.push(() => client.socket.destroy());
  return client;
}

/** A server whose answers are held back, with a request under way. */
async function startHolding() {
  const answer = Promise.withResolvers<Response>();
  const seen = Promise.withResolvers<void>();
  const server = await start(() => {
    seen.resolve();
    return answer.promise;
  });
  const client = await connect(server.url);
  await client.write(GET);
  await seen.promise;
  return { server, client, answer: () => answer.resolve(new Response('late')) };
}

describe('listen', () => {
  test('serves the handler on an address that it tells', async () => {
    const { url } = await start();
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(await (await fetch(url)).text()).toBe('hello');
  });

  test('tells the address of IPv6 in brackets', async () => {
    const server = await listen(() => new Response('hello'), '::1', 0);
    cleanups.push(() => server.close(0));
    expect(server.url).toMatch(/^http:\/\/\[::1\]:\d+$/);
  });

  test('says what to do when the port is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    cleanups.push(() => other.close());
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const attempt = listen(() => new Response(), '127.0.0.1', port);
    await expect(attempt).rejects.toMatchObject({
      code: 'listen',
      message: `port ${port} is in use: choose another with --port (0 takes any that is free)`,
    });
  });

  test('names the address when it is not of this machine', async () => {
    // 192.0.2.0/24 is kept for documentation: no machine has it.
    const attempt = listen(() => new Response(), '192.0.2.1', 0);
    await expect(attempt).rejects.toThrow(/^cannot listen on 192\.0\.2\.1:0: .*EADDRNOTAVAIL/);
    await expect(attempt).rejects.toMatchObject({ code: 'listen' });
  });
});

describe('a client that takes its time', () => {
  const LIMITS = { requestMs: 100, uploadMs: NEVER_MS };
  const head = (method: string) => `${method} / HTTP/1.1\r\nhost: here\r\ncontent-length: 100\r\n\r\n`;
  /** Reads the body to its end before it answers. */
  const echo = async (request: Request) => new Response(`${(await request.arrayBuffer()).byteLength} bytes`);

  /** Writes a byte every 10 ms. */
  function trickle({ socket }: RawClient, bytes = Number.POSITIVE_INFINITY): void {
    let left = bytes;
    const timer = setInterval(() => {
      socket.write('x');
      left -= 1;
      if (left === 0) clearInterval(timer);
    }, 10);
    cleanups.push(() => clearInterval(timer));
  }

  async function startLimited(): Promise<RawClient> {
    const server = await listen(echo, '127.0.0.1', 0, LIMITS);
    cleanups.push(() => server.close(0));
    return await connect(server.url);
  }

  test('over its request is cut off, even while something comes', async () => {
    const client = await startLimited();
    await client.write(head('POST'));
    trickle(client);
    await client.closed;
    expect(client.received()).toMatch(/^HTTP\/1\.1 408 /);
  });

  test('over an upload goes on as long as something comes, and is cut off when nothing does', async () => {
    const client = await startLimited();
    await client.write(head('PUT'));
    // Takes a second, ten times the limit of other requests.
    trickle(client, 100);
    await client.receives(/100 bytes$/);
    await client.write(head('PUT'));
    await client.write('x');
    await client.closed;
    expect(client.received()).toMatch(/100 bytesHTTP\/1\.1 408 /);
  });
});

describe('close', () => {
  test('closes connections that are at rest, and refuses new ones', async () => {
    const server = await start();
    const client = await connect(server.url);
    await client.write(GET);
    await client.receives(/hello$/);
    await server.close(NEVER_MS);
    await client.closed;
    await expect(connectRaw(server.url)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('waits for the answer of a request under way, which is the last of its connection', async () => {
    const { server, client, answer } = await startHolding();
    const closed = server.close(NEVER_MS);
    answer();
    await closed;
    await client.closed;
    expect(client.received()).toMatch(/^HTTP\/1\.1 200 OK\r\n(?=.*connection: close\r\n).*\r\n\r\nlate$/is);
  });

  test('answers a request that was being sent, and closes its connection', async () => {
    const server = await start();
    const client = await connect(server.url);
    await client.write(GET.slice(0, 20));
    // An answer to a later request: the server has read what was written before.
    await fetch(server.url);
    const closed = server.close(NEVER_MS);
    await client.write(GET.slice(20));
    await closed;
    await client.closed;
    expect(client.received()).toMatch(/^HTTP\/1\.1 200 OK\r\n(?=.*connection: close\r\n).*\r\n\r\nhello$/is);
  });

  test('ends an answer that has begun, and closes its connection', async () => {
    const rest = Promise.withResolvers<void>();
    const server = await start(
      () =>
        new Response(
          new ReadableStream({
            async start(controller) {
              controller.enqueue(Buffer.from('begun'));
              await rest.promise;
              controller.enqueue(Buffer.from('ended'));
              controller.close();
            },
          }),
        ),
    );
    const client = await connect(server.url);
    await client.write(GET);
    await client.receives(/begun/);
    const closed = server.close(NEVER_MS);
    rest.resolve();
    await closed;
    await client.closed;
    expect(client.received()).toMatch(/begun.*ended/s);
  });

  test('cuts off after the limit what has not ended', async () => {
    const { server, client } = await startHolding();
    await server.close(1);
    await client.closed;
    expect(client.received()).toBe('');
  });
});
