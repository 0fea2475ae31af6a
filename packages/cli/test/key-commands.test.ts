import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { loadUpConfig } from '../src/up/config.ts';
import { createLogger } from '../src/up/logger.ts';
import { type System, startSystem } from '../src/up/system.ts';
import { type CliOptions, runCli } from './support/run-cli.ts';

const KEY = /^mlr_([a-z2-7]{12})_[a-z2-7]{59}$/;
const OPS = ['--name', 'ops', '--all-senders', '--scope', 'send', '--scope', 'read', '--scope', 'operate'];

let folder: string;
let system: System | undefined;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'millrace-test-'));
});
afterEach(async () => {
  await system?.stop();
  system = undefined;
  await rm(folder, { recursive: true });
});

async function startServer(): Promise<string> {
  const config = loadUpConfig({ data: folder, port: '0' }, { MILLRACE_DELIVERY: 'off' });
  system = await startSystem(config, '1.2.3', createLogger('silent', { write: () => undefined }));
  return system.url;
}

/** `millrace key …` in the folder that no server uses. */
const inFolder = (...args: readonly string[]) => runCli(['key', ...args, '--data', folder]);

/** `millrace key …` through the server, with a key perhaps. */
function through(url: string, key?: string) {
  const options: CliOptions = key === undefined ? {} : { env: { MILLRACE_KEY: key } };
  return (...args: readonly string[]) => runCli([...args, '--url', url], options);
}

