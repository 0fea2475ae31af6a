import { describe, expect, test } from '@jest/globals';
import { anEntry, type EntryOverrides } from '@millrace/core/testing';
import { startHttpServer } from './support/http-server.ts';
import { closeAfterEach } from './support/resources.ts';
import { LONG_MS, makeTarget } from './support/target.ts';

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const TRACEPARENT = `00-${TRACE_ID}-00f067aa0ba902b7-01`;

const opened = closeAfterEach();

/** The values of `traceparent` that the target gets in so many attempts. */
async function traceparents(overrides: EntryOverrides, attempts = 1): Promise<string[]> {
  const server = opened(await startHttpServer());
  const target = opened(makeTarget());
  const entry = anEntry({ targetUrl: `${server.url}/hooks`, ...overrides });
  for (let attempt = 0; attempt < attempts; attempt++) await target.send(entry, LONG_MS);
  expect(server.received).toHaveLength(attempts);
  return server.received.flatMap(({ rawHeaders }) =>
    rawHeaders.filter((_, index) => rawHeaders[index - 1]?.toLowerCase() === 'traceparent' && index % 2 === 1),
  );
}

describe('a request to a target', () => {
  test('is a span of its own below the request that brought the message, in each attempt', async () => {
    const [first, second, ...others] = await traceparents({ traceparent: TRACEPARENT }, 2);
    expect(others).toEqual([]);
    const span = new RegExp(`^00-${TRACE_ID}-([0-9a-f]{16})-01$`);
    expect(first).toMatch(span);
    expect(second).toMatch(span);
    expect(new Set([first, second, TRACEPARENT]).size).toBe(3);
  });

  test('has no trace when its message has none', async () => {
    expect(await traceparents({})).toEqual([]);
  });

  test('keeps the traceparent that the message has among its own headers', async () => {
    const own = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-00`;
    expect(await traceparents({ traceparent: TRACEPARENT, headers: [['TraceParent', own]] })).toEqual([own]);
  });
});
