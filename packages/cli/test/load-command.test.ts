import { afterEach, describe, expect, test } from '@jest/globals';
import { ConfigError } from '@millrace/core';
import { Command } from 'commander';
import { ExitError } from '../src/exit.ts';
import { Interrupt, type Io } from '../src/io.ts';
import { type LoadFlags, readLoadPlan } from '../src/load/options.ts';
import { loadCommand, registerLoad } from '../src/load/register-load.ts';
import { describeEnding } from '../src/report-error.ts';
import { closedPortUrl, type LoadServer, startLoadServer } from './support/load-server.ts';

const NOW = Date.UTC(2026, 10, 22, 10);
const TARGET = 'http://127.0.0.1:9/hook';

function planOf(flags: LoadFlags, env: Record<string, string> = {}) {
  return readLoadPlan(flags, env, NOW);
}

function problemsOf(flags: LoadFlags): readonly string[] {
  try {
    planOf(flags);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

function capture(isTTY = false) {
  const out: string[] = [];
  const err: string[] = [];
  const io: Io = {
    stdout: { write: (text: string) => out.push(text) },
    stderr: { write: (text) => err.push(text), isTTY, columns: 60 },
    stdin: { [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: true, value: undefined }) }) },
    env: {},
    now: () => NOW,
    signal: new AbortController().signal,
  };
  return { io, stdout: () => out.join(''), stderr: () => err.join('') };
}

describe('the flags of load', () => {
  test('have defaults: a closed loop of 64 connections for ten seconds, single messages of 1,000 bytes', () => {
    expect(planOf({ to: TARGET })).toEqual({
      schedule: { intervalMs: 0, batch: 1, count: Infinity, durationMs: 10_000 },
      url: new URL('http://127.0.0.1:8080/message'),
      messages: {
        senderId: 'load',
        targetUrl: TARGET,
        timestamp: '2026-11-22T10:00:00.000Z',
        idPrefix: 'load-',
        ids: 'sequential',
      },
      bodyBytes: 1_000,
      connections: 64,
      key: undefined,
      firstNumber: 0,
    });
  });

  test('stand over the environment', () => {
    const env = { MILLRACE_URL: 'http://127.0.0.1:1111/base/', MILLRACE_KEY: 'k' };
    expect(planOf({ to: TARGET }, env)).toMatchObject({ url: new URL('http://127.0.0.1:1111/base/message'), key: 'k' });
    expect(planOf({ to: TARGET, url: 'http://127.0.0.1:2222' }, env).url.port).toBe('2222');
  });

  test('make an open loop of a rate: one request each batch of messages', () => {
    expect(planOf({ to: TARGET, rate: '2000' }).schedule.intervalMs).toBe(0.5);
    expect(planOf({ to: TARGET, rate: '2000', batch: '100' })).toMatchObject({
      schedule: { intervalMs: 50, batch: 100 },
      url: new URL('http://127.0.0.1:8080/messages'),
      connections: 512,
    });
  });

  test('end a run by time, by count, or by whichever comes first', () => {
    expect(planOf({ to: TARGET, count: '5' }).schedule).toMatchObject({ count: 5, durationMs: Infinity });
    expect(planOf({ to: TARGET, for: '1.5m' }).schedule).toMatchObject({ count: Infinity, durationMs: 90_000 });
    expect(planOf({ to: TARGET, for: '500ms', count: '5' }).schedule).toMatchObject({ count: 5, durationMs: 500 });
  });

  test('leave the URL of a raw run as it is and never send it the key', () => {
    const raw = planOf({ raw: true, url: 'http://127.0.0.1:9/hook?a=1' }, { MILLRACE_KEY: 'k' });
    expect(raw).toMatchObject({ url: new URL('http://127.0.0.1:9/hook?a=1'), messages: undefined, key: undefined });
  });

  test('are all refused at once, each with what it must be', () => {
    const problems = problemsOf({
      to: 'ftp://x/',
      url: 'nowhere',
      rate: '0',
      connections: '1.5',
      for: '10',
      count: '-1',
      batch: '101',
      bodyBytes: 'many',
      sender: 'a b',
      idPrefix: 'x'.repeat(120),
      ids: 'uuid',
      timestamp: 'today',
    });
    const flags = problems.map((problem) => problem.slice(0, problem.indexOf(':')));
    expect(flags.toSorted()).toEqual(
      '--batch --body-bytes --connections --count --for --id-prefix --ids --rate --sender --timestamp --to --url'.split(
        ' ',
      ),
    );
  });

  test('ask for one of a target and a raw run', () => {
    const either = [expect.stringMatching(/^give either --to URL .* or --raw/)];
    expect(problemsOf({})).toEqual(either);
    expect(problemsOf({ to: TARGET, raw: true })).toEqual(either);
  });

  test('refuse batches without messages and requests that would be too large', () => {
    expect(problemsOf({ raw: true, batch: '2' })).toEqual([expect.stringContaining('--raw')]);
    expect(problemsOf({ to: TARGET, batch: '100', bodyBytes: '100000' })).toEqual([
      expect.stringContaining('10000000 bytes a request'),
    ]);
  });
});