describe('key create', () => {
  test('prints the key alone to stdout, and what it is to stderr', async () => {
    const { code, stdout, stderr } = await inFolder('create', '--name', 'billing', '--sender', 'a', '--sender', 'b');
    expect(code).toBe(0);
    expect(stdout.trimEnd()).toMatch(KEY);
    const [, id = ''] = KEY.exec(stdout.trimEnd()) ?? [];
    expect(stderr).toBe(
      `Key ${id} (billing) may send, read for a, b, for ever. It is not shown again.\n` +
        'It is the first: from now on every request needs a key.' +
        ' This one cannot make others; that takes --data, while no server runs.\n',
    );
  });

  test('prints it as a field with --json, with all that was asked for', async () => {
    const limits = ['--expires', '90d', '--rate', '200/s', '--backlog', '5000', '--scope', 'send', '--scope', 'send'];
    const { stdout } = await inFolder('create', '--name', 'n', '--sender', 'a', ...limits, '--json');
    expect(JSON.parse(stdout)).toEqual({
      id: expect.stringMatching(/^[a-z2-7]{12}$/),
      name: 'n',
      senders: ['a'],
      scopes: ['send'],
      createdAt: '2026-11-22T10:00:00.000Z',
      expiresAt: '2027-02-20T10:00:00.000Z',
      revokedAt: null,
      rate: { perSecond: 200, burst: 200 },
      backlog: 5_000,
      key: expect.stringMatching(KEY),
    });
  });

  test('makes another key each time, and says of the first alone that it is', async () => {
    const [first, second] = [await inFolder('create', ...OPS), await inFolder('create', ...OPS)];
    expect(first.stdout).not.toBe(second.stdout);
    expect(first.stderr).toMatch(/It is the first: from now on every request needs a key\.\n$/);
    expect(second.stderr).not.toContain('first');
  });

  test.each([
    [['--sender', 'a'], '--name'],
    [['--name', 'n'], 'needs --sender'],
    [['--name', 'n', '--sender', 'a', '--all-senders'], 'needs --sender'],
    [['--name', 'n', '--sender', 'a', '--scope', 'admin'], 'It is one of send, read, operate.'],
    [['--name', 'n', '--sender', 'a', '--rate', '5'], 'such as 200/s'],
    [['--name', 'n', '--sender', 'a', '--rate', '0/s'], 'at least 1'],
    [['--name', 'n', '--sender', 'a', '--backlog', '0'], 'at least 1'],
    [['--name', 'n', '--sender', 'a', '--expires', '2026-11-22T09:00:00Z'], 'in the future'],
    [['--name', 'n', '--sender', 'a', '--expires', 'soon'], 'Give a time'],
    [['--name', 'n', '--sender', 'a', '--expires', '999999999d'], 'at most 36500d'],
  ])('refuses %j with exit code 2, and makes nothing', async (args, problem) => {
    const { code, stdout, stderr } = await inFolder('create', ...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(problem);
    expect(await readdir(folder)).toEqual([]);
  });

  test('names what the API refuses', async () => {
    const { code, stderr } = await inFolder('create', '--name', 'n', '--sender', 'a b');
    expect(code).toBe(1);
    expect(stderr).toContain('$.senders[0]');
  });
});

describe('keys of a server that runs', () => {
  test('are made, listed and revoked through it, with a key from the first one on', async () => {
    const url = await startServer();
    const made = await through(url)('key', 'create', ...OPS);
    const ops = made.stdout.trimEnd();
    expect(made.stderr).toContain('It is the first');
    const denied = await through(url)('key', 'list');
    expect(denied.code).toBe(1);
    expect(denied.stderr).toMatch(/a key is needed.*\(HTTP 401\); set MILLRACE_KEY to a key of this server\n$/);

    const asOps = through(url, ops);
    const billing = (await asOps('key', 'create', '--name', 'billing', '--sender', 'billing', '--json')).stdout;
    const { key, id }: { key: string; id: string } = JSON.parse(billing);
    const refused = await through(url, key)('key', 'list');
    expect(refused.stderr).toMatch(
      /may not operate: it has the scopes send, read \(HTTP 403\); set MILLRACE_KEY to a key that may/,
    );
    const stats = await through(url, key)('stats');
    expect(stats.stderr).toContain('(HTTP 403)');

    const listed = await asOps('key', 'list');
    expect(listed.stdout).toMatch(/^KEY +STATE +NAME +SENDERS +MAY +GOOD/);
    expect(listed.stdout).toMatch(new RegExp(`${id} +good +billing +billing +send, read +for ever`));
    expect(listed.stdout + listed.stderr).not.toContain(key.slice(17));

    expect(await asOps('key', 'revoke', id)).toMatchObject({ code: 0, stdout: `revoked ${id} (billing)\n` });
    const revoked = await through(url, key)('list');
    expect(revoked.stderr).toMatch(/was revoked \(HTTP 401\); set MILLRACE_KEY to another key of this server\n$/);
    expect((await asOps('key', 'list')).stdout).toMatch(new RegExp(`${id} +revoked`));
    expect(await asOps('key', 'revoke', 'nobody')).toMatchObject({
      code: 1,
      stderr: 'millrace: there is no key of that id (HTTP 404)\n',
    });
  });

  test('cannot be changed in its folder meanwhile, and the command says what to do', async () => {
    await startServer();
    for (const args of [['create', ...OPS], ['list'], ['revoke', 'x']]) {
      const { code, stdout, stderr } = await inFolder(...args);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toBe(
        `millrace: a server that runs owns ${folder}: leave --data out to ask that server (--url, MILLRACE_KEY), or stop it first\n`,
      );
    }
  });

  test('are those that were made in its folder before it started, and it gives the folder free again', async () => {
    const ops = (await inFolder('create', ...OPS)).stdout.trimEnd();
    const lost = JSON.parse((await inFolder('create', ...OPS, '--json')).stdout);
    expect((await inFolder('revoke', lost.id)).code).toBe(0);
    const url = await startServer();
    expect((await through(url)('stats')).code).toBe(1);
    expect((await through(url, ops)('stats')).code).toBe(0);
    expect((await through(url, lost.key)('stats')).stderr).toContain('was revoked');
    await system?.stop();
    system = undefined;
    expect(JSON.parse((await inFolder('list', '--json')).stdout).keys).toHaveLength(2);
  });
});

describe('key list and key revoke', () => {
  test('say that there are no keys, and what that means', async () => {
    await inFolder('list');
    expect((await inFolder('list')).stdout).toBe('no keys: only this machine is served, and asked for none\n');
  });

  test('show when a key has expired, and its limits', async () => {
    await inFolder('create', '--name', 'n', '--sender', 'a', '--expires', '1h', '--rate', '5/s', '--backlog', '9');
    const { stdout } = await inFolder('list');
    expect(stdout).toMatch(
      /good +n +a +send, read +until 2026-11-22 16:30:00 +2026-11-22 15:30:00 +5\/s, 100 at once; 9 waiting/,
    );
  });

  test('make no folder where there is none', async () => {
    const missing = path.join(folder, 'missing');
    for (const args of [['list'], ['revoke', 'x']]) {
      const { code, stderr } = await runCli(['key', ...args, '--data', missing]);
      expect({ code, stderr }).toEqual({ code: 1, stderr: `millrace: there is no data folder ${missing}\n` });
    }
    expect(await readdir(folder)).toEqual([]);
  });

  test.each([
    [['--aws', '--env', 'dev'], 'there are no keys on AWS'],
    [['--data', '', '--url', 'http://127.0.0.1:9'], '--data cannot be used with --url'],
    [['--data', ''], '--data must name a folder'],
  ])('refuse %j with exit code 2', async (args, problem) => {
    const { code, stderr } = await runCli(['key', 'list', ...args]);
    expect(code).toBe(2);
    expect(stderr).toContain(problem);
  });
});
