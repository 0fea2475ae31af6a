import { afterEach, describe, expect, test } from '@jest/globals';
import type { LoadPlan } from '../src/load/plan.ts';
import { exitCodeOf, reportOf } from '../src/load/report.ts';
import { type LoadResult, runLoad } from '../src/load/run.ts';
import { closedPortUrl, type LoadServer, type Received, type Reply, startLoadServer } from './support/load-server.ts';

let server: LoadServer | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function serve(reply: (request: Received, index: number) => Reply | Promise<Reply>): Promise<LoadServer> {
  server = await startLoadServer(reply);
  return server;
}

type Overrides = Partial<Omit<LoadPlan, 'schedule'>> & { readonly schedule?: Partial<LoadPlan['schedule']> };

function plan(url: string, { schedule, ...overrides }: Overrides = {}): LoadPlan {
  const batch = schedule?.batch ?? 1;
  return {
    url: new URL(batch === 1 ? '/message' : '/messages', url),
    messages: {
      senderId: 'load',
      targetUrl: 'http://127.0.0.1:9/hook',
      timestamp: '2026-11-22T10:00:00Z',
      idPrefix: 'load-',
      ids: 'sequential',
    },
    bodyBytes: 100,
    connections: 8,
    key: undefined,
    firstNumber: 0,
    ...overrides,
    schedule: { intervalMs: 0, batch: 1, count: 100, durationMs: Infinity, ...schedule },
  };
}

function run(load: LoadPlan, signal = new AbortController().signal): Promise<LoadResult> {
  return runLoad(load, { now: () => performance.now(), signal });
}

const accept = (): Reply => ({ status: 202 });

function batchReply(request: Received, resultOf: (index: number) => string): Reply {
  const messages: unknown[] = JSON.parse(request.body).messages;
  const results = messages.map((_, index) => ({ index, result: resultOf(index) }));
  return { status: results.every(({ result }) => result === 'accepted') ? 202 : 207, body: { results } };
}

const idsOf = (received: readonly Received[]): string[] =>
  received.flatMap(({ body }) => {
    const request = JSON.parse(body);
    const messages: { messageId: string }[] = request.messages ?? [request];
    return messages.map(({ messageId }) => messageId);
  });

const expectedIds = (count: number): string[] =>
  Array.from({ length: count }, (_, n) => `load-${String(n).padStart(12, '0')}`);

describe('a run', () => {
  test('of a closed loop sends each of its messages exactly once over its connections', async () => {
    let waiting = 0;
    let most = 0;
    const { url, received } = await serve(async () => {
      waiting += 1;
      most = Math.max(most, waiting);
      await new Promise((resolve) => setImmediate(resolve));
      waiting -= 1;
      return accept();
    });
    const result = await run(plan(url, { schedule: { count: 500 } }));
    expect(idsOf(received).toSorted()).toEqual(expectedIds(500));
    expect(most).toBeLessThanOrEqual(8);
    expect(most).toBeGreaterThan(1);
    expect(result.tally).toMatchObject({ requests: 500, messages: 500, accepted: 500, duplicates: 0, answered: 500 });
    expect(result.tally.latency.count).toBe(500);
    expect(exitCodeOf(result)).toBe(0);
  });

  test('of an open loop sends each of its messages exactly once', async () => {
    const { url, received } = await serve(accept);
    const result = await run(plan(url, { schedule: { count: 40, intervalMs: 0.5 } }));
    expect(idsOf(received).toSorted()).toEqual(expectedIds(40));
    expect(result).toMatchObject({ unsent: 0, interrupted: false });
  });

  test('of an open loop counts the wait for a connection as latency', async () => {
    const waiting = new Set<() => void>();
    const { url, received } = await serve(async () => {
      await new Promise<void>((resolve) => waiting.add(resolve));
      return accept();
    });
    // The clock of the run, moved by hand: all ten messages are due before the first is answered.
    let now = 0;
    const load = plan(url, { connections: 1, schedule: { count: 10, intervalMs: 1 } });
    const done = runLoad(load, { now: () => now, signal: new AbortController().signal });
    while (received.length < 10) {
      await new Promise((resolve) => setImmediate(resolve));
      now = Math.max(now, received.length * 1_000);
      for (const answer of waiting) answer();
    }
    for (const answer of waiting) answer();
    const { tally } = await done;
    expect(tally.accepted).toBe(10);
    // Each waited for the ones before it, a second each, though its own answer took one.
    expect(tally.latency.max).toBeGreaterThan(5_000);
    expect(tally.lateness.max).toBeGreaterThan(5_000);
  });

  test('posts what the API takes: JSON, the key, to /message', async () => {
    const { url, received } = await serve(accept);
    await run(plan(url, { key: 'secret', schedule: { count: 1 } }));
    expect(received[0]).toMatchObject({
      method: 'POST',
      path: '/message',
      headers: { 'content-type': 'application/json', authorization: 'Bearer secret' },
    });
    expect(JSON.parse(received[0]?.body ?? '')).toMatchObject({
      senderId: 'load',
      targetUrl: 'http://127.0.0.1:9/hook',
    });
  });

  test('without messages posts the bodies to the URL itself', async () => {
    const { url, received } = await serve(() => ({ status: 204 }));
    const load = { ...plan(url, { schedule: { count: 3 } }), messages: undefined, url: new URL('/hook?a=1', url) };
    const { tally } = await run(load);
    expect(tally.accepted).toBe(3);
    expect(received.map(({ path, body }) => [path, body.length])).toEqual(new Array(3).fill(['/hook?a=1', 100]));
  });

  test('sends nothing more once its time is up', async () => {
    // The clock of the run, moved by the requests themselves.
    let now = 0;
    const { url, received } = await serve(() => {
      now += 10_000;
      return accept();
    });
    const load = plan(url, { connections: 1, schedule: { count: Infinity, durationMs: 60_000 } });
    const result = await runLoad(load, { now: () => now, signal: new AbortController().signal });
    expect(received).toHaveLength(6);
    expect(result).toMatchObject({ elapsedMs: 60_000, interrupted: false });
  });

  test('of an open loop says what was due and not sent when its time was up', async () => {
    let now = 0;
    const { url, received } = await serve(() => {
      now = 60_000;
      return accept();
    });
    const schedule = { count: Infinity, durationMs: 60_000, intervalMs: 10_000 };
    const load = plan(url, { connections: 1, schedule });
    const result = await runLoad(load, { now: () => now, signal: new AbortController().signal });
    expect(received).toHaveLength(1);
    expect(result.unsent).toBe(5);
  });
});

