import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { DataFolderError } from '@millrace/core';
import { createClient } from '../src/client.ts';
import type { Io } from '../src/io.ts';
import { Interrupt } from '../src/io.ts';
import { run } from '../src/run.ts';
import { loadUpConfig } from '../src/up/config.ts';
import { createLogger } from '../src/up/logger.ts';
import { type System, startSystem } from '../src/up/system.ts';
import { messageInput } from './support/messages.ts';
import { runCli } from './support/run-cli.ts';
import { createSandbox, type Sandbox } from './support/sandbox.ts';
import { until } from './support/until.ts';

let sandbox: Sandbox;
let folder: string;
let systems: System[];
beforeEach(async () => {
  sandbox = createSandbox();
  folder = await mkdtemp(path.join(tmpdir(), 'millrace-test-'));
  systems = [];
});
afterEach(async () => {
  await Promise.all(systems.map((system) => system.stop()));
  await sandbox.clean();
  await rm(folder, { recursive: true });
});

/** Starts it in this process; what it logs is kept. */
async function start({ port = '0', ...env }: Record<string, string> = {}) {
  const logged: Record<string, unknown>[] = [];
  const config = loadUpConfig(
    { data: folder, port },
    { MILLRACE_ALLOW_HTTP: 'true', MILLRACE_ALLOWED_PRIVATE_CIDRS: '127.0.0.0/8', MILLRACE_LOG_LEVEL: 'debug', ...env },
  );
  const log = createLogger(config.logLevel, { write: (line) => logged.push(JSON.parse(line)) });
  const system = await startSystem(config, '1.2.3', log);
  systems.push(system);
  return { system, logged, client: sandbox.client(system.url) };
}

