import { chmod, readdir } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { DataFolderError } from '@millrace/core';
import { loadUpConfig } from '../src/up/config.ts';
import { createLogger } from '../src/up/logger.ts';
import { type System, startSystem } from '../src/up/system.ts';
import { messageInput } from './support/messages.ts';
import type { Reception } from './support/receiver.ts';
import { runCli } from './support/run-cli.ts';
import { createSandbox, type Sandbox } from './support/sandbox.ts';
import { until } from './support/until.ts';

let sandbox: Sandbox;
let folder: string;
let systems: System[];
let logged: string[];
beforeEach(async () => {
  sandbox = createSandbox();
  folder = await sandbox.folder();
  systems = [];
  logged = [];
});
afterEach(async () => {
  await Promise.all(systems.map((system) => system.stop()));
  await sandbox.clean();
});

async function start(): Promise<System> {
  const env = {
    MILLRACE_ALLOW_HTTP: 'true',
    MILLRACE_ALLOWED_PRIVATE_CIDRS: '127.0.0.0/8',
    MILLRACE_LOG_LEVEL: 'trace',
  };
  const log = createLogger('trace', { write: (line) => void logged.push(line) });
  const system = await startSystem(loadUpConfig({ data: folder, port: '0' }, env), '1.2.3', log);
  systems.push(system);
  return system;
}

/** What `millrace verify` says of a request, with these secrets; it was sent just now. */
async function verify(reception: Reception | undefined, secrets: string): Promise<number> {
  const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature', 'content-length'];
  const flags = names.flatMap((name) => ['--header', `${name}: ${reception?.headers[name]}`]);
  // The command's clock stands still at a time of its own.
  const args = ['verify', ...flags, '--data', reception?.body.toString() ?? '', '--tolerance', '9999d'];
  return (await runCli(args, { env: { MILLRACE_SECRET: secrets } })).code;
}

async function secretsOf(sender: string, url: string, command: readonly string[] = ['show']): Promise<string[]> {
  const { stdout } = await runCli(['secret', ...command, '--sender', sender, '--json', '--url', url]);
  return JSON.parse(stdout).secrets.map(({ secret }: { secret: string }) => secret);
}

describe('the system on one machine', () => {
  test('signs what it delivers with the secrets in its folder, also after a rotation and a restart', async () => {
    const receiver = await sandbox.receiver(() => 200);
    const first = await start();
    const deliver = async (system: System, messageId: string): Promise<Reception | undefined> => {
      const before = receiver.receptions.length;
      await sandbox.client(system.url).send(messageInput({ messageId, targetUrl: receiver.url, body: 'hello' }));
      await until('it has come', () => receiver.receptions.length > before);
      return receiver.receptions.at(-1);
    };
    const { senderId } = messageInput();
    const [old = ''] = await secretsOf(senderId, first.url);
    const [others = ''] = await secretsOf('others', first.url);
    expect(await verify(await deliver(first, 'one'), old)).toBe(0);

    const rotated = await secretsOf(senderId, first.url, ['rotate', '--overlap', '1h']);
    expect(rotated).toHaveLength(2);
    expect([rotated[0] === old, rotated[1] === old]).toEqual([false, true]);
    await first.stop();
    const second = await start();
    const reception = await deliver(second, 'two');
    expect(await Promise.all([...rotated, others].map((secret) => verify(reception, secret)))).toEqual([0, 0, 1]);

    expect(await readdir(path.join(folder, 'secrets'))).toEqual(
      ['.tmp', `signing-${senderId}`, 'signing-others'].sort(),
    );
    expect(logged.length).toBeGreaterThan(0);
    for (const secret of [...rotated, others]) expect(logged.join()).not.toContain(secret.slice('whsec_'.length));
  });

  test('does not start on secrets that others can read, says what mends it, and gives the folder free', async () => {
    await (await start()).stop();
    const secrets = path.join(folder, 'secrets');
    await chmod(secrets, 0o755);
    const starting = start();
    await expect(starting).rejects.toThrow(DataFolderError);
    await expect(starting).rejects.toThrow(`chmod 700 ${secrets}`);
    await chmod(secrets, 0o700);
    await start();
  });
});
