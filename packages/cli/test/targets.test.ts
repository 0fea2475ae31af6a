import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { formatTime } from '../src/term/format.ts';
import { type CliOptions, runCli } from './support/run-cli.ts';
import { ok, problem, type Script, type ScriptedServer, startScriptedServer } from './support/scripted-server.ts';

const SINCE = '2026-11-22T10:00:00.000Z';
const UNTIL = '2026-11-22T10:00:33.000Z';

const origin = { senderId: 'billing', target: 'https://partner.example' };
const open = {
  ...{ ...origin, hold: { kind: 'retry-after', since: SINCE, until: UNTIL, why: 'Retry-After (HTTP 503)' } },
  circuit: { state: 'open', since: SINCE, until: UNTIL, requests: 12, failures: 8, why: 'HTTP 503' },
};
const gone = {
  ...{ senderId: 'shop', target: 'https://partner.example/hooks', circuit: null },
  hold: { kind: 'gone', since: SINCE, until: null, why: 'HTTP 410' },
};
const held = { ...gone, hold: { ...gone.hold, kind: 'manual', why: 'by an operator' } };

let server: ScriptedServer;
let script: Script;
beforeEach(async () => {
  script = () => ok({ targets: [], cursor: null });
  server = await startScriptedServer((request, number) => script(request, number));
});
afterEach(() => server.close());

function cli(args: readonly string[], options: CliOptions = {}) {
  return runCli([...args, '--url', server.url], options);
}

const queries = () => server.requests.map(({ query }) => Object.fromEntries(query));

describe.each([['targets'], ['targets list']])('%s', (command) => {
  const words = command.split(' ');

  test('prints a line for each circuit and each hold', async () => {
    script = () => ok({ targets: [open, gone, held], cursor: null });
    const { code, stdout } = await cli(words);
    expect(code).toBe(0);
    const [since, until] = [formatTime(SINCE), formatTime(UNTIL)];
    const lines = stdout.split('\n').map((line) => line.split(/ {2,}/));
    expect(lines).toEqual([
      ['SENDER', 'TARGET', 'STATE', 'FAILED', 'SINCE', 'UNTIL', 'WHY'],
      ['billing', 'https://partner.example', 'waits', since, until, 'Retry-After (HTTP 503)'],
      ['billing', 'https://partner.example', 'open', '8/12', since, until, 'HTTP 503'],
      ['shop', 'https://partner.example/hooks', 'gone', since, 'HTTP 410'],
      ['shop', 'https://partner.example/hooks', 'held', since, 'by an operator'],
      [''],
    ]);
  });

  test('says so when there is none, and prints the answer alone with --json', async () => {
    expect((await cli(words)).stdout).toBe('no target fails or is held\n');
    script = () => ok({ targets: [gone], cursor: null });
    expect(JSON.parse((await cli([...words, '--json'])).stdout)).toEqual({ targets: [gone], cursor: null });
  });

  test('follows pages up to the limit, and says how to go on', async () => {
    script = ({ query }) => ok({ targets: query.get('cursor') === null ? [open] : [gone, gone], cursor: 'next' });
    const { stdout } = await cli([...words, '--sender', 'a&b', '--limit', '3']);
    expect(queries()).toEqual([
      { senderId: 'a&b', limit: '3' },
      { senderId: 'a&b', limit: '2', cursor: 'next' },
    ]);
    expect(stdout).toContain('more: --cursor next');
  });

  test('keeps what a target wrote from moving the cursor of a terminal', async () => {
    script = () => ok({ targets: [{ ...gone, hold: { ...gone.hold, why: '\u001b[2J\nHTTP 410' } }], cursor: null });
    const { stdout } = await cli(words, { columns: 100 });
    expect(stdout).not.toContain('\u001b[2J');
    expect(stdout.trimEnd().split('\n')).toHaveLength(2);
  });
});

describe.each([
  ['hold', 'held'],
  ['release', 'released'],
])('targets %s', (command, done) => {
  test('names the target and the sender, and says what was done', async () => {
    script = () => ok({ ...origin, circuit: null, hold: null });
    const { code, stdout } = await cli(['targets', command, 'https://PARTNER.example/', '--sender', 'billing']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${done} https://partner.example of billing\n` });
    expect(server.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([`POST /targets/${command}`]);
    expect(server.bodies()).toEqual([{ senderId: 'billing', target: 'https://PARTNER.example/' }]);
  });

  test('prints the answer alone with --json', async () => {
    script = () => ok(held);
    const { stdout } = await cli(['targets', command, held.target, '--sender', 'shop', '--json']);
    expect(JSON.parse(stdout)).toEqual(held);
  });

  test('needs the sender: no target is held or released for all', async () => {
    const { code, stderr } = await cli(['targets', command, 'https://partner.example']);
    expect(code).toBe(2);
    expect(stderr).toContain('--sender <S>');
    expect(server.requests).toEqual([]);
  });

  test('fails with what the server says', async () => {
    script = () => problem(404, { type: 'not-found', detail: 'it is neither held, nor is its circuit open' });
    const { code, stderr } = await cli(['targets', command, 'https://partner.example', '--sender', 'billing']);
    expect(code).toBe(1);
    expect(stderr).toContain('it is neither held');
  });
});
