import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { runCli } from './support/run-cli.ts';
import { type Answer, ok, type ScriptedServer, startScriptedServer } from './support/scripted-server.ts';

const EXIT_CODES = 'Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 done in part, 130 interrupted';
const STATS = { accepted: 0, succeeded: 0, failed: 0, waiting: 0, difference: 0 };
const CLIENT_COMMANDS = [
  'send',
  'status',
  'list',
  'dead-letters',
  'replay',
  'secret show',
  'secret rotate',
  'targets',
  'stats',
];

describe('the program', () => {
  test('lists its commands and exit codes in its help', async () => {
    const { code, stdout, stderr } = await runCli(['--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const command of [
      'up',
      'send',
      'status',
      'list',
      'dead-letters',
      'replay',
      'secret',
      'verify',
      'stats',
      'load',
    ])
      expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'));
    expect(stdout).toContain(EXIT_CODES);
  });

  test.each(CLIENT_COMMANDS)('%s explains itself with examples, exit codes and the common flags', async (command) => {
    const { code, stdout } = await runCli([...command.split(' '), '--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Examples:\n {2}# .+\n {2}.*millrace /m);
    expect(stdout).toContain(EXIT_CODES);
    for (const flag of ['--url <URL>', '--json']) expect(stdout).toContain(flag);
  });

  test('prints its version', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
    expect(await runCli(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  test('prints its help to stderr when it is given no command', async () => {
    const { code, stdout, stderr } = await runCli([]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('Usage: millrace');
  });

  test.each([
    [['sned'], "unknown command 'sned' (Did you mean send?)"],
    [['stats', '--jsno'], "unknown option '--jsno' (Did you mean --json?)"],
    [['stats', 'extra'], 'too many arguments'],
    [['status'], "missing required argument 'ID'"],
    [['list', '--limit'], "option '--limit <N>' argument missing"],
    [['stats', '--url', 'ftp://x'], '--url must be an http or https URL'],
    [['stats', '--url', 'localhost:8080'], '--url must be an http or https URL'],
    [['stats', '--url', 'http://user:secret@x.example'], 'put a key into MILLRACE_KEY'],
  ])('%j is wrong usage, said in one line', async (args, message) => {
    const { code, stdout, stderr } = await runCli(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr.split('\n')).toEqual([expect.stringMatching(/^millrace: (?!error)/), '']);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('secret');
  });
});

describe('the server', () => {
  let server: ScriptedServer;
  let answer: Answer;
  beforeEach(async () => {
    answer = ok(STATS);
    server = await startScriptedServer(() => answer);
  });
  afterEach(() => server.close());

  test('is named by --url, which may have a path, or by MILLRACE_URL', async () => {
    await runCli(['stats'], { env: { MILLRACE_URL: server.url } });
    await runCli(['stats', '--url', `${server.url}/under/here/`], { env: { MILLRACE_URL: 'http://127.0.0.1:9' } });
    expect(server.requests.map(({ path }) => path)).toEqual(['/stats', '/under/here/stats']);
  });

  test('gets the key of MILLRACE_KEY, and no authorization without one', async () => {
    await runCli(['stats', '--url', server.url], { env: { MILLRACE_KEY: 'k-123' } });
    await runCli(['stats', '--url', server.url], { env: { MILLRACE_KEY: '' } });
    const keys = server.requests.map(({ headers }) => headers.authorization);
    expect(keys).toEqual(['Bearer k-123', undefined]);
  });

  test.each(CLIENT_COMMANDS.filter((command) => command !== 'send'))(
    'that is not there is named by %s in one line, with what starts one',
    async (command) => {
      const url = server.url;
      await server.close();
      const sender = ['--sender', 's'];
      const needed = { status: ['x'], replay: ['x', ...sender], 'secret show': sender, 'secret rotate': sender };
      const args = Object.entries(needed).find(([name]) => name === command)?.[1] ?? [];
      const { code, stdout, stderr } = await runCli([...command.split(' '), ...args, '--url', url]);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toBe(`millrace: cannot reach ${url}: connection refused; start one with: millrace up\n`);
      server = await startScriptedServer(() => answer);
    },
  );

  test.each<[string, Answer]>([
    ['a page of another program', { status: 200, text: '<html>' }],
    ['JSON of another shape', ok({ accepted: '7' })],
    ['a redirect', { status: 302, text: '', headers: { location: 'http://127.0.0.1:9/' } }],
  ])('that answers with %s is not taken for Millrace', async (_what, foreign) => {
    answer = foreign;
    const { code, stdout, stderr } = await runCli(['stats', '--url', server.url]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^millrace: http:.* answered HTTP \d+ with something that is not from Millrace; is --url/);
  });

  test('that fails without a problem document is named by its status', async () => {
    answer = { status: 502, text: '<h1>Bad gateway</h1>' };
    const { code, stderr } = await runCli(['stats', '--json', '--url', server.url]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'millrace: the server gave no reason (HTTP 502)\n' });
  });

  test('that asks for a key makes the command name the setting', async () => {
    answer = { status: 401, json: { title: 'A key is needed' } };
    const { stderr } = await runCli(['stats', '--url', server.url]);
    expect(stderr).toBe('millrace: A key is needed (HTTP 401); set MILLRACE_KEY to a key of this server\n');
  });

  test('that refuses the key, or what is asked with it, makes the command say what to do', async () => {
    const env = { MILLRACE_KEY: 'k' };
    answer = { status: 401, json: { title: 'It was revoked' } };
    expect((await runCli(['stats', '--url', server.url], { env })).stderr).toBe(
      'millrace: It was revoked (HTTP 401); set MILLRACE_KEY to another key of this server\n',
    );
    answer = { status: 403, json: { title: 'It may not' } };
    expect((await runCli(['stats', '--url', server.url], { env })).stderr).toBe(
      'millrace: It may not (HTTP 403); set MILLRACE_KEY to a key that may; whoever has one for all senders makes it with millrace key create\n',
    );
  });
});
