import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { messageInput } from '../support/messages.ts';
import { runMillrace } from '../support/millrace-process.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { until } from '../support/until.ts';

jest.setTimeout(120_000);
const DATABASE = 'millrace.db';
const OFF = { MILLRACE_DELIVERY: 'off' };

let sandbox: Sandbox;
let folder: string;
beforeEach(async () => {
  sandbox = createSandbox();
  folder = await sandbox.folder();
});
afterEach(() => sandbox.clean());

function up(data: string, ...flags: string[]) {
  return runMillrace(['up', '--data', data, '--port', '0', '--json', ...flags]);
}

/** A failure that a person understands: nothing on standard output, one line on standard error. */
function failure(line: string) {
  return { code: 1, stdout: '', stderr: `millrace: ${line}\n` };
}

/** A folder with a database that holds a message for this target. */
async function fillFolder(targetUrl = 'http://127.0.0.1:9/'): Promise<void> {
  const millrace = await sandbox.start({ folder, env: OFF });
  await sandbox.client(millrace.url).send(messageInput({ targetUrl }));
  expect(await millrace.end('SIGTERM')).toBe(0);
}

describe('millrace up on a folder that it cannot use', () => {
  test('leaves it to the one that runs there, which goes on', async () => {
    const first = await sandbox.start({ folder, env: OFF });
    expect(await up(folder)).toEqual(
      failure(`${folder} is in use by another millrace: stop it first, or choose another folder with --data`),
    );
    const client = sandbox.client(first.url);
    await client.send(messageInput({ targetUrl: 'http://127.0.0.1:9/' }));
    expect(await client.stats()).toMatchObject({ accepted: 1, waiting: 1 });
  });

  test('takes it over when the one that ran there was killed', async () => {
    const first = await sandbox.start({ folder, env: OFF });
    await first.end('SIGKILL');
    const second = await sandbox.start({ folder, env: OFF });
    expect(await sandbox.client(second.url).stats()).toMatchObject({ accepted: 0 });
  });

  test('says when it is a file, and leaves that as it was', async () => {
    const file = path.join(folder, 'file');
    await writeFile(file, 'mine');
    const advice = 'is not a folder: choose another with --data';
    expect(await up(file)).toEqual(failure(`${file} ${advice}`));
    expect(await up(path.join(file, 'data'))).toEqual(failure(`${path.join(file, 'data')} ${advice}`));
    expect(await readFile(file, 'utf8')).toBe('mine');
  });

  test('says when it cannot be made, in one line that names it', async () => {
    const { code, stdout, stderr } = await up('/proc/millrace-test');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^millrace: [^\n]*\/proc\/millrace-test[^\n]*\n$/);
  });
});

describe('millrace up on a database that it cannot use', () => {
  const damage: Record<string, { says: RegExp; change: (file: string) => Promise<void> }> = {
    'that is no database': {
      says: /is not a database: move it away, or choose another folder with --data$/,
      change: (file) => writeFile(file, 'a letter to my grandmother\n'.repeat(50)),
    },
    'of another program': {
      says: /belongs to another program: choose another folder with --data$/,
      change: (file) => makeForeign(file),
    },
    'of a newer version': {
      says: /has schema version 1000, newer than this program's \d+: use a newer millrace$/,
      change: (file) => setVersion(file, 1_000),
    },
    'that was cut off': {
      says: /is damaged.*: restore it from a backup, or choose another folder with --data$/,
      change: async (file) => writeFile(file, (await readFile(file)).subarray(0, 10_000)),
    },
    'whose schema is overwritten': {
      says: /is damaged.*: restore it from a backup, or choose another folder with --data$/,
      change: async (file) => writeFile(file, (await readFile(file)).fill(0xff, 100, 4_096)),
    },
  };

  async function makeForeign(file: string): Promise<void> {
    await writeFile(file, '');
    const db = new DatabaseSync(file);
    db.exec("PRAGMA journal_mode = WAL; CREATE TABLE songs (title TEXT); INSERT INTO songs VALUES ('Yesterday')");
    db.close();
  }

  function setVersion(file: string, version: number): Promise<void> {
    const db = new DatabaseSync(file);
    db.exec(`PRAGMA user_version = ${version}`);
    db.close();
    return Promise.resolve();
  }

  test.each(Object.entries(damage))(
    'refuses one %s in one line, and leaves it byte for byte',
    async (_, { says, change }) => {
      await fillFolder();
      const file = path.join(folder, DATABASE);
      await change(file);
      const before = await readFile(file);

      const { code, stdout, stderr } = await up(folder);
      expect({ code, stdout, lines: stderr.split('\n').length }).toEqual({ code: 1, stdout: '', lines: 2 });
      expect(stderr.trimEnd().startsWith(`millrace: ${file} `)).toBe(true);
      expect(stderr.trimEnd()).toMatch(says);
      expect((await readFile(file)).equals(before)).toBe(true);
    },
  );
});

