import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Interrupt } from '../src/io.ts';
import { runCli } from './support/run-cli.ts';
import {
  type Answer,
  problem,
  type Script,
  type ScriptedServer,
  startScriptedServer,
} from './support/scripted-server.ts';

const ACCEPTED = { messageId: 'order-42', senderId: 'billing', status: 'QUEUED', duplicate: false };
const TO = ['--to', 'https://partner.example/hooks', '--sender', 'billing'];

let server: ScriptedServer;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-send-'));
});
afterEach(async () => {
  rmSync(folder, { recursive: true });
  await server.close();
});

async function startServer(script: Script = () => accepted()) {
  server = await startScriptedServer(script);
}

function accepted(fields: Partial<typeof ACCEPTED> = {}): Answer {
  return { status: 202, json: { ...ACCEPTED, ...fields } };
}

function send(args: readonly string[], options: Parameters<typeof runCli>[1] = {}) {
  return runCli(['send', '--url', server.url, ...args], options);
}

describe('send of one message', () => {
  test('needs a target and a sender only: the id is random and the timestamp is now', async () => {
    await startServer();
    const { code, stderr } = await send(TO);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(server.requests.map(({ method, path }) => `${method} ${path}`)).toEqual(['POST /message']);
    expect(server.bodies()).toEqual([
      {
        messageId: 'new-id',
        timestamp: '2026-11-22T10:00:00.000Z',
        senderId: 'billing',
        targetUrl: 'https://partner.example/hooks',
      },
    ]);
  });

  test('sends every flag in its field, headers in their spelling', async () => {
    await startServer();
    const flags = ['--id', 'order-42', '--timestamp', '2026-11-22T11:00:00.5+01:00', '--method', 'put'];
    const headers = ['--header', 'Content-Type: text/plain', '--header', 'X-Y:a: b '];
    const plan = ['--max-attempts', '7', '--expires-at', '2026-11-23T10:00:00Z'];
    await send([...TO, ...flags, ...headers, ...plan, '--data', 'h\u00e9llo']);
    expect(server.bodies()).toEqual([
      {
        messageId: 'order-42',
        timestamp: '2026-11-22T11:00:00.5+01:00',
        senderId: 'billing',
        targetUrl: 'https://partner.example/hooks',
        method: 'PUT',
        headers: { 'Content-Type': 'text/plain', 'X-Y': 'a: b' },
        body: 'h\u00e9llo',
        retry: { maxAttempts: 7 },
        expiresAt: '2026-11-23T10:00:00Z',
      },
    ]);
  });

  test('sends a header of any name, even of one that objects have already', async () => {
    await startServer();
    await send([...TO, '--header', '__proto__: x']);
    expect(server.requests[0]?.body.toString()).toContain('"headers":{"__proto__":"x"}');
  });

  test('takes the body from a file, as text with its byte order mark when it is UTF-8', async () => {
    await startServer();
    const file = join(folder, 'body.txt');
    writeFileSync(file, '\ufeffline 1\r\nline 2');
    await send([...TO, '--data', `@${file}`]);
    expect(server.bodies()).toMatchObject([{ body: '\ufeffline 1\r\nline 2' }]);
    expect(server.bodies()).not.toHaveProperty('0.bodyEncoding');
  });

  test('takes the body from standard input, as base64 when it is not UTF-8', async () => {
    await startServer();
    const bytes = Buffer.from([0xff, 0x00, 0xc3, 0x28]);
    async function* stdin() {
      yield bytes.subarray(0, 2);
      yield await Promise.resolve(bytes.subarray(2));
    }
    await send([...TO, '--data', '-'], { stdin: stdin() });
    expect(server.bodies()).toMatchObject([{ body: bytes.toString('base64'), bodyEncoding: 'base64' }]);
  });

  test('says what was accepted, for people and for programs', async () => {
    await startServer();
    const human = await send([...TO, '--id', 'order-42']);
    expect(human.stdout).toBe('accepted  order-42  sender billing  QUEUED\n');
    const json = await send([...TO, '--id', 'order-42', '--json']);
    expect(JSON.parse(json.stdout)).toEqual({
      ...ACCEPTED,
      timestamp: '2026-11-22T10:00:00.000Z',
      targetUrl: 'https://partner.example/hooks',
    });
  });

  test('calls a repeat a duplicate, and succeeds', async () => {
    await startServer(() => ({ status: 200, json: { ...ACCEPTED, status: 'SUCCESS', duplicate: true } }));
    const { code, stdout } = await send(TO);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'duplicate  order-42  sender billing  SUCCESS\n' });
  });

  test('lists every problem of a message that is refused, and adds the document as it came with --json', async () => {
    const problems = [
      { path: '$.targetUrl', message: 'is "x"', expected: 'an absolute URL' },
      { path: '$.senderId', message: 'is\u001b[31m empty' },
    ];
    const title = 'The request is not valid';
    await startServer(() => problem(400, { type: 'invalid', title, detail: '$.targetUrl is "x"', problems }));
    const human = await send(TO);
    const lines = [
      'millrace: The request is not valid (HTTP 400)',
      '  $.targetUrl is "x"; expected an absolute URL',
      '  $.senderId is empty',
      '',
    ];
    expect(human).toMatchObject({ code: 1, stdout: '', stderr: lines.join('\n') });

    const json = await send([...TO, '--json']);
    const [document = '', ...rest] = json.stderr.split('\n');
    expect(JSON.parse(document)).toMatchObject({ type: 'invalid', problems });
    expect(rest).toEqual(lines);
    expect(json.stdout).toBe('');
  });

  test('does not repeat a request that was refused', async () => {
    await startServer(() => problem(409, { type: 'conflict', title: 'Conflict', detail: 'other content' }));
    const { code, stderr, sleeps } = await send(TO);
    expect({ code, stderr, sleeps }).toEqual({ code: 1, stderr: 'millrace: other content (HTTP 409)\n', sleeps: [] });
    expect(server.requests).toHaveLength(1);
  });

  test('repeats the same message while the server cannot store it, no sooner than the server asks for', async () => {
    await startServer((_request, number) =>
      number < 3 ? problem(503, { title: 'Unavailable' }, number === 1 ? { 'retry-after': '7' } : {}) : accepted(),
    );
    const { code, sleeps } = await send(TO);
    expect({ code, sleeps }).toEqual({ code: 0, sleeps: [250, 7_000, 1_000] });
    expect(new Set(server.requests.map(({ body }) => body.toString())).size).toBe(1);
  });

  test('gives up after --retry-for, and fails with the last answer', async () => {
    await startServer(() => problem(503, { title: 'Unavailable', detail: 'the disk is full' }));
    const { code, stderr, sleeps } = await send([...TO, '--retry-for', '1']);
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'millrace: the disk is full (HTTP 503)\n' });
    expect(sleeps).toEqual([250, 500]);
    expect(server.requests).toHaveLength(3);
  });

  test('tells how to repeat a message safely when its answer was lost', async () => {
    await startServer(() => ({ cut: true }));
    const { code, stderr } = await send([...TO, '--retry-for', '0']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^millrace: no answer from http:\/\/127\.0\.0\.1:\d+: .+ it may have been stored: /);
    expect(stderr).toContain('--id new-id --timestamp 2026-11-22T10:00:00.000Z\n');
  });

  test('stays unsure about a lost answer when the repeat is refused', async () => {
    await startServer((_request, number) => (number === 0 ? { cut: true } : problem(401, { title: 'No' })));
    const { code, stderr } = await send(TO);
    expect(code).toBe(1);
    expect(stderr).toContain('No (HTTP 401); set MILLRACE_KEY');
    expect(stderr).toContain('it may have been stored');
  });

  test('fails at once when nothing listens, unless --retry-for is given', async () => {
    await startServer();
    await server.close();
    const hasty = await send(TO);
    expect(hasty).toMatchObject({ code: 1, sleeps: [] });
    expect(hasty.stderr).toBe(
      `millrace: cannot reach ${server.url}: connection refused; start one with: millrace up\n`,
    );
    const patient = await send([...TO, '--retry-for', '1']);
    expect(patient).toMatchObject({ code: 1, sleeps: [250, 500], stderr: hasty.stderr });
    await startServer();
  });

  test('ends with 130 when it is interrupted while it waits', async () => {
    const controller = new AbortController();
    await startServer(() => problem(503, { title: 'Unavailable' }));
    const interrupt = () => controller.abort(new Interrupt('SIGINT'));
    const { code, stderr } = await send(TO, { signal: controller.signal, onSleep: interrupt });
    expect({ code, stderr }).toEqual({ code: 130, stderr: 'millrace: interrupted\n' });
    expect(server.requests).toHaveLength(1);
  });
});

