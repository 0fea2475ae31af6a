import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { MessageInput } from '../../src/api-shapes.ts';
import type { ApiClient } from '../../src/client.ts';
import { UnreachableError } from '../../src/client-errors.ts';
import { messageInput } from '../support/messages.ts';
import type { MillraceProcess } from '../support/millrace-process.ts';
import { connectRaw, postText } from '../support/raw-client.ts';
import type { Receiver } from '../support/receiver.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { until } from '../support/until.ts';

/** Longer than a test may take: what waits for it fails. */
const NEVER_MS = '900000';
jest.setTimeout(120_000);

let sandbox: Sandbox;
let folder: string;
beforeEach(async () => {
  sandbox = createSandbox();
  folder = await sandbox.folder();
});
afterEach(() => sandbox.clean());

function start(env: Record<string, string> = {}): Promise<MillraceProcess> {
  return sandbox.start({ folder, env: { MILLRACE_REQUEST_TIMEOUT_MS: NEVER_MS, MILLRACE_LOG_LEVEL: 'warn', ...env } });
}

/** A target that answers nothing before it is told to. */
async function startHoldingReceiver() {
  const answer = Promise.withResolvers<number>();
  return { receiver: await sandbox.receiver(() => answer.promise), answerAll: () => answer.resolve(200) };
}

function messagesTo(receiver: Receiver, count: number): MessageInput[] {
  return Array.from({ length: count }, (_, index) =>
    messageInput({ messageId: `order-${index}`, targetUrl: `${receiver.url}/hooks` }),
  );
}

async function sendAll(client: ApiClient, messages: readonly MessageInput[]): Promise<void> {
  for (const message of messages) await client.send(message);
}

function eventsOf(millrace: MillraceProcess): unknown[] {
  return millrace.stdout().map((line) => JSON.parse(line).event);
}

async function refusesConnections(url: string): Promise<boolean> {
  const client = sandbox.client(url, 1);
  try {
    await client.stats();
    return false;
  } catch (error) {
    return error instanceof UnreachableError && !error.connected;
  } finally {
    await client.close();
  }
}

/** Starts again on the same folder, and waits until everything has ended. */
async function finish(): Promise<{ succeeded: number; failed: number; attempts: number[] }> {
  const millrace = await start();
  const client = sandbox.client(millrace.url);
  await until('nothing waits', async () => (await client.stats()).waiting === 0);
  const { succeeded, failed } = await client.stats();
  const { messages } = await client.list({ limit: 200 });
  return { succeeded, failed, attempts: messages.map((message) => message.attempts) };
}

describe('millrace up on SIGTERM', () => {
  test('finishes the deliveries in flight, begins no other, and leaves the rest to the next start', async () => {
    const { receiver, answerAll } = await startHoldingReceiver();
    const millrace = await start({ MILLRACE_CONCURRENCY: '2' });
    await sendAll(sandbox.client(millrace.url), messagesTo(receiver, 5));
    await until('two requests are in flight', () => receiver.open() === 2);

    millrace.signal('SIGTERM');
    await until('connections are refused', () => refusesConnections(millrace.url));
    expect(eventsOf(millrace)).toEqual(['listening', 'stopping']);
    answerAll();
    expect(await millrace.ended).toBe(0);
    expect(eventsOf(millrace)).toEqual(['listening', 'stopping', 'stopped']);
    expect(millrace.stderr()).toBe('');
    expect(receiver.receptions).toHaveLength(2);

    expect(await finish()).toEqual({ succeeded: 5, failed: 0, attempts: [1, 1, 1, 1, 1] });
    expect(receiver.receptions).toHaveLength(5);
    expect(receiver.distinct()).toBe(5);
  });

  test('answers the request that is under way, and closes its connection', async () => {
    const receiver = await sandbox.receiver(() => 200);
    const millrace = await start();
    const [first, second] = messagesTo(receiver, 2);
    const client = await connectRaw(millrace.url);
    await client.write(postText('/message', first));
    await client.receives(/^HTTP\/1.1 202 .*"duplicate":false\}$/s);

    const request = postText('/message', second);
    await client.write(request.slice(0, -10));
    // An answer on another connection: the server has read what was written before.
    const other = sandbox.client(millrace.url);
    await until('the server is at rest', async () => (await other.stats()).waiting === 0);
    millrace.signal('SIGTERM');
    await until('connections are refused', () => refusesConnections(millrace.url));
    await client.write(request.slice(-10));
    await client.closed;
    expect(await millrace.ended).toBe(0);
    const [, , answer] = client.received().split('HTTP/1.1 ');
    expect(answer).toMatch(/^202 .*\r\nconnection: close\r\n.*"messageId":"order-1".*"duplicate":false\}$/is);

    expect(await finish()).toEqual({ succeeded: 2, failed: 0, attempts: [1, 1] });
  });

  test('cuts off what does not end within MILLRACE_SHUTDOWN_SECONDS, says so, and the next start takes it up', async () => {
    let isSilent = true;
    const receiver = await sandbox.receiver(() => (isSilent ? new Promise<number>(() => undefined) : 200));
    const millrace = await start({ MILLRACE_SHUTDOWN_SECONDS: '1' });
    await sendAll(sandbox.client(millrace.url), messagesTo(receiver, 3));
    await until('three requests are in flight', () => receiver.open() === 3);
    const slow = await connectRaw(millrace.url);
    await slow.write('POST /message HTTP/1.1\r\nhost: millrace\r\ncontent-length: 100\r\n\r\n{');

    millrace.signal('SIGTERM');
    expect(await millrace.ended).toBe(0);
    await slow.closed;
    expect(eventsOf(millrace)).toEqual(['listening', 'stopping', 'stopped']);
    const [line = '', ...others] = millrace.stderr().trim().split('\n');
    expect(others).toEqual([]);
    expect(JSON.parse(line)).toMatchObject({
      unfinished: 3,
      msg: 'deliveries were cut off: the next start takes them up',
    });

    isSilent = false;
    const { succeeded, attempts } = await finish();
    expect({ succeeded, attempts }).toEqual({ succeeded: 3, attempts: [2, 2, 2] });
    expect(receiver.receptions).toHaveLength(6);
  });
});

describe('millrace up on a second signal', () => {
  test('ends at once with 130, and loses nothing', async () => {
    const { receiver, answerAll } = await startHoldingReceiver();
    const millrace = await start();
    await sendAll(sandbox.client(millrace.url), messagesTo(receiver, 1));
    await until('the request is in flight', () => receiver.open() === 1);

    millrace.signal('SIGINT');
    await until('it is stopping', () => eventsOf(millrace).includes('stopping'));
    millrace.signal('SIGINT');
    expect(await millrace.ended).toBe(130);
    expect(eventsOf(millrace)).toEqual(['listening', 'stopping']);

    answerAll();
    expect(await finish()).toEqual({ succeeded: 1, failed: 0, attempts: [2] });
  });
});
