import { afterEach, describe, expect, test } from '@jest/globals';
import { runCli } from './support/run-cli.ts';
import { ok, problem, type ScriptedServer, startScriptedServer } from './support/scripted-server.ts';

const SECRETS = {
  senderId: 'billing',
  secrets: [
    {
      secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      createdAt: '2026-11-22T10:00:00.000Z',
      inForceUntil: null,
    },
    {
      secret: 'whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX',
      createdAt: '2026-11-01T10:00:00.000Z',
      inForceUntil: '2026-11-23T10:00:00.000Z',
    },
  ],
};

let server: ScriptedServer;
afterEach(() => server?.close());

describe('secret show', () => {
  test('prints the secrets in force, each whole whatever the width of the terminal', async () => {
    server = await startScriptedServer(() => ok(SECRETS));
    const { code, stdout, stderr } = await runCli(['secret', 'show', '--sender', 'a/b %', '--url', server.url], {
      env: { NO_COLOR: '1' },
      columns: 40,
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    // The tests run in the time zone of Kolkata.
    expect(stdout).toBe(
      [
        'SECRET                                  CREATED              IN FORCE UNTIL',
        'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw  2026-11-22 15:30:00  it is rotated',
        'whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX  2026-11-01 15:30:00  2026-11-23 15:30:00',
        '',
      ].join('\n'),
    );
    expect(server.requests.map(({ method, path }) => `${method} ${path}`)).toEqual(['GET /secrets/a%2Fb%20%25']);
  });

  test('prints the answer and nothing else with --json', async () => {
    server = await startScriptedServer(() => ok(SECRETS));
    const { stdout } = await runCli(['secret', 'show', '--sender', 'billing', '--json', '--url', server.url]);
    expect(JSON.parse(stdout)).toEqual(SECRETS);
  });

  test('says what the API refuses', async () => {
    server = await startScriptedServer(() =>
      problem(409, { type: 'conflict', detail: 'the secret signing-billing cannot be used: chmod 600 it' }),
    );
    const { code, stdout, stderr } = await runCli(['secret', 'show', '--sender', 'billing', '--url', server.url]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('the secret signing-billing cannot be used: chmod 600 it');
  });
});

describe('secret rotate', () => {
  test.each([
    [[], {}],
    [['--overlap', '0s'], { overlapSeconds: 0 }],
    [['--overlap', '90m'], { overlapSeconds: 5_400 }],
    [['--overlap', '7d'], { overlapSeconds: 604_800 }],
  ])('with %j asks for %j', async (flags, body) => {
    server = await startScriptedServer(() => ok(SECRETS));
    const { code, stdout } = await runCli(['secret', 'rotate', '--sender', 'billing', '--url', server.url, ...flags]);
    expect(code).toBe(0);
    expect(stdout).toContain('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
    expect(server.requests.map(({ method, path }) => `${method} ${path}`)).toEqual(['POST /secrets/billing/rotate']);
    expect(server.bodies()).toEqual([body]);
  });

  test('is not asked for again when no answer came: it may have been done', async () => {
    server = await startScriptedServer(() => ({ cut: true }));
    const { code } = await runCli(['secret', 'rotate', '--sender', 'billing', '--url', server.url]);
    expect(code).toBe(1);
    expect(server.requests).toHaveLength(1);
  });
});

describe('wrong usage of secret', () => {
  test.each([
    [['secret', 'show'], "required option '--sender <S>' not specified"],
    [['secret', 'rotate', '--sender', 'billing', '--overlap', '8d'], 'It is at most 7d.'],
    [['secret', 'rotate', '--sender', 'billing', '--overlap', '24'], 'Give a length of time as 90s, 30m, 24h or 7d.'],
    [['secret', 'shwo'], "unknown command 'shwo'"],
  ])('%j is said in one line', async (args, message) => {
    const { code, stdout, stderr } = await runCli(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr.split('\n')).toEqual([expect.stringContaining(message), '']);
  });

  test('secret alone explains itself', async () => {
    const { code, stderr } = await runCli(['secret']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^ {2}show .*\n {2}rotate /m);
  });
});