describe('answers', () => {
  test('of 200 are duplicates, of other statuses refusals counted by status with an example', async () => {
    const statuses = [202, 200, 400, 503, 503];
    const { url } = await serve((_request, index) => ({
      status: statuses[index] ?? 500,
      body: { title: `said ${statuses[index]}` },
    }));
    const load = plan(url, { connections: 1, schedule: { count: 5 } });
    const result = await run(load);
    expect(reportOf(load, result)).toMatchObject({
      accepted: 1,
      duplicates: 1,
      refused: 3,
      errors: {
        400: { messages: 1, example: '{"title":"said 400"}' },
        503: { messages: 2, example: '{"title":"said 503"}' },
      },
    });
    expect(exitCodeOf(result)).toBe(3);
  });

  test('of a batch count each of its results', async () => {
    const results = ['accepted', 'duplicate', 'invalid', 'conflict', 'unavailable', 'accepted'];
    const { url, received } = await serve((request) => batchReply(request, (index) => results[index] ?? 'accepted'));
    const load = plan(url, { connections: 2, schedule: { batch: 6, count: 15 } });
    const result = await run(load);
    expect(idsOf(received).toSorted()).toEqual(expectedIds(15));
    expect(received.map(({ path }) => path)).toEqual(['/messages', '/messages', '/messages']);
    // Two full batches, and one of three: accepted, duplicate, invalid.
    expect(reportOf(load, result)).toMatchObject({
      requests: 3,
      messages: 15,
      accepted: 5,
      duplicates: 3,
      refused: 7,
      errors: { invalid: { messages: 3 }, conflict: { messages: 2 }, unavailable: { messages: 2 } },
    });
  });

  test('of a batch that say nothing of its messages refuse all of them', async () => {
    const replies: Reply[] = [
      { status: 503, body: { title: 'full' } },
      { status: 202, body: { results: [] } },
    ];
    const { url } = await serve((_request, index) => replies[index] ?? { status: 500 });
    const load = plan(url, { connections: 1, schedule: { batch: 10, count: 20 } });
    const result = await run(load);
    expect(reportOf(load, result)).toMatchObject({
      accepted: 0,
      refused: 20,
      errors: { 503: { messages: 10 }, unreadable: { messages: 10 } },
    });
    expect(exitCodeOf(result)).toBe(1);
  });

  test('that never come are counted by the error, and the run goes on', async () => {
    const { url, received } = await serve((_request, index) => ({ status: 202, drop: index === 3 }));
    const load = plan(url, { connections: 1, schedule: { count: 6 } });
    const result = await run(load);
    expect(received).toHaveLength(6);
    expect(reportOf(load, result)).toMatchObject({
      messages: 6,
      accepted: 5,
      refused: 1,
      errors: { UND_ERR_SOCKET: { messages: 1 } },
    });
    expect(result.tally.latency.count).toBe(5);
    expect(exitCodeOf(result)).toBe(3);
  });
});

describe('a run that cannot go on', () => {
  test('is given up when nothing listens there', async () => {
    const result = await run(plan(await closedPortUrl(), { schedule: { count: 1_000_000 } }));
    expect(result.unreachable).toBe('ECONNREFUSED');
    expect(result.tally.messages).toBeLessThan(100);
    expect(exitCodeOf(result)).toBe(1);
  });

  test('stops sending when it is interrupted and keeps what it has', async () => {
    const controller = new AbortController();
    const { url, received } = await serve((_request, index) => {
      if (index === 20) controller.abort();
      return accept();
    });
    const result = await run(plan(url, { schedule: { count: 1_000_000 } }), controller.signal);
    expect(result.interrupted).toBe(true);
    expect(result.tally.accepted).toBe(received.length);
  });

  test('gives up requests that are not answered after an interruption', async () => {
    const controller = new AbortController();
    const { url } = await serve((_request, index) => {
      if (index === 0) controller.abort();
      return new Promise<Reply>(() => {});
    });
    const load = plan(url, { connections: 1, schedule: { count: 10 } });
    const result = await runLoad(load, { now: () => 0, signal: controller.signal, giveUpAfterMs: 1 });
    expect(result.tally).toMatchObject({ messages: 1, accepted: 0, answered: 0 });
    expect(result.interrupted).toBe(true);
  });

  test('sends nothing when it was interrupted before it began', async () => {
    const { url, received } = await serve(accept);
    const result = await run(plan(url), AbortSignal.abort());
    expect(result.tally.requests).toBe(0);
    expect(received).toHaveLength(0);
    expect(result.interrupted).toBe(true);
  });
});
