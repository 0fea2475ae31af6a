import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createSigningSecret, formatSigningSecret, type SigningSecret, signBody } from '@millrace/core';
import fc from 'fast-check';
import { type CliOptions, runCli } from './support/run-cli.ts';

/** Seconds: the time of `runCli`. */
const NOW = Date.UTC(2026, 10, 22, 10) / 1_000;
const BODY = '{"total": 12.5}\n';

const secretNumber = (number: number): SigningSecret =>
  createSigningSecret((count) => new Uint8Array(count).fill(number));
const SECRET = formatSigningSecret(secretNumber(1));
const OTHER = formatSigningSecret(secretNumber(2));

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'millrace-verify-'));
});
afterEach(() => rm(folder, { recursive: true }));

interface Sent {
  readonly body?: string | Uint8Array;
  readonly timestamp?: number;
  readonly secrets?: readonly SigningSecret[];
}

/** The headers of a request as Millrace sends it. */
function headersOf({ body = BODY, timestamp = NOW, secrets = [secretNumber(1)] }: Sent = {}): Record<string, string> {
  return {
    'Content-Type': 'application/json',
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signBody(secrets, { id: 'msg_1', timestamp }, Buffer.from(body)),
  };
}

const flagsOf = (headers: Record<string, string>): string[] =>
  Object.entries(headers).flatMap(([name, value]) => ['--header', `${name}: ${value}`]);

/** Verifies with the secret of the environment. */
const verify = (args: readonly string[], options: CliOptions = {}) =>
  runCli(['verify', ...args], { env: { MILLRACE_SECRET: SECRET }, ...options });

/** Verifies a request whose body arrived as another than was sent. */
async function problemsOf(headers: Record<string, string>, body = BODY, args: readonly string[] = []) {
  const { code, stdout } = await verify([...flagsOf(headers), '--data', body, '--json', ...args]);
  const answer: { valid: boolean; problems: { check: string; problem: string }[] } = JSON.parse(stdout);
  expect(code).toBe(answer.valid ? 0 : 1);
  expect(answer.valid).toBe(answer.problems.length === 0);
  return answer.problems.map(({ check, problem }) => `${check}: ${problem}`);
}

async function fileOf(name: string, content: string | Uint8Array): Promise<string> {
  const file = path.join(folder, name);
  await writeFile(file, content);
  return file;
}

describe('verify', () => {
  test('finds a request valid whose headers and body it is given', async () => {
    const { code, stdout, stderr } = await verify([...flagsOf(headersOf()), '--data', BODY]);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'valid  msg_1\n', stderr: '' });
  });

  test('says so in JSON', async () => {
    const { stdout } = await verify([...flagsOf(headersOf()), '--data', BODY, '--json']);
    expect(JSON.parse(stdout)).toEqual({ valid: true, webhookId: 'msg_1', problems: [] });
  });

  test('reads the body from a file or standard input, byte for byte', async () => {
    const body = Buffer.from([0, 255, 10, 13, 0xc3]);
    const flags = flagsOf(headersOf({ body }));
    const file = await fileOf('body', body);
    expect(await verify([...flags, '--data', `@${file}`])).toMatchObject({ code: 0 });
    expect(await verify([...flags, '--data', '-'], { stdin: Readable.from([body]) })).toMatchObject({ code: 0 });
  });

  test('takes a request without a body', async () => {
    expect(await verify(flagsOf(headersOf({ body: '' })))).toMatchObject({ code: 0 });
  });

  test.each(['\r\n', '\n'])(
    'reads a captured request whose lines end in %j, with any bytes in its body',
    async (end) => {
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), fc.boolean(), async (body, hasRequestLine) => {
          const lines = Object.entries(headersOf({ body })).map(([name, value]) => `${name}: ${value}`);
          const head = [...(hasRequestLine ? ['POST /hooks HTTP/1.1'] : []), ...lines, '', ''].join(end);
          const file = await fileOf('captured', Buffer.concat([Buffer.from(head), body]));
          expect(await verify(['--request', file])).toMatchObject({ code: 0, stdout: 'valid  msg_1\n' });
        }),
        { numRuns: 100 },
      );
    },
  );

  test('takes the secret from a file, and any of several', async () => {
    const flags = [...flagsOf(headersOf()), '--data', BODY];
    const file = await fileOf('secret', `${OTHER}\n${SECRET}\n`);
    expect(await runCli(['verify', ...flags, '--secret-file', file])).toMatchObject({ code: 0 });
    const withBoth = { env: { MILLRACE_SECRET: `${OTHER} ${SECRET}` } };
    expect(await runCli(['verify', ...flags], withBoth)).toMatchObject({ code: 0 });
    // What the command line says counts more than the environment.
    const other = await fileOf('other', OTHER);
    expect(await verify([...flags, '--secret-file', other])).toMatchObject({ code: 1 });
  });

  test('finds a request of a rotation valid with either secret', async () => {
    const flags = [...flagsOf(headersOf({ secrets: [secretNumber(2), secretNumber(1)] })), '--data', BODY];
    for (const secret of [SECRET, OTHER]) {
      expect(await runCli(['verify', ...flags], { env: { MILLRACE_SECRET: secret } })).toMatchObject({ code: 0 });
    }
  });
});

