/** The whole system with secrets in everything that clients and targets hand it: none of them is told anywhere. */

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ATTEMPT_COLUMNS, METRICS } from '@millrace/core';
import { loadUpConfig } from '../src/up/config.ts';
import { createLogger } from '../src/up/logger.ts';
import { type System, startSystem } from '../src/up/system.ts';
import { parsePrometheus } from './support/prometheus-text.ts';
import { until } from './support/until.ts';

/** Found again wherever it gets to, also in part. */
const CANARY = 'c4n4ry';
const SECRET = `${CANARY}-S3cr3t`;
const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

let folder: string;
let system: System | undefined;
let target: Server;
let targetUrl: string;
/** Everything that was told: by name of where, for a failure to say. */
let told: Map<string, string>;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'millrace-test-'));
  told = new Map();
  // Sends back what it got, as many an error page does.
  target = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString();
    const status = Number(/status=(\d+)/.exec(request.url ?? '')?.[1]);
    response.writeHead(status, { 'x-debug': SECRET }).end(`${request.url} ${JSON.stringify(request.headers)} ${body}`);
  });
  await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
  targetUrl = `http://127.0.0.1:${(target.address() as AddressInfo).port}`;
});
afterEach(async () => {
  await system?.stop();
  target.closeAllConnections();
  await new Promise((resolve) => target.close(resolve));
  await rm(folder, { recursive: true });
});

const message = (messageId: string, url: string) => ({
  ...{ messageId, senderId: 'billing', timestamp: '2026-11-22T10:00:00Z', retry: { maxAttempts: 2 } },
  targetUrl: url,
  headers: { authorization: `Bearer ${SECRET}`, cookie: SECRET, 'x-api-key': SECRET },
  body: JSON.stringify({ card: SECRET }),
});

async function post(url: string, body: string): Promise<number> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${SECRET}`, traceparent: TRACEPARENT };
  const response = await fetch(url, { method: 'POST', headers, body });
  told.set(`answer ${told.size}`, await response.text());
  return response.status;
}

/** The lines of the attempt log, as any program can read them. */
async function attemptLog(): Promise<{ text: string; lines: Record<string, unknown>[] }> {
  const names = await readdir(path.join(folder, 'objects', 'attempts'), { recursive: true }).catch(() => []);
  const files = names.filter((name) => name.endsWith('.gz'));
  const texts = await Promise.all(files.map((name) => readFile(path.join(folder, 'objects', 'attempts', name))));
  const text = texts.map((bytes) => gunzipSync(bytes).toString()).join('');
  return {
    text,
    lines: text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line)),
  };
}

test('secrets in headers, bodies, paths, queries and keys are in no log, metric, attempt log or error', async () => {
  const logged: string[] = [];
  const env = {
    MILLRACE_ALLOW_HTTP: 'true',
    MILLRACE_ALLOWED_PRIVATE_CIDRS: '127.0.0.0/8',
    MILLRACE_LOG_LEVEL: 'trace',
  };
  const log = createLogger('trace', { write: (line) => logged.push(line) });
  system = await startSystem(loadUpConfig({ data: folder, port: '0' }, env), '1.2.3', log);
  const { url } = system;

  const query = `key=${SECRET}`;
  const targets = [
    [`${targetUrl}/${SECRET}?status=200&${query}`, 'fine'],
    [`${targetUrl}/${SECRET}?status=410&${query}`, 'gone'],
    [`${targetUrl}/${SECRET}?status=500&${query}`, 'broken'],
    [`http://127.0.0.1:1/${SECRET}?${query}`, 'nobody-there'],
    [`http://does-not-exist.invalid/${SECRET}?${query}`, 'no-such-host'],
  ] as const;
  for (const [to, id] of targets) expect(await post(`${url}/message`, JSON.stringify(message(id, to)))).toBe(202);
  const first = JSON.stringify(message('fine', targets[0][0]));
  expect(await post(`${url}/message`, first)).toBe(200);
  expect(await post(`${url}/message`, first.replace('"body":"', '"body":"x'))).toBe(409);
  expect(await post(`${url}/message`, `{"body": "${SECRET}" ${SECRET}`)).toBe(400);
  expect(await post(`${url}/message`, JSON.stringify({ ...message('m', targetUrl), body: { card: SECRET } }))).toBe(
    400,
  );
  const wrongHeaders = { ...message('m', targetUrl).headers, 'x-broken': `${SECRET}\n`, 'x-number': [SECRET] };
  expect(await post(`${url}/message`, JSON.stringify({ ...message('m', targetUrl), headers: wrongHeaders }))).toBe(400);
  expect(await post(`${url}/nowhere?${query}`, SECRET)).toBe(404);

  const count = async () => (await (await fetch(`${url}/stats`)).json()) as { waiting: number };
  await until('all has ended', async () => (await count()).waiting === 0);
  told.set('metrics', await (await fetch(`${url}/metrics`)).text());
  told.set('readiness', await (await fetch(`${url}/health/ready`)).text());
  await system.stop();
  system = undefined;

  const { text, lines } = await attemptLog();
  told.set('attempt log', text);
  told.set('log', logged.join(''));
  for (const [where, what] of told)
    expect({ where, holds: what.toLowerCase().includes(CANARY) }).toEqual({ where, holds: false });

  // And yet all is told that should be.
  expect(lines).toHaveLength(8);
  for (const line of lines) expect(Object.keys(line)).toEqual([...ATTEMPT_COLUMNS]);
  expect(lines.map(({ error_class }) => error_class).sort()).toEqual(
    ['connection', 'connection', 'dns', 'dns', 'http-4xx', 'http-5xx', 'http-5xx', null].sort(),
  );
  const events = logged.map((line) => JSON.parse(line) as { event: string; webhookId: string; traceId: string });
  expect(events.filter(({ event }) => event === 'dead-letter')).toHaveLength(4);
  const ids = Map.groupBy(events, ({ webhookId }) => webhookId);
  expect(ids.size).toBe(5);
  expect(new Set(events.map(({ traceId }) => traceId))).toEqual(new Set([TRACEPARENT.slice(3, 35)]));
  const families = parsePrometheus(told.get('metrics') ?? '');
  const sum = (name: string) => families.get(name)?.samples.reduce((all, { value }) => all + value, 0);
  expect([sum(METRICS.accepted.name), sum(METRICS.delivered.name), sum(METRICS.deadLettered.name)]).toEqual([5, 1, 4]);
  expect([sum(METRICS.retried.name), sum(METRICS.attempts.name)]).toEqual([3, 8]);
});
