import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Interrupt } from '../src/io.ts';
import { formatTime } from '../src/term/format.ts';
import { deadLetter, messageView } from './support/messages.ts';
import { type CliOptions, runCli } from './support/run-cli.ts';
import { ok, problem, type Script, type ScriptedServer, startScriptedServer } from './support/scripted-server.ts';

let server: ScriptedServer;
let script: Script;
beforeEach(async () => {
  script = () => ok({ messages: [messageView()] });
  server = await startScriptedServer((request, number) => script(request, number));
});
afterEach(() => server.close());

function status(args: readonly string[], options: CliOptions = {}) {
  return runCli(['status', '--url', server.url, ...args], options);
}

const RETRYING = messageView({
  status: 'RETRYING',
  nextAttemptAt: '2026-11-22T09:00:05.000Z',
  lastError: { statusCode: null, message: 'dns: no such host', at: '2026-11-22T09:00:02.000Z' },
});

describe('status', () => {
  test('shows everything about every message with that id', async () => {
    const target = 'https://other.example/';
    script = () => ok({ messages: [deadLetter({ replays: 1, totalAttempts: 6 }), { ...RETRYING, targetUrl: target }] });
    const { code, stdout } = await status(['order-42']);
    const at = formatTime('2026-11-22T09:00:02Z');
    expect(stdout.split('\n')).toEqual([
      'order-42  FAILED (exhausted)',
      '  sender      billing',
      '  target      https://partner.example/hooks',
      '  timestamp   2026-11-22T09:00:00Z',
      '  attempts    3/3 (6 in all, 1 replay)',
      `  accepted    ${formatTime('2026-11-22T09:00:01Z')}`,
      `  updated     ${at}`,
      `  last error  HTTP 503, at ${at}`,
      '',
      'order-42  RETRYING',
      '  sender        billing',
      '  target        https://other.example/',
      '  timestamp     2026-11-22T09:00:00Z',
      '  attempts      1/3',
      `  accepted      ${formatTime('2026-11-22T09:00:01Z')}`,
      `  updated       ${at}`,
      `  next attempt  ${formatTime('2026-11-22T09:00:05Z')}`,
      `  expires       ${formatTime('2026-11-25T09:00:01Z')}`,
      `  last error    dns: no such host, at ${at}`,
      '',
    ]);
    // It answered; that a message failed is not a failure of the question.
    expect(code).toBe(0);
  });

  test('asks for an id of any characters, and for one sender', async () => {
    await status(['a/b?c#%41', '--sender', 'x&y']);
    const [request] = server.requests;
    expect(request?.path).toBe('/messages/a%2Fb%3Fc%23%2541');
    expect([...(request?.query ?? [])]).toEqual([['senderId', 'x&y']]);
  });

  test('prints the messages as they are with --json', async () => {
    script = () => ok({ messages: [{ ...RETRYING, newField: 1 }] });
    const { stdout, stderr } = await status(['order-42', '--json']);
    expect(JSON.parse(stdout)).toEqual({ messages: [{ ...RETRYING, newField: 1 }] });
    expect(stderr).toBe('');
  });

  test('fails when there is no such message', async () => {
    script = () => problem(404, { type: 'not-found', title: 'No such thing', detail: 'there is no message order-42' });
    const { code, stdout, stderr } = await status(['order-42']);
    expect({ code, stdout, stderr }).toEqual({
      code: 1,
      stdout: '',
      stderr: 'millrace: there is no message order-42 (HTTP 404)\n',
    });
  });

  test('shows text from elsewhere without what could steer a terminal', async () => {
    const message = 'bad\u001b[2J\u0007\r\nthing\u202e';
    script = () => ok({ messages: [deadLetter({ lastError: { statusCode: 500, message, at: RETRYING.updatedAt } })] });
    const { stdout } = await status(['order-42']);
    expect(stdout).toContain('  last error  HTTP 500: bad thing, at ');
  });

  test('colours the status on a terminal only, and not with NO_COLOR', async () => {
    const green = '\u001b[32mSUCCESS\u001b[39m';
    expect((await status(['order-42'], { columns: 80 })).stdout).toContain(green);
    expect((await status(['order-42'], { columns: 80, env: { NO_COLOR: '1' } })).stdout).not.toContain('\u001b');
    expect((await status(['order-42'])).stdout).not.toContain('\u001b');
  });
});

describe('status --watch', () => {
  test('polls every 500 ms until every message has ended, and tells each change once', async () => {
    const other = messageView({ targetUrl: 'https://other.example/' });
    const states = [
      [RETRYING, other],
      [RETRYING, other],
      [deadLetter(), other],
    ];
    script = (_request, number) => ok({ messages: states[number] });
    const { code, stdout, stderr, sleeps } = await status(['order-42', '--watch', '--json']);
    expect({ code, sleeps }).toEqual({ code: 0, sleeps: [500, 500] });
    expect(JSON.parse(stdout)).toEqual({ messages: states[2] });
    const at = formatTime('2026-11-22T09:00:02Z');
    expect(stderr.split('\n')).toEqual([
      `${at}  RETRYING    1/3  https://partner.example/hooks  dns: no such host`,
      `${at}  SUCCESS     1/3  https://other.example/`,
      `${at}  FAILED      3/3  https://partner.example/hooks  exhausted`,
      '',
    ]);
  });

  test('outlives a restart of the server, but not its end', async () => {
    script = (_request, number) => {
      if (number === 0) return ok({ messages: [RETRYING] });
      return number < 3 ? { cut: true } : ok({ messages: [messageView()] });
    };
    expect(await status(['order-42', '--watch'])).toMatchObject({ code: 0, sleeps: [500, 250, 500] });

    const seen = server.requests.length;
    script = (_request, number) =>
      number === seen ? ok({ messages: [RETRYING] }) : problem(503, { title: 'Unavailable' });
    const { code, stderr, sleeps } = await status(['order-42', '--watch']);
    expect(code).toBe(1);
    expect(stderr).toContain('millrace: Unavailable (HTTP 503)\n');
    const waited = sleeps.reduce((sum, ms) => sum + ms, 0);
    expect(waited).toBeGreaterThan(25_000);
    expect(waited).toBeLessThanOrEqual(30_500);
  });

  test('ends with 130 when it is interrupted', async () => {
    const controller = new AbortController();
    script = () => ok({ messages: [RETRYING] });
    const interrupt = () => controller.abort(new Interrupt('SIGINT'));
    const { code, stdout, stderr } = await status(['order-42', '--watch'], {
      signal: controller.signal,
      onSleep: interrupt,
    });
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' });
    expect(stderr).toContain('millrace: interrupted\n');
  });

  test('ends quietly when nobody reads its output any more', async () => {
    const controller = new AbortController();
    script = () => ok({ messages: [RETRYING] });
    const close = () => controller.abort(new Interrupt('closed'));
    const { code, stderr } = await status(['order-42', '--watch'], { signal: controller.signal, onSleep: close });
    expect(code).toBe(0);
    expect(stderr).not.toContain('millrace:');
  });

  test('an interrupt cuts off a request that is not answered', async () => {
    const controller = new AbortController();
    script = () => {
      controller.abort(new Interrupt('SIGINT'));
      return new Promise(() => undefined);
    };
    const { code } = await status(['order-42'], { signal: controller.signal });
    expect(code).toBe(130);
  });
});
