import { describe, expect, test } from '@jest/globals';
import { createLogLines, StoreUnavailableError, webhookId } from '@millrace/core';
import { createRecordingMetrics } from '@millrace/core/testing';
import { createBooksCheck } from '../src/books-check.ts';
import { observeApi } from '../src/index.ts';
import { type ApiOptions, startApi } from './support/api.ts';
import { messageJson } from './support/messages.ts';

const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const TRACE_ID = TRACEPARENT.slice(3, 35);

async function setUp(options: ApiOptions = {}) {
  const lines: Record<string, unknown>[] = [];
  const take = (level: string) => (fields: object) => void lines.push({ level, ...fields });
  const log = createLogLines({
    isLevelEnabled: () => true,
    ...{ debug: take('debug'), info: take('info'), warn: take('warn'), error: take('error') },
  });
  const metrics = createRecordingMetrics();
  const api = await startApi({ ...observeApi(log, metrics), ...options });
  const post = (body: unknown, headers: Record<string, string> = {}, path = '/message') =>
    api.app.request(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  return { ...api, lines, metrics, post };
}

describe('what the API does', () => {
  test('is a line for each message, with its correlation id, and counted', async () => {
    const { post, lines, metrics, store } = await setUp();
    const message = messageJson();
    await post(message);
    await post(message);
    await post({ ...message, body: 'other' });
    await post({ ...message, method: 'HEAD' });
    const [view] = await store.get({ messageId: message.messageId });
    const id = view && webhookId(view.identity);
    expect(lines).toMatchObject([
      { level: 'debug', event: 'message.accepted', webhookId: id },
      { level: 'debug', event: 'message.duplicate', webhookId: id },
      { level: 'info', event: 'message.conflict', webhookId: id },
    ]);
    expect([metrics.total('accepted'), metrics.total('duplicates')]).toEqual([1, 1]);
    expect([metrics.total('refused', { result: 'conflict' }), metrics.total('refused', { result: 'invalid' })]).toEqual(
      [1, 1],
    );
  });

  test('is counted for each message of a batch', async () => {
    const { post, metrics } = await setUp();
    const messages = [messageJson(), messageJson({ messageId: 'other' }), { messageId: 'wrong' }];
    expect((await post({ messages }, {}, '/messages')).status).toBe(207);
    expect([metrics.total('accepted'), metrics.total('refused')]).toEqual([2, 1]);
  });

  test('is an error of the store when that cannot take messages, or cannot be asked', async () => {
    const unavailable = () => Promise.reject(new StoreUnavailableError('the disk is full'));
    const { post, app, lines, metrics } = await setUp({ faults: { accept: unavailable, counts: unavailable } });
    expect((await post(messageJson())).status).toBe(503);
    expect((await app.request('/stats')).status).toBe(503);
    expect(metrics.total('storeErrors', { part: 'api' })).toBe(2);
    expect(metrics.total('refused', { result: 'unavailable' })).toBe(1);
    expect(lines).toMatchObject([{ event: 'message.unavailable' }]);
  });

  test('is reported when nobody expected it', async () => {
    const { app, lines } = await setUp({ faults: { counts: () => Promise.reject(new Error('no such table')) } });
    expect((await app.request('/stats')).status).toBe(500);
    expect(lines).toMatchObject([{ level: 'error', event: 'request.failed', error: { message: 'no such table' } }]);
  });
});

describe('a traceparent of a request', () => {
  test.each(['/message', '/messages'])('is kept with its messages, and in the log: %s', async (path) => {
    const { post, store, lines } = await setUp();
    const message = messageJson();
    await post(path === '/message' ? message : { messages: [message] }, { traceparent: TRACEPARENT }, path);
    expect((await store.take(10)).entries).toMatchObject([{ traceparent: TRACEPARENT }]);
    expect(lines).toMatchObject([{ event: 'message.accepted', traceId: TRACE_ID }]);
  });

  test.each(['', 'nonsense', `${TRACEPARENT}-x`, `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`])(
    'that is none is ignored: %p',
    async (traceparent) => {
      const { post, store } = await setUp();
      expect((await post(messageJson(), { traceparent })).status).toBe(202);
      const [entry] = (await store.take(10)).entries;
      expect(entry).not.toHaveProperty('traceparent');
    },
  );

  test('is no content of a message: a repeat with another one is a repeat', async () => {
    const { post } = await setUp();
    const message = messageJson();
    expect((await post(message, { traceparent: TRACEPARENT })).status).toBe(202);
    expect((await post(message, { traceparent: TRACEPARENT.replace('4b', '5b') })).status).toBe(200);
    expect((await post(message)).status).toBe(200);
  });
});

describe('GET /metrics', () => {
  const metrics = { contentType: 'text/plain; version=0.0.4; charset=utf-8', render: () => Promise.resolve('a 1\n') };

  test('answers the metrics as text', async () => {
    const { app } = await setUp({ metrics });
    const response = await app.request('/metrics');
    expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual([
      200,
      metrics.contentType,
      'a 1\n',
    ]);
  });

  test('is for callers that may read, and act for all senders', async () => {
    const statusFor = async (callerOf: ApiOptions['callerOf']) => {
      const { app } = await setUp({ metrics, ...(callerOf && { callerOf }) });
      return (await app.request('/metrics')).status;
    };
    expect(await statusFor(() => ({ name: 'a', senders: 'all', scopes: ['read'] }))).toBe(200);
    expect(await statusFor(() => ({ name: 'a', senders: 'all', scopes: ['send'] }))).toBe(403);
    expect(await statusFor(() => ({ name: 'a', senders: ['billing'], scopes: ['read'] }))).toBe(403);
  });

  test('is not there where there are none', async () => {
    const { app } = await setUp();
    expect((await app.request('/metrics')).status).toBe(404);
  });

  test('says that the store cannot be asked now', async () => {
    const render = () => Promise.reject(new StoreUnavailableError('the database thread failed'));
    const { app } = await setUp({ metrics: { ...metrics, render } });
    expect((await app.request('/metrics')).status).toBe(503);
  });
});

describe('the check of the books on AWS', () => {
  const NOW = 1_000_000_000_000;
  const check = (report: { asOf?: number; missing?: number; overdue?: number } | undefined) =>
    createBooksCheck(() => Promise.resolve(report && { asOf: NOW, missing: 0, overdue: 0, ...report }), {
      now: () => NOW,
    })();

  test('finds nothing wrong with books that add up, and with books that were never looked at', async () => {
    expect(await check({ asOf: NOW - 60 * 60_000 })).toEqual([]);
    expect(await check(undefined)).toEqual([]);
  });

  test.each([
    ['the accounting, when it does not run any more', { asOf: NOW - 151 * 60_000 }, 'accounting', /151 minutes/],
    ['the accounting, when messages are missing', { missing: 2 }, 'accounting', /2 messages/],
    ['delivery, when messages do not move', { overdue: 3 }, 'delivery', /3 messages/],
  ])('names %s', async (_, report, part, detail) => {
    expect(await check(report)).toEqual([{ part, detail: expect.stringMatching(detail) }]);
  });

  test('says that it cannot read what was found', async () => {
    const failing = createBooksCheck(() => Promise.reject(new Error('throttled')), { now: () => NOW });
    expect(await failing()).toEqual([{ part: 'accounting', detail: 'throttled' }]);
  });
});