describe('the system', () => {
  test('delivers what it accepts, under its own name, and logs both under one correlation id', async () => {
    const receiver = await sandbox.receiver(() => 200);
    const { client, logged } = await start();
    await client.send(messageInput({ targetUrl: `${receiver.url}/hooks`, body: 'hello' }));
    await until('it is delivered', async () => (await client.stats()).succeeded === 1);
    const [reception] = receiver.receptions;
    expect(reception?.body.toString()).toBe('hello');
    expect(reception?.headers['user-agent']).toBe('Millrace/1.2.3');
    const shared = { level: 20, messageId: 'order-42', webhookId: reception?.webhookId };
    expect(logged).toEqual([
      expect.objectContaining({ ...shared, event: 'message.accepted' }),
      expect.objectContaining({ ...shared, event: 'attempt', attempt: 1, status: 200, msg: 'attempt' }),
    ]);
  });

  test('delivers though the attempt log cannot be written, and says at its end what is missing there', async () => {
    await writeFile(path.join(folder, 'objects'), 'in the way');
    const receiver = await sandbox.receiver(() => 200);
    const { system, client, logged } = await start({ MILLRACE_LOG_LEVEL: 'info' });
    await client.send(messageInput({ targetUrl: receiver.url }));
    await until('it is delivered', async () => (await client.stats()).succeeded === 1);
    await system.stop();
    expect(logged).toMatchObject([{ event: 'attempt-log.dropped', attempts: 1, error: { name: 'DataFolderError' } }]);
  });

  test('writes no attempt log when that is off', async () => {
    const receiver = await sandbox.receiver(() => 200);
    const { system, client } = await start({ MILLRACE_ATTEMPT_LOG: 'off' });
    await client.send(messageInput({ targetUrl: receiver.url }));
    await until('it is delivered', async () => (await client.stats()).succeeded === 1);
    await system.stop();
    expect(await readdir(folder)).not.toContain('objects');
  });

  test('folds its attempts into a checkpoint that can be verified meanwhile, and again after its end', async () => {
    const receiver = await sandbox.receiver(() => 200);
    const { system, client, logged } = await start({ MILLRACE_FOLD_EVERY: '1s' });
    const folded = () => logged.filter(({ event }) => event === 'checkpoint.folded');
    const verify = () =>
      runCli([
        ...['checkpoint', 'verify', '--dataset', 'deliveries', '--json', '--source', folder],
        ...['--checkpoint', path.join(folder, 'checkpoints')],
      ]);
    await client.send(messageInput({ targetUrl: receiver.url }));
    const [first] = await until('it is folded', () => folded().length > 0 && folded());
    expect(first).toMatchObject({ dataset: 'deliveries', folded: 1, totalEvents: 1, pending: 0 });
    const { code, stdout } = await verify();
    expect({ code, report: JSON.parse(stdout) }).toMatchObject({
      code: 0,
      report: { ok: true, objects: { folded: 1 } },
    });
    await client.send(messageInput({ messageId: 'another', targetUrl: receiver.url }));
    await until('the other is folded', () => folded().length > 1);
    expect(await (await fetch(`${system.url}/metrics`)).text()).toContain(
      '\nmillrace_checkpoint_events_total{dataset="deliveries",result="folded"} 2\n',
    );
    await system.stop();
    expect(JSON.parse((await verify()).stdout)).toMatchObject({ ok: true, objects: { folded: 2 } });
    expect(logged.filter(({ level }) => Number(level) > 30)).toEqual([]);
  });

  test('logs a dead letter with its reason', async () => {
    const receiver = await sandbox.receiver(() => 410);
    const { client, logged } = await start({ MILLRACE_LOG_LEVEL: 'info' });
    await client.send(messageInput({ targetUrl: receiver.url }));
    await until('it is a dead letter', async () => (await client.stats()).failed === 1);
    expect(logged).toEqual([expect.objectContaining({ level: 40, reason: 'gone', status: 410, msg: 'dead letter' })]);
  });

  test('does not deliver to this machine when no setting allows it, and names the setting', async () => {
    const receiver = await sandbox.receiver(() => 200);
    const { client } = await start({ MILLRACE_ALLOWED_PRIVATE_CIDRS: '' });
    await client.send(messageInput({ targetUrl: receiver.url }));
    await until('it is a dead letter', async () => (await client.stats()).failed === 1);
    const [view] = await client.get('order-42');
    const message =
      'blocked: 127.0.0.1 is loopback (127.0.0.0/8, RFC 1122) and not among MILLRACE_ALLOWED_PRIVATE_CIDRS';
    expect(view).toMatchObject({ status: 'FAILED', reason: 'blocked', lastError: { statusCode: null, message } });
    expect(receiver.receptions).toHaveLength(0);
  });

  test('leaves a target alone that fails, logs it, and shows it', async () => {
    const receiver = await sandbox.receiver(() => 500);
    const { client, logged } = await start({ MILLRACE_LOG_LEVEL: 'info' });
    for (let index = 0; index < 10; index++) {
      const retry = { maxAttempts: 1 };
      await client.send(messageInput({ messageId: `m${index}`, targetUrl: receiver.url, retry }));
    }
    await until('the circuit is open', () => logged.some(({ event }) => event === 'circuit'));
    const origin = new URL(receiver.url).origin;
    expect(logged.find(({ event }) => event === 'circuit')).toMatchObject({
      ...{ level: 40, senderId: 'billing', targetOrigin: origin, from: 'closed', to: 'open' },
      until: expect.any(Number),
    });
    await client.send(messageInput({ messageId: 'later', targetUrl: receiver.url }));
    expect((await client.targets({ limit: 10 })).targets).toMatchObject([
      { senderId: 'billing', target: origin, circuit: { state: 'open', failures: 10, why: 'HTTP 500' }, hold: null },
    ]);
    await until('nothing moves', async () => (await client.stats()).failed === 10);
    expect(receiver.receptions).toHaveLength(10);
    expect(await client.stats()).toMatchObject({ waiting: 1, difference: 0 });
  });

  test('sends nothing to a target that is held', async () => {
    const receiver = await sandbox.receiver(() => 200);
    const { client } = await start();
    const target = { senderId: 'billing', target: receiver.url };
    expect(await client.holdTarget(target)).toMatchObject({ hold: { kind: 'manual' } });
    await client.send(messageInput({ targetUrl: receiver.url }));
    await client.send(messageInput({ targetUrl: receiver.url, senderId: 'shop' }));
    await until('the message of the other sender is delivered', () => receiver.receptions.length > 0);
    expect(await client.stats()).toMatchObject({ succeeded: 1, waiting: 1 });
    expect(await client.releaseTarget(target)).toMatchObject({ hold: null });
  });

  test('is ready, and says so', async () => {
    const { system } = await start();
    const response = await fetch(`${system.url}/health/ready`);
    expect({ status: response.status, body: await response.json() }).toEqual({
      status: 200,
      body: { status: 'ready' },
    });
  });

  test('lets messages wait when delivery is off, and delivers them when it is on again', async () => {
    const receiver = await sandbox.receiver(() => 200);
    const off = await start({ MILLRACE_DELIVERY: 'off' });
    await off.client.send(messageInput({ targetUrl: receiver.url }));
    expect((await fetch(`${off.system.url}/health/ready`)).status).toBe(200);
    await off.system.stop();
    expect(receiver.receptions).toHaveLength(0);

    const { client } = await start();
    await until('it is delivered', async () => (await client.stats()).succeeded === 1);
  });

  test('gives the folder free when it stops, and finishes what is in flight first', async () => {
    const answer = Promise.withResolvers<number>();
    const receiver = await sandbox.receiver(() => answer.promise);
    const { system, client } = await start();
    await client.send(messageInput({ targetUrl: receiver.url }));
    await until('the request is in flight', () => receiver.open() === 1);
    const stopped = system.stop();
    answer.resolve(200);
    await stopped;

    const next = await start();
    expect(await next.client.stats()).toMatchObject({ succeeded: 1, waiting: 0 });
    expect(receiver.receptions).toHaveLength(1);
  });

  test('listens for others than this machine only when there is a key, and gives the folder free when not', async () => {
    await expect(start({ MILLRACE_HOST: '0.0.0.0' })).rejects.toMatchObject({
      code: 'config',
      message: expect.stringMatching(/^--host 0\.0\.0\.0 is for others .* millrace key create --data .* 127\.0\.0\.1$/),
    });
    const local = await start();
    expect(local.system.hasKeys).toBe(false);
    const { key, id } = await local.client.createKey({ name: 'ops', senders: ['*'], scopes: ['read', 'operate'] });
    await expect(local.client.stats()).rejects.toMatchObject({ status: 401 });
    await local.system.stop();

    const { system } = await start({ MILLRACE_HOST: '0.0.0.0' });
    expect(system.hasKeys).toBe(true);
    const url = system.url.replace('0.0.0.0', '127.0.0.1');
    const ask = async (method: string, path: string, headers = {}) =>
      (await fetch(url + path, { method, headers })).status;
    const authorization = `Bearer ${key}`;
    expect(await ask('GET', '/stats')).toBe(401);
    expect(await ask('GET', '/stats', { authorization })).toBe(200);
    expect(await ask('DELETE', `/keys/${id}`, { authorization })).toBe(200);
    for (const headers of [{}, { authorization }]) expect(await ask('GET', '/stats', headers)).toBe(401);
  });

  test('keeps limits that its settings name: requests at once, and what a key may send', async () => {
    const receiver = await sandbox.receiver(() => 200);
    const { system, client } = await start({ MILLRACE_KEY_BACKLOG: '1', MILLRACE_DELIVERY: 'off' });
    const { key } = await client.createKey({ name: 'shop', senders: ['billing'] });
    const holder = createClient({ url: system.url, key, now: Date.now });
    await holder.send(messageInput({ targetUrl: receiver.url }));
    const refused = holder.send(messageInput({ targetUrl: receiver.url, messageId: 'next' }));
    await expect(refused).rejects.toMatchObject({ status: 429, retryAfterMs: 5_000 });
    await holder.close();
  });

  test('never logs a key, whatever is asked with it', async () => {
    const { client, system, logged } = await start({ MILLRACE_LOG_LEVEL: 'trace' });
    const { key } = await client.createKey({ name: 'ops', senders: ['*'], scopes: ['send', 'operate'] });
    for (const text of [key, `${key}x`, key.slice(0, -1)]) {
      const headers = { authorization: `Bearer ${text}` };
      for (const path of ['/stats', '/keys', '/message', '/nowhere']) await fetch(system.url + path, { headers });
    }
    expect(JSON.stringify(logged)).not.toContain(key.slice(17, 60));
  });

  test('has the folder for itself', async () => {
    await start();
    await expect(start()).rejects.toThrow(DataFolderError);
  });

  test('gives the folder free when it cannot listen', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    await expect(start({ port: String(port) })).rejects.toMatchObject({ code: 'listen' });
    other.close();
    const { client } = await start();
    expect(await client.stats()).toMatchObject({ accepted: 0 });
  });
});