describe('millrace up on a port that is in use', () => {
  test('ends in one line, and has delivered nothing', async () => {
    const receiver = await sandbox.receiver(() => 200);
    await fillFolder(receiver.url);
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    const port = typeof address === 'object' ? address?.port : undefined;

    const { code, stdout, stderr } = await up(folder, '--port', String(port));
    other.close();
    expect({ code, stdout, stderr }).toEqual(
      failure(`port ${port} is in use: choose another with --port (0 takes any that is free)`),
    );
    expect(receiver.receptions).toHaveLength(0);
    const millrace = await sandbox.start({ folder, env: OFF });
    expect((await sandbox.client(millrace.url).list({ limit: 1 })).messages).toMatchObject([{ attempts: 0 }]);
  });
});

describe('millrace up with flags and settings that it cannot use', () => {
  test('names every one of them at once, and makes no folder', async () => {
    const data = path.join(folder, 'data');
    const env = {
      MILLRACE_DELIVERY: 'maybe',
      MILLRACE_CONCURRENCY: '0',
      MILLRACE_ALLOW_HTTP: 'yes',
      MILLRACE_SHUTDOWN_SECONDS: '1.5',
    };
    const { code, stdout, stderr } = await runMillrace(['up', '--data', data, '--port', '65536', '--host', ''], env);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr.trimEnd().split('\n')).toEqual([
      'millrace: --host must be an address of this machine, such as 127.0.0.1',
      'millrace: --port must be a whole number from 0 to 65535, not "65536"',
      'millrace: MILLRACE_DELIVERY must be one of on, off, not "maybe"',
      'millrace: MILLRACE_SHUTDOWN_SECONDS must be a whole number from 0 to 3600, not "1.5"',
      expect.stringMatching(/^millrace: MILLRACE_ALLOW_HTTP .*"yes"/),
      'millrace: MILLRACE_CONCURRENCY must be a whole number from 1 to 10000, not "0"',
    ]);
    await expect(readFile(path.join(data, DATABASE))).rejects.toThrow('ENOENT');
  });

  test('does not listen on 0.0.0.0 while there is no key, and says how to make one', async () => {
    expect(await up(folder, '--host', '0.0.0.0')).toEqual({
      code: 2,
      stdout: '',
      stderr:
        `millrace: --host 0.0.0.0 is for others than this machine, and there is no key yet: make one with` +
        ` millrace key create --data ${folder} --name NAME --all-senders, or listen on 127.0.0.1\n`,
    });
  });

  test('refuses a flag that it does not know', async () => {
    expect(await up(folder, '--prot', '1')).toMatchObject({ code: 2, stdout: '' });
  });
});

describe('what millrace up says', () => {
  test('is for programs with --json: first where it listens, and that is true', async () => {
    const millrace = await sandbox.start({ folder });
    const [first = ''] = millrace.stdout();
    expect(JSON.parse(first)).toEqual({
      event: 'listening',
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    });
    const response = await fetch(`${JSON.parse(first).url}/health/ready`);
    expect(response.status).toBe(200);
    await millrace.end('SIGTERM');
    expect(millrace.stdout().slice(1)).toEqual(['{"event":"stopping"}', '{"event":"stopped"}']);
    expect(millrace.stderr()).toBe('');
  });

  test('is for people without: where it listens, where the data is, how to stop it', async () => {
    const millrace = sandbox.launch({ folder, flags: [], env: OFF });
    await until('it has introduced itself', () => millrace.stdout().length === 4);
    expect(await millrace.end('SIGINT')).toBe(0);
    expect(millrace.stdout()).toEqual([
      expect.stringMatching(
        /^Millrace is listening on http:\/\/127\.0\.0\.1:\d+, with its data in .*\. Ctrl-C stops it\.$/,
      ),
      'It has no keys: it serves this machine only, and asks nobody there for a key.',
      'MILLRACE_ALLOWED_PRIVATE_CIDRS lets messages go to 127.0.0.0/8 as well.',
      'MILLRACE_DELIVERY is off: messages are accepted, and wait.',
      'Stopping: finishing what is under way …',
      'Stopped.',
    ]);
    expect(millrace.stdout()[0]).toContain(folder);
    expect(millrace.stderr()).toBe('');
  });

  test('is all that one needs to know with --help', async () => {
    const { code, stdout, stderr } = await runMillrace(['up', '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const word of ['--data', '--host', '--port', '--json', 'Examples:', 'MILLRACE_SHUTDOWN_SECONDS']) {
      expect(stdout).toContain(word);
    }
  });
});
