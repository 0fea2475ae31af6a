import { hash } from 'node:crypto';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { LIMITS } from '@millrace/core';
import { runCli } from './support/run-cli.ts';
import { type Answer, problem, type ScriptedServer, startScriptedServer } from './support/scripted-server.ts';

const ACCEPTED = { messageId: 'order-42', senderId: 'billing', status: 'QUEUED', duplicate: false };
const TO = ['--to', 'https://partner.example/hooks', '--sender', 'billing'];
const BYTES = Buffer.alloc(LIMITS.requestBytes + 1, 'abcdefghijk');
const PAYLOAD_ID = `sha256-${hash('sha256', BYTES)}`;

let folder: string;
let file: string;
let server: ScriptedServer;
/** What is said to the PUT of the body, one answer a try; 200 when there is none. */
let putAnswers: Answer[];

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'millrace-send-'));
  file = path.join(folder, 'big.bin');
  await writeFile(file, BYTES);
  putAnswers = [];
  server = await startScriptedServer(({ method, path: at, body }) => {
    if (method === 'PUT') return putAnswers.shift() ?? { status: 200, json: {} };
    if (at === '/message') return { status: 202, json: ACCEPTED };
    const { size } = JSON.parse(body.toString()) as { size: number };
    const headers = { 'content-length': String(size), 'x-amz-checksum-sha256': 'abc' };
    return { status: 201, json: { payloadId: PAYLOAD_ID, uploadUrl: `${server.url}/put/here?a=b`, headers } };
  });
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

const send = (options: Parameters<typeof runCli>[1] = {}, args: readonly string[] = []) =>
  runCli(['send', '--url', server.url, ...TO, '--data', `@${file}`, ...args], options);
const seen = () => server.requests.map(({ method, path: at }) => `${method} ${at}`);

describe('send of a file that is larger than a request may be', () => {
  test('uploads it and sends a message that names it', async () => {
    const { code, stdout, stderr } = await send();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('accepted  order-42');
    expect(seen()).toEqual(['POST /payloads', 'PUT /put/here', 'POST /message']);
    const [begin, put, message] = server.requests;
    const sha256 = hash('sha256', BYTES);
    expect(JSON.parse(begin?.body.toString() ?? '')).toEqual({ senderId: 'billing', sha256, size: BYTES.length });
    expect(put?.body.equals(BYTES)).toBe(true);
    expect(put?.headers).toMatchObject({ 'content-length': String(BYTES.length), 'x-amz-checksum-sha256': 'abc' });
    expect(put?.headers['authorization']).toBeUndefined();
    expect(JSON.parse(message?.body.toString() ?? '')).toEqual({
      messageId: 'new-id',
      timestamp: '2026-11-22T10:00:00.000Z',
      senderId: 'billing',
      targetUrl: 'https://partner.example/hooks',
      payloadId: PAYLOAD_ID,
    });
  });

  test('shows how far it is to people, and to nobody else', async () => {
    const { stderr } = await send({ columns: 100 });
    expect(stderr).toMatch(/reading .*%/);
    expect((await send({}, ['--json'])).stderr).toBe('');
  });

  test('is made again, with a URL of its own, while it fails for a reason that can pass', async () => {
    putAnswers = [{ cut: true }, { status: 503, text: '<Error><Code>SlowDown</Code></Error>' }];
    const { code, sleeps } = await send();
    expect({ code, sleeps: sleeps.length }).toEqual({ code: 0, sleeps: 2 });
    expect(seen()).toEqual([
      ...['POST /payloads', 'PUT /put/here', 'POST /payloads', 'PUT /put/here', 'POST /payloads', 'PUT /put/here'],
      'POST /message',
    ]);
  });

  test('sends no message when it is refused, and says why', async () => {
    putAnswers = [{ status: 403, text: '<Error><Code>SignatureDoesNotMatch</Code></Error>' }];
    expect(await send()).toMatchObject({ code: 1, stderr: expect.stringContaining('SignatureDoesNotMatch') });
    putAnswers = [problem(400, { detail: 'the upload has other bytes' })];
    expect(await send()).toMatchObject({ code: 1, stderr: expect.stringContaining('the upload has other bytes') });
    expect(seen()).not.toContain('POST /message');
  });

  test('is done for one that only its escapes make too large', async () => {
    await writeFile(file, Buffer.alloc(2_000_000, '\u0001'));
    expect(await send()).toMatchObject({ code: 0 });
    expect(seen()).toContain('PUT /put/here');
  });

  test('is refused for one that no body may be, before anything is sent', async () => {
    await truncate(file, LIMITS.payloadBytes + 1);
    expect(await send()).toMatchObject({ code: 2, stderr: expect.stringContaining('larger than the 104857600 bytes') });
    expect(seen()).toEqual([]);
  });
});