describe('wrong usage of send', () => {
  test.each([
    [['--to', 'https://x.example'], 'send needs --to and --sender for one message, or --file for many'],
    [[...TO, '--file', 'x'], '--file cannot be used with --to: each line is a whole message'],
    [['--file', 'x', '--max-attempts', '3'], '--file cannot be used with --max-attempts: each line is a whole message'],
    [[...TO, '--data', '@/does/not/exist'], 'cannot read /does/not/exist: ENOENT'],
    [['--file', '/does/not/exist'], 'cannot read --file: ENOENT'],
    [['--file', '/'], 'cannot read --file: / is a folder'],
    [[...TO, '--header', 'no colon'], "Give it as 'name: value'."],
    [[...TO, '--header', 'a: 1', '--header', 'A: 2'], 'The header A is given twice; join its values with a comma.'],
    [[...TO, '--max-attempts', '0'], 'Give a whole number of at least 1.'],
    [[...TO, '--timestamp', 'yesterday'], 'Give it as RFC 3339 with an offset'],
  ])('%j is refused in one line before anything is sent', async (args, message) => {
    await startServer();
    const { code, stdout, stderr } = await send(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr.split('\n')).toEqual([expect.stringMatching(/^millrace: /), '']);
    expect(server.requests).toEqual([]);
  });

  test('a body larger than a request may be is refused before it is read to its end', async () => {
    await startServer();
    let read = 0;
    async function* endless() {
      for (;;) {
        read += 1;
        yield await Promise.resolve(new Uint8Array(1_048_576));
      }
    }
    const { code, stderr } = await send([...TO, '--data', '-'], { stdin: endless() });
    expect({ code, read }).toEqual({ code: 2, read: 7 });
    expect(stderr).toContain('standard input is larger than the 6291456 bytes');
  });
});
