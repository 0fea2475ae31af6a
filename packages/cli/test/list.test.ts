import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatTime } from '../src/term/format.ts';
import { deadLetter, messageView } from './support/messages.ts';
import { type CliOptions, runCli } from './support/run-cli.ts';
import { ok, type Script, type ScriptedServer, startScriptedServer } from './support/scripted-server.ts';

let server: ScriptedServer;
let script: Script;
beforeEach(async () => {
  script = () => ok({ messages: [], cursor: null });
  server = await startScriptedServer((request, number) => script(request, number));
});
afterEach(() => server.close());

function cli(args: readonly string[], options: CliOptions = {}) {
  return runCli([...args, '--url', server.url], options);
}

function queries() {
  return server.requests.map(({ query }) => Object.fromEntries(query));
}

/**
 * A server with `total` messages, `order-0` first. Its pages hold no more than what `sizes` says for each, which may be
 * nothing, and after those as much as is asked for.
 */
function pagesOf(total: number, sizes: readonly number[]): Script {
  return ({ query }) => {
    const [page = 0, start = 0] = (query.get('cursor') ?? '0,0').split(',').map(Number);
    const count = Math.min(Number(query.get('limit')), sizes[page] ?? total, total - start);
    const messages = Array.from({ length: count }, (_, index) => messageView({ messageId: `order-${start + index}` }));
    const isLast = start + count === total && page + 1 >= sizes.length;
    return ok({ messages, cursor: isLast ? null : `${page + 1},${start + count}` });
  };
}

describe('list', () => {
  test('asks for the 50 newest by default', async () => {
    const { code, stdout } = await cli(['list']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'no messages\n' });
    expect(queries()).toEqual([{ limit: '50' }]);
  });

  test('passes every flag on, times as RFC 3339', async () => {
    const which = ['--status', 'retrying', '--sender', 'a&b', '--target', 'https://x.example/?a=1', '--reason', 'GONE'];
    await cli(['list', ...which, '--from', '2h', '--to', '2026-11-22T10:00:00.000000001+01:00', '--cursor', 'a+b/c=']);
    expect(queries()).toEqual([
      {
        status: 'RETRYING',
        senderId: 'a&b',
        target: 'https://x.example/?a=1',
        reason: 'gone',
        from: '2026-11-22T08:00:00.000Z',
        to: '2026-11-22T09:00:00.000000001Z',
        limit: '50',
        cursor: 'a+b/c=',
      },
    ]);
  });

  test('prints a table in the order of the server, whole when it is not for a terminal', async () => {
    const long = `https://partner.example/${'x'.repeat(200)}`;
    script = () => ok({ messages: [messageView({ targetUrl: long }), deadLetter({ messageId: 'm' })], cursor: 'next' });
    const { stdout } = await cli(['list', '--limit', '2']);
    const at = formatTime('2026-11-22T09:00:01Z');
    expect(stdout.split('\n')).toEqual([
      `ACCEPTED             STATUS   TRIES  MESSAGE   SENDER   ${'TARGET'.padEnd(long.length)}  REASON`,
      `${at}  SUCCESS    1/3  order-42  billing  ${long}`,
      `${at}  FAILED     3/3  m         billing  ${'https://partner.example/hooks'.padEnd(long.length)}  exhausted`,
      'more: --cursor next',
      '',
    ]);
  });

  test('fits a terminal, and shortens the target in its middle', async () => {
    const targetUrl = `https://partner.example/${'x'.repeat(200)}/the-end`;
    script = () => ok({ messages: [messageView({ targetUrl })], cursor: null });
    const { stdout } = await cli(['list'], { columns: 100, env: { NO_COLOR: '1' } });
    expect(stdout).toMatch(/ https:\/\/part\S*…\S*the-end/);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });

  test('gives as many as the limit, of pages of any sizes, and with its cursor the rest, each once', async () => {
    const sizes = fc.array(fc.nat({ max: 3 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 20 }), sizes, fc.integer({ min: 1, max: 9 }), async (total, pages, limit) => {
        script = pagesOf(total, pages);
        const ids: string[] = [];
        let cursor: string | null = null;
        do {
          const from: string[] = cursor === null ? [] : ['--cursor', cursor];
          const { stdout } = await cli(['list', '--limit', String(limit), '--json', ...from]);
          const page: { messages: { messageId: string }[]; cursor: string | null } = JSON.parse(stdout);
          if (page.cursor !== null) expect(page.messages).toHaveLength(limit);
          expect(page.messages.length).toBeLessThanOrEqual(limit);
          ids.push(...page.messages.map(({ messageId }) => messageId));
          cursor = page.cursor;
        } while (cursor !== null);
        expect(ids).toEqual(Array.from({ length: total }, (_, index) => `order-${index}`));
      }),
      { numRuns: 100 },
    );
  });

  test('asks for no more than 100 at a time', async () => {
    script = ({ query }) => {
      const messages = Array.from({ length: Number(query.get('limit')) }, () => messageView());
      return ok({ messages, cursor: 'more' });
    };
    const { stdout } = await cli(['list', '--limit', '250', '--json']);
    expect(JSON.parse(stdout).messages).toHaveLength(250);
    expect(queries().map(({ limit }) => limit)).toEqual(['100', '100', '50']);
  });

  test.each([
    [['--status', 'LOST'], 'It is one of QUEUED, PROCESSING, RETRYING, SUCCESS, FAILED.'],
    [['--reason', 'bored'], 'It is one of exhausted, '],
    [['--limit', '0'], 'Give a whole number of at least 1.'],
    [['--limit', '1e3'], 'Give a whole number of at least 1.'],
    [['--from', 'tomorrow'], 'Give a time as 2026-11-22T10:00:00Z'],
    [['--to', '2026-02-30'], 'Give a time as 2026-11-22T10:00:00Z'],
  ])('%j is wrong usage', async (args, message) => {
    const { code, stdout, stderr } = await cli(['list', ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(server.requests).toEqual([]);
  });
});

describe('dead-letters', () => {
  test('lists what failed, when, why and the last error', async () => {
    script = () => ok({ messages: [deadLetter()], cursor: null });
    const { code, stdout } = await cli(['dead-letters', '--from', '7d']);
    expect(code).toBe(0);
    expect(stdout.split('\n')).toEqual([
      'FAILED AT            REASON     TRIES  MESSAGE   SENDER   TARGET                         LAST ERROR',
      `${formatTime('2026-11-22T09:00:02Z')}  exhausted    3/3  order-42  billing  https://partner.example/hooks  HTTP 503`,
      '',
    ]);
    expect(queries()).toEqual([{ status: 'FAILED', from: '2026-11-15T10:00:00.000Z', limit: '50' }]);
  });

  test('has no --status', async () => {
    const { code, stderr } = await cli(['dead-letters', '--status', 'SUCCESS']);
    expect({ code, stderr }).toEqual({ code: 2, stderr: "millrace: unknown option '--status'\n" });
  });

  test('fits a terminal of 80 columns', async () => {
    const targetUrl = `https://partner.example/${'x'.repeat(200)}/the-end`;
    const lastError = { statusCode: 503, message: `HTTP 503 ${'y'.repeat(200)}`, at: '2026-11-22T09:00:02Z' };
    const messageId = '123e4567-e89b-12d3-a456-426614174000';
    script = () => ok({ messages: [deadLetter({ messageId, targetUrl, lastError })], cursor: null });
    const { stdout } = await cli(['dead-letters'], { columns: 80, env: { NO_COLOR: '1' } });
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(stdout).toContain('exhausted');
  });
});
