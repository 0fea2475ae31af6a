import { describe, expect, test } from '@jest/globals';
import { anEntry } from '@millrace/core/testing';
import type { ExchangeTimings } from '../src/exchange-timings.ts';
import { startStopwatch } from '../src/exchange-timings.ts';
import { startHttpServer } from './support/http-server.ts';
import { closeAfterEach } from './support/resources.ts';
import { LONG_MS, makeTarget } from './support/target.ts';

const opened = closeAfterEach();

async function measure(url: string, body = 'hello', deadlineMs = LONG_MS) {
  const target = opened(makeTarget());
  const timings: ExchangeTimings[] = [];
  const outcome = await target.send(anEntry({ targetUrl: url, body }), deadlineMs, undefined, (measured) =>
    timings.push(measured),
  );
  expect(timings).toHaveLength(1);
  return { outcome, timings: timings[0] as ExchangeTimings };
}

describe('the timings of an exchange', () => {
  test('are told once, before the outcome, in the order in which its parts come, with the bytes of both bodies', async () => {
    const server = opened(await startHttpServer((response) => response.end('abc')));
    const { outcome, timings } = await measure(`${server.url}/hooks`);
    expect(outcome).toMatchObject({ kind: 'response', statusCode: 200 });
    const { connectMs, firstByteMs, totalMs, requestBytes, responseBytes } = timings;
    expect(connectMs).toBeGreaterThan(0);
    expect(firstByteMs).toBeGreaterThanOrEqual(connectMs ?? Number.NaN);
    expect(totalMs).toBeGreaterThanOrEqual(firstByteMs ?? Number.NaN);
    const [received] = server.received;
    expect({ requestBytes, responseBytes }).toEqual({ requestBytes: 5, responseBytes: 3 });
    expect(received?.body).toEqual(Buffer.from('hello'));
  });

  test('of a target that is not there have no connection, and no bytes', async () => {
    const { timings } = await measure('http://127.0.0.1:1/hooks');
    expect(timings).toMatchObject({ connectMs: null, firstByteMs: null, requestBytes: 0, responseBytes: 0 });
    expect(timings.totalMs).toBeGreaterThan(0);
  });

  test('of a request that cannot be made are told too', async () => {
    const target = opened(makeTarget());
    const timings: ExchangeTimings[] = [];
    const entry = anEntry({ headers: [['connection', 'upgrade']] });
    await target.send(entry, LONG_MS, undefined, (measured) => timings.push(measured));
    expect(timings).toMatchObject([{ connectMs: null, firstByteMs: null }]);
  });
});

describe('a stopwatch', () => {
  test('reads milliseconds since its start, and the last of several starts of the request', () => {
    let now = 100;
    const stopwatch = startStopwatch(7, () => now);
    expect(stopwatch.read(0)).toEqual({
      connectMs: null,
      firstByteMs: null,
      totalMs: 0,
      requestBytes: 0,
      responseBytes: 0,
    });
    now = 105;
    stopwatch.started();
    now = 110;
    stopwatch.started();
    now = 120;
    stopwatch.answered();
    now = 130;
    expect(stopwatch.read(3)).toEqual({
      connectMs: 10,
      firstByteMs: 20,
      totalMs: 30,
      requestBytes: 7,
      responseBytes: 3,
    });
  });
});