describe('a request that is not valid', () => {
  test('is said to people with every check that failed', async () => {
    const headers = headersOf({ timestamp: NOW - 7_500, secrets: [secretNumber(2)] });
    const { code, stdout, stderr } = await verify([...flagsOf(headers), '--data', BODY]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(stdout).toBe(
      [
        'not valid  msg_1',
        '  timestamp  webhook-timestamp is too old: by 2 h 5 min, and 5 min are allowed',
        '  secret     the signature is of another secret: of another sender, or one that was rotated; or id, timestamp or body were changed',
        '',
      ].join('\n'),
    );
  });

  test('lacks headers: each is named', async () => {
    const { 'webhook-id': _id, 'webhook-signature': _signature, ...headers } = headersOf();
    expect(await problemsOf(headers)).toEqual([
      'headers: webhook-id is missing',
      'headers: webhook-signature is missing',
    ]);
  });

  test('is too old or from the future, by how much, unless more is allowed', async () => {
    expect(await problemsOf(headersOf({ timestamp: NOW - 301 }))).toEqual([
      'timestamp: webhook-timestamp is too old: by 5 min 1 s, and 5 min are allowed',
    ]);
    expect(await problemsOf(headersOf({ timestamp: NOW + 400 }))).toEqual([
      'timestamp: webhook-timestamp is in the future: by 6 min 40 s, and 5 min are allowed',
    ]);
    expect(await problemsOf(headersOf({ timestamp: NOW - 8 * 86_400 - 59 }))).toEqual([
      'timestamp: webhook-timestamp is too old: by 8 d 59 s, and 5 min are allowed',
    ]);
    expect(await problemsOf(headersOf({ timestamp: NOW - 3_600 }), BODY, ['--tolerance', '1h'])).toEqual([]);
    expect(await problemsOf(headersOf({ timestamp: NOW - 1 }), BODY, ['--tolerance', '0s'])).toEqual([
      'timestamp: webhook-timestamp is too old: by 1 s, and 0 s are allowed',
    ]);
  });

  test('has headers that cannot be read', async () => {
    const headers = { ...headersOf(), 'webhook-timestamp': 'today', 'webhook-signature': 'v0,abc' };
    expect(await problemsOf(headers)).toEqual([
      'timestamp: webhook-timestamp is not a whole number of seconds since 1970',
      'signature: webhook-signature holds no signature: expected v1, and the base64 of 32 bytes',
    ]);
  });

  test.each([
    ['without its line break', '{"total": 12.5}', 'with a line break at its end'],
    ['with another line break', `${BODY}\n`, 'without the line break at its end'],
    ['with white space around it', `  ${BODY.trim()} `, 'without the white space around it', BODY.trim()],
    ['with line ends of another kind', 'a\r\nb\r\n', 'with LF in place of CR LF', 'a\nb\n'],
    ['with line ends of the other kind', 'a\nb\n', 'with CR LF in place of LF', 'a\r\nb\r\n'],
    ['written anew, with white space', '{\n  "total": 12.5\n}', 'as JSON without white space', '{"total":12.5}'],
    ['written anew, without', '{"total":12.5}', 'as JSON that is indented by two', '{\n  "total": 12.5\n}'],
    ['in a string of JSON', '"{\\"a\\":1}"', 'with its escapes of JSON undone', '{"a":1}'],
  ])('has a body that was changed on the way: %s', async (_what, arrived, said, sent = BODY) => {
    expect(await problemsOf(headersOf({ body: sent }), arrived)).toEqual([
      `body: the body was changed: the signature is right for the body ${said}`,
    ]);
  });

  test('has a body of another length than it says', async () => {
    const headers = { ...headersOf(), 'Content-Length': String(BODY.length) };
    expect(await problemsOf(headers, '{"total": 13}')).toEqual([
      'body: the body has 13 bytes, but content-length says 16: it was changed, or cut',
    ]);
    expect(await problemsOf(headers, BODY.replace('2', '3'))).toEqual([
      expect.stringMatching(/^secret: .* or id, timestamp or body \(of the same length\) were changed$/),
    ]);
  });
});

describe('wrong usage of verify', () => {
  const flags = [...flagsOf(headersOf()), '--data', BODY];

  test.each<[string, readonly string[], CliOptions, string]>([
    ['no secret', flags, { env: {} }, 'verify needs a secret: set MILLRACE_SECRET, or give --secret-file'],
    [
      'what is no secret',
      flags,
      { env: { MILLRACE_SECRET: 'whsec_topsecret' } },
      'the secret of MILLRACE_SECRET is not whsec_ and the base64 of 24 to 64 bytes',
    ],
    [
      'one that is none of two',
      flags,
      { env: { MILLRACE_SECRET: `${SECRET} topsecret` } },
      'secret 2 of MILLRACE_SECRET is not',
    ],
    ['a file that is not there', [...flags, '--secret-file', '/does/not/exist'], {}, 'cannot read /does/not/exist'],
    ['no request', [], {}, 'verify needs --request, or --header and --data'],
    ['a request twice', [...flags, '--request', 'x'], {}, '--request cannot be used with --header or --data'],
    [
      'standard input twice',
      [...flags, '--data', '-', '--secret-file', '-'],
      {},
      'standard input can be read once only',
    ],
    ['a tolerance without a unit', [...flags, '--tolerance', '5'], {}, 'Give a length of time as 90s, 30m, 24h or 7d.'],
  ])('is %s', async (_what, args, options, message) => {
    const { code, stdout, stderr } = await verify(args, options);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr.split('\n')).toEqual([expect.stringContaining(message), '']);
    expect(stderr).not.toContain('topsecret');
  });

  test.each([
    ['POST / HTTP/1.1\nno header\n\nbody', 'line 2 is no header'],
    ['webhook-id: 1\nWebhook-Id: 2\n\n', 'the header webhook-id is there twice'],
    ['POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 'the captured body is in chunks'],
    ['', 'line 1 is no header'],
  ])('is a capture such as %j', async (capture, message) => {
    const { code, stderr } = await verify(['--request', await fileOf('captured', capture)]);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  test('is explained with examples and exit codes', async () => {
    const { code, stdout } = await runCli(['verify', '--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Examples:\n {2}# .+\n {2}.*millrace verify/m);
    expect(stdout).toContain('Exit codes: 0 done, 1 failed');
  });
});