describe('the command load', () => {
  let server: LoadServer | undefined;

  afterEach(async () => {
    await server?.close();
    server = undefined;
  });

  async function serve(status: number): Promise<string> {
    server = await startLoadServer(() => ({ status }));
    return server.url;
  }

  test('is run by its name and flags', async () => {
    const { io, stdout } = capture();
    const program = new Command().exitOverride();
    registerLoad(program, io);
    const url = await serve(202);
    const flags = ['--to', TARGET, '--url', url, '--count', '25', '--connections', '3', '--body-bytes', '64', '--json'];
    await program.parseAsync(['load', ...flags], { from: 'user' });
    expect(JSON.parse(stdout())).toMatchObject({ accepted: 25, connections: 3, loop: 'closed' });
    expect(JSON.parse(server?.received[0]?.body ?? '').body).toHaveLength(64);
  });

  test('prints one JSON object with --json, and nothing but it', async () => {
    const { io, stdout, stderr } = capture();
    const url = await serve(202);
    await loadCommand({ to: TARGET, url, count: '10', json: true }, io);
    expect(Object.keys(JSON.parse(stdout()))).toEqual([
      'url',
      'loop',
      'connections',
      'seconds',
      'requests',
      'messages',
      'accepted',
      'duplicates',
      'refused',
      'unsent',
      'requestsPerSecond',
      'messagesPerSecond',
      'latencyMs',
      'latenessMs',
      'errors',
      'interrupted',
    ]);
    expect(stderr()).toBe('');
  });

  test('prints counts, rates and percentiles for people', async () => {
    const { io, stdout } = capture();
    const url = await serve(202);
    await loadCommand({ to: TARGET, url, count: '10', rate: '1000' }, io);
    expect(stdout()).toMatch(/accepted +10\n/);
    expect(stdout()).toMatch(/messages +10 +[\d,]+\/s\n/);
    expect(stdout()).toMatch(/latency +p50 [\d.]+ ms +p90 [\d.]+ ms +p99 [\d.]+ ms +max [\d.]+ ms\n/);
    expect(stdout()).toMatch(/sent late +p50/);
  });

  test('shows its progress on a terminal and clears it at the end', async () => {
    const { io, stderr } = capture(true);
    server = await startLoadServer(async (_request, index) => {
      while (index === 2 && stderr() === '') await new Promise((resolve) => setImmediate(resolve));
      return { status: 202 };
    });
    await loadCommand({ to: TARGET, url: server.url, count: '10', connections: '1' }, io);
    expect(stderr()).toMatch(/\d s {2}2 messages {2}[\d,]+\/s {2}p99 [\d.]+ ms/);
    expect(stderr().endsWith('\r\u001b[K')).toBe(true);
  });

  test('ends with 3 when some were refused, after it printed the counts', async () => {
    let index = 0;
    server = await startLoadServer(() => ({ status: index++ === 0 ? 202 : 503 }));
    const { io, stdout } = capture();
    const failure = loadCommand({ to: TARGET, url: server.url, count: '3', connections: '1' }, io);
    await expect(failure).rejects.toMatchObject({ exitCode: 3, message: '' });
    expect(stdout()).toMatch(/ 503 +2\n/);
  });

  test('ends with 1 and says what to look at when nothing answers', async () => {
    const { io } = capture();
    const url = await closedPortUrl();
    const failure = loadCommand({ to: TARGET, url, count: '3' }, io);
    await expect(failure).rejects.toThrow(ExitError);
    await expect(failure).rejects.toMatchObject({
      exitCode: 1,
      message: `nothing answers at ${url} (ECONNREFUSED): is the server running, and --url right?`,
    });
  });

  test('ends as interrupted when it is, after it printed what it has', async () => {
    const controller = new AbortController();
    const interrupt = new Interrupt('SIGINT');
    server = await startLoadServer((_request, index) => {
      if (index === 10) controller.abort(interrupt);
      return { status: 202 };
    });
    const { io, stdout } = capture();
    const failure = loadCommand(
      { to: TARGET, url: server.url, count: '1000000', json: true },
      { ...io, signal: controller.signal },
    );
    await expect(failure).rejects.toBe(interrupt);
    expect(describeEnding(interrupt).exitCode).toBe(130);
    expect(JSON.parse(stdout())).toMatchObject({ interrupted: true, accepted: server.received.length });
  });
});
