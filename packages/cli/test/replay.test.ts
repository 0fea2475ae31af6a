import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Interrupt } from '../src/io.ts';
import { type CliOptions, runCli } from './support/run-cli.ts';
import { ok, problem, type Script, type ScriptedServer, startScriptedServer } from './support/scripted-server.ts';

let server: ScriptedServer;
let script: Script;
beforeEach(async () => {
  script = () => ok({ replayed: 1 });
  server = await startScriptedServer((request, number) => script(request, number));
});
afterEach(() => server.close());

function replay(args: readonly string[], options: CliOptions = {}) {
  return runCli(['replay', '--url', server.url, ...args], options);
}

/** 250 dead letters, 100 a page. */
const THREE_PAGES: Script = (_request, number) => {
  const remaining = [150, 50, 0][number] ?? 0;
  return ok({ replayed: Math.min(100, remaining + 50), remaining, cursor: remaining === 0 ? null : `c${number + 1}` });
};

describe('replay of one message', () => {
  test('sends the name of the message', async () => {
    const name = [
      'a/b',
      '--sender',
      'billing',
      '--timestamp',
      '2026-11-22T10:00:00Z',
      '--target',
      'https://x.example/',
    ];
    const { code, stdout } = await replay(name);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'replayed 1 message\n' });
    expect(server.requests.map(({ method, path }) => `${method} ${path}`)).toEqual(['POST /messages/a%2Fb/replay']);
    expect(server.bodies()).toEqual([
      { senderId: 'billing', timestamp: '2026-11-22T10:00:00Z', targetUrl: 'https://x.example/' },
    ]);
  });

  test('prints the same fields as a replay of many with --json', async () => {
    script = () => ok({ replayed: 2 });
    const { stdout } = await replay(['order-42', '--sender', 'billing', '--json']);
    expect(JSON.parse(stdout)).toEqual({ replayed: 2, remaining: 0 });
  });

  test.each([404, 409])('fails with the reason of the server on %d', async (status) => {
    script = () => problem(status, { title: 'No', detail: 'none of them is FAILED' });
    const { code, stderr } = await replay(['order-42', '--sender', 'billing']);
    expect({ code, stderr }).toEqual({ code: 1, stderr: `millrace: none of them is FAILED (HTTP ${status})\n` });
  });
});

describe('replay of many', () => {
  test('goes on from cursor to cursor until nothing remains', async () => {
    script = THREE_PAGES;
    const filter = [
      '--sender',
      's',
      '--target',
      'https://x.example/',
      '--reason',
      'exhausted',
      '--from',
      '1h',
      '--to',
      '30m',
    ];
    const { code, stdout, stderr } = await replay(filter);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'replayed 250 messages\n', stderr: '' });
    const query = {
      senderId: 's',
      target: 'https://x.example/',
      reason: 'exhausted',
      from: '2026-11-22T09:00:00.000Z',
      to: '2026-11-22T09:30:00.000Z',
      dryRun: false,
    };
    expect(server.requests.every(({ path }) => path === '/replays')).toBe(true);
    expect(server.bodies()).toEqual([query, { ...query, cursor: 'c1' }, { ...query, cursor: 'c2' }]);
  });

  test('prints the sum with --json', async () => {
    script = THREE_PAGES;
    const { stdout } = await replay(['--all', '--json']);
    expect(JSON.parse(stdout)).toEqual({ replayed: 250, remaining: 0 });
    expect(server.bodies()[0]).toEqual({ dryRun: false });
  });

  test('shows how far it is to a person who watches', async () => {
    script = THREE_PAGES;
    const { stderr } = await replay(['--all'], { columns: 80 });
    expect(stderr).toContain('replayed 100, 150 left');
    expect(stderr.endsWith('\r\u001b[K')).toBe(true);
  });

  test('only counts with --dry-run, in one request', async () => {
    script = () => ok({ replayed: 0, remaining: 1_234, cursor: 'c' });
    const human = await replay(['--reason', 'exhausted', '--dry-run']);
    expect(human).toMatchObject({ code: 0, stdout: '1,234 messages would be replayed\n' });
    expect(server.bodies()).toEqual([{ reason: 'exhausted', dryRun: true }]);
    const json = await replay(['--all', '--dry-run', '--json']);
    expect(JSON.parse(json.stdout)).toEqual({ replayed: 0, remaining: 1_234 });
  });

  test('finishes the call that is under way when it is interrupted, and says what is left', async () => {
    const controller = new AbortController();
    script = (request, number) => {
      if (number === 1) controller.abort(new Interrupt('SIGINT'));
      return THREE_PAGES(request, number);
    };
    const { code, stdout, stderr } = await replay(['--all', '--json'], { signal: controller.signal });
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toEqual({ replayed: 200, remaining: 50 });
    expect(stderr).toBe('millrace: interrupted; run it again for the rest\n');
    expect(server.requests).toHaveLength(2);
  });

  test('is done when the interrupt comes with the last page', async () => {
    const controller = new AbortController();
    script = (request, number) => {
      if (number === 2) controller.abort(new Interrupt('SIGINT'));
      return THREE_PAGES(request, number);
    };
    expect(await replay(['--all'], { signal: controller.signal })).toMatchObject({ code: 0 });
  });

  test('says what it did when the server fails on the way', async () => {
    script = (request, number) =>
      number === 1 ? problem(503, { title: 'Unavailable', detail: 'the disk is full' }) : THREE_PAGES(request, number);
    const { code, stdout, stderr } = await replay(['--all', '--json']);
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toEqual({ replayed: 100, remaining: 150 });
    const [document = '', line] = stderr.split('\n');
    expect(JSON.parse(document)).toMatchObject({ detail: 'the disk is full' });
    expect(line).toBe('millrace: stopped: the disk is full; run it again for the rest');
  });

  test('fails when the server refuses at once', async () => {
    script = () => problem(400, { title: 'Not valid', problems: [{ path: '$.target', message: 'is "x"' }] });
    const { code, stdout, stderr } = await replay(['--target', 'x']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toBe('millrace: Not valid (HTTP 400)\n  $.target is "x"\n');
  });
});

describe('wrong usage of replay', () => {
  test.each([
    [[], 'replay needs an ID, a filter such as --target, or --all for every dead letter'],
    [['--dry-run'], 'replay needs an ID, a filter such as --target, or --all for every dead letter'],
    [['--all', '--sender', 's'], '--all cannot be used with a filter'],
    [['order-42'], 'replay ID needs --sender: ids are unique only within one'],
    [['order-42', '--sender', 's', '--reason', 'gone'], '--reason cannot be used with an ID'],
    [['order-42', '--sender', 's', '--dry-run'], '--dry-run cannot be used with an ID'],
    [['--sender', 's', '--timestamp', '2026-11-22T10:00:00Z'], '--timestamp needs an ID'],
  ])('%j is refused before anything is replayed', async (args, message) => {
    const { code, stdout, stderr } = await replay(args);
    expect({ code, stdout, stderr }).toEqual({ code: 2, stdout: '', stderr: `millrace: ${message}\n` });
    expect(server.requests).toEqual([]);
  });
});