describe('the command up', () => {
  /** Runs it until it listens, stops it, and gives what it said. */
  async function upAndStop(flags: readonly string[], env: Record<string, string> = {}) {
    const said: string[] = [];
    const controller = new AbortController();
    const io: Io = {
      stdout: { write: (text: string) => void said.push(text) },
      stderr: { write: (text) => void said.push(text) },
      stdin: process.stdin,
      env: { MILLRACE_LOG_LEVEL: 'warn', ...env },
      now: Date.now,
      signal: controller.signal,
    };
    const code = run(['up', '--data', folder, '--port', '0', ...flags], io);
    await until('it listens', () => said.length > 0);
    controller.abort(new Interrupt('SIGTERM'));
    return { code: await code, said: said.join('') };
  }

  test('says in JSON where it listens, that it stops, and that it has stopped', async () => {
    const { code, said } = await upAndStop(['--json']);
    expect(code).toBe(0);
    expect(said).toMatch(
      /^\{"event":"listening","url":"http:\/\/127\.0\.0\.1:\d+"\}\n\{"event":"stopping"\}\n\{"event":"stopped"\}\n$/,
    );
  });

  test('says nothing of keys when there are some', async () => {
    await runCli(['key', 'create', '--data', folder, '--name', 'ops', '--all-senders']);
    expect((await upAndStop([])).said).not.toContain('keys');
  });

  test('says it in words to people, and what its settings open or hold up', async () => {
    const { code, said } = await upAndStop([], {
      MILLRACE_DELIVERY: 'off',
      MILLRACE_ALLOWED_PRIVATE_CIDRS: '127.0.0.0/8,::1/128',
    });
    expect(code).toBe(0);
    expect(said).toContain(`with its data in ${folder}. Ctrl-C stops it.\n`);
    expect(said).toContain('MILLRACE_ALLOWED_PRIVATE_CIDRS lets messages go to 127.0.0.0/8, ::1/128 as well.\n');
    expect(said).toContain('It has no keys: it serves this machine only, and asks nobody there for a key.\n');
    expect(said).toContain('MILLRACE_DELIVERY is off: messages are accepted, and wait.\n');
    expect(said.endsWith('Stopping: finishing what is under way …\nStopped.\n')).toBe(true);
  });
});
