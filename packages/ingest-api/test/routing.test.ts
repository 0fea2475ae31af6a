import { describe, expect, test } from '@jest/globals';
import { startApi } from './support/api.ts';
import { messageJson } from './support/messages.ts';

describe('GET /health', () => {
  test('answers 200 while the API is alive, even when the store does not work', async () => {
    const { client } = await startApi({ faults: { health: () => Promise.reject(new Error('gone')) } });
    expect(await client.get('/health')).toMatchObject({ status: 200, json: { status: 'ok' } });
  });
});

describe('GET /health/ready', () => {
  test('answers 200 when everything works', async () => {
    const { client } = await startApi({ readiness: () => Promise.resolve([]) });
    expect(await client.get('/health/ready')).toMatchObject({ status: 200, json: { status: 'ready' } });
  });

  test('answers 503 and names every part that does not', async () => {
    const full = { part: 'disk', detail: '0 KiB left' };
    const stalled = { part: 'delivery', detail: 'nothing moves' };
    const { client } = await startApi({
      faults: { health: () => Promise.resolve([full]) },
      readiness: () => Promise.resolve([stalled]),
    });
    const answer = await client.get('/health/ready');
    expect(answer).toMatchObject({ status: 503, json: { type: 'unavailable', parts: [full, stalled] } });
  });
});

describe('a path or method that is not there', () => {
  test.each(['/', '/messages/a/b', '/message/', '/health/', '/payloads/'])('answers %s with 404', async (path) => {
    const { client } = await startApi();
    expect(await client.get(path)).toMatchObject({ status: 404, json: { type: 'not-found' } });
    expect(await client.post(path, {})).toMatchObject({ status: 404, json: { type: 'not-found' } });
  });

  test.each([
    ['GET', '/message', 'POST, OPTIONS'],
    ['DELETE', '/messages', 'POST, GET, HEAD, OPTIONS'],
    ['POST', '/messages/a', 'GET, HEAD, OPTIONS'],
    ['PUT', '/messages/a/replay', 'POST, OPTIONS'],
    ['GET', '/replays', 'POST, OPTIONS'],
    ['GET', '/payloads', 'POST, OPTIONS'],
    ['POST', '/payloads/a', 'PUT, OPTIONS'],
    ['POST', '/health', 'GET, HEAD, OPTIONS'],
  ])('answers %s %s with 405 and what is allowed', async (method, path, allow) => {
    const { client } = await startApi();
    const answer = await client.request(method, path);
    expect(answer).toMatchObject({ status: 405, headers: { allow }, json: { type: 'unsupported' } });
    expect(await client.request('OPTIONS', path)).toMatchObject({ status: 204, headers: { allow }, text: '' });
  });

  test('answers HEAD as GET, without a body', async () => {
    const { client } = await startApi();
    expect(await client.request('HEAD', '/health')).toMatchObject({ status: 200, text: '' });
    expect(await client.request('HEAD', '/messages/a')).toMatchObject({ status: 404, text: '' });
    expect(await client.request('HEAD', '/message')).toMatchObject({ status: 405, text: '' });
  });
});

describe('CORS', () => {
  const origin = 'https://app.example';
  const accessHeaders = (headers: object) => Object.keys(headers).filter((name) => name.startsWith('access-control'));
  const preflight = {
    origin,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'content-type',
  };

  test('is off by default: no answer carries its headers', async () => {
    const { client } = await startApi();
    const answers = [
      await client.request('GET', '/health', { headers: { origin } }),
      await client.request('OPTIONS', '/message', { headers: preflight }),
      await client.request('POST', '/message', { headers: { origin } }),
    ];
    expect(answers.flatMap(({ headers }) => accessHeaders(headers))).toEqual([]);
  });

  test('lets pages of the configured origins in, also to read errors', async () => {
    const { client } = await startApi({ config: { corsOrigins: [origin, 'https://other.example'] } });
    const body = JSON.stringify(messageJson());
    const allowed = { 'access-control-allow-origin': origin };
    const headers = { origin, 'content-type': 'application/json' };
    expect(await client.request('OPTIONS', '/message', { headers: preflight })).toMatchObject({
      status: 204,
      headers: { ...allowed, 'access-control-allow-headers': 'authorization,content-type' },
    });
    expect(await client.request('POST', '/message', { headers, body })).toMatchObject({
      status: 202,
      headers: allowed,
    });
    expect(await client.request('POST', '/message', { headers })).toMatchObject({ status: 400, headers: allowed });
    expect(await client.request('GET', '/nowhere', { headers })).toMatchObject({ status: 404, headers: allowed });
  });

  test('names no origin to pages of others', async () => {
    const { client } = await startApi({ config: { corsOrigins: ['https://other.example'] } });
    const answer = await client.request('GET', '/health', { headers: { origin } });
    expect(answer.status).toBe(200);
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
  });

  test('lets every page in when the configuration says *', async () => {
    const { client } = await startApi({ config: { corsOrigins: '*' } });
    expect((await client.request('GET', '/health', { headers: { origin } })).headers).toMatchObject({
      'access-control-allow-origin': '*',
    });
  });
});
