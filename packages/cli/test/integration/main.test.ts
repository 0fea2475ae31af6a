import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { batchAnswer, messageInput, messageView } from '../support/messages.ts';
import { ok, type Script, type ScriptedServer, startScriptedServer } from '../support/scripted-server.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const RETRYING = messageView({ status: 'RETRYING', nextAttemptAt: '2026-11-22T09:00:05.000Z' });

/** Says on standard error that a module of the SDK is loaded. */
const TELL_AWS_MODULES = `
  import { registerHooks } from 'node:module';
  registerHooks({
    load(url, context, nextLoad) {
      if (/@aws-sdk|@smithy/.test(url)) process.stderr.write('loaded @aws-sdk ');
      return nextLoad(url, context);
    },
  });`;

let server: ScriptedServer;
let script: Script;
let children: ChildProcessWithoutNullStreams[] = [];
beforeEach(async () => {
  script = () => ok({ messages: [RETRYING] });
  server = await startScriptedServer((request, number) => script(request, number));
});
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  children = [];
  await server.close();
});

function start(args: readonly string[], nodeArgs: readonly string[] = []) {
  const isOurs = ([name]: [string, unknown]) => name !== 'NODE_OPTIONS' && !name.startsWith('AWS_');
  const env = Object.fromEntries(Object.entries(process.env).filter(isOurs));
  const child = spawn(process.execPath, [...nodeArgs, MAIN, ...args], {
    env: { ...env, AWS_EC2_METADATA_DISABLED: 'true', MILLRACE_URL: server.url },
  });
  children.push(child);
  return child;
}

/** What the process said, once it has ended. */
async function end(child: ChildProcessWithoutNullStreams) {
  const code = new Promise<number | null>((resolve) => child.on('close', resolve));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await code, stdout, stderr };
}

describe('the process', () => {
  test('ends with the exit code of its command', async () => {
    const wrong = await end(start(['stats', '--nope']));
    expect(wrong).toEqual({ code: 2, stdout: '', stderr: "millrace: unknown option '--nope'\n" });
    const right = await end(start(['status', 'order-42', '--json']));
    expect(right).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(right.stdout)).toEqual({ messages: [RETRYING] });
  });

  test.each([
    [['--help'], 0],
    [['stats'], 1],
    [['load', '--to', 'http://127.0.0.1:9', '--count', '1'], 1],
    // To see that the test would see it.
    [['stats', '--aws', '--env', 'dev', '--endpoint', 'http://127.0.0.1:9'], 2],
  ])('%j loads the SDK of AWS only when it speaks to AWS', async (args, code) => {
    script = () => ({ status: 404, text: '' });
    const hooks = `data:text/javascript,${encodeURIComponent(TELL_AWS_MODULES)}`;
    const ended = await end(start(args, ['--import', hooks]));
    expect(ended.code).toBe(code);
    expect(ended.stderr.includes('loaded @aws-sdk')).toBe(args.includes('--aws'));
  });

  test.each(['SIGINT', 'SIGTERM'] as const)('ends with 130 on %s, at once', async (signal) => {
    const child = start(['status', 'order-42', '--watch']);
    script = (_request, number) => {
      if (number === 1) child.kill(signal);
      return ok({ messages: [RETRYING] });
    };
    const { code, stdout, stderr } = await end(child);
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' });
    expect(stderr).toMatch(/\nmillrace: interrupted\n$/);
  });

  test('is not kept alive by a standard input that stays open', async () => {
    const child = start(['send', '--file', '-', '--json']);
    script = ({ body }) => {
      child.kill('SIGINT');
      return batchAnswer(body);
    };
    child.stdin.write(`${JSON.stringify(messageInput())}\n`);
    const { code, stdout } = await end(child);
    expect(code).toBe(130);
    expect(JSON.parse(stdout)).toMatchObject({ lines: 1, accepted: 1, complete: false });
  });

  test('ends on a second signal while it waits for an answer that does not come', async () => {
    const child = start(['send', '--file', '-']);
    script = () => {
      // Two of a kind could be delivered as one.
      child.kill('SIGINT');
      child.kill('SIGTERM');
      return new Promise(() => undefined);
    };
    child.stdin.end(`${JSON.stringify(messageInput())}\n`);
    expect(await end(child)).toEqual({ code: 130, stdout: '', stderr: '' });
  });

  test('ends quietly when nobody reads its output any more', async () => {
    const child = start(['list']);
    script = () => {
      child.stdout.destroy();
      const messages = Array.from({ length: 50 }, () =>
        messageView({ targetUrl: `https://x.example/${'x'.repeat(2_000)}` }),
      );
      return ok({ messages, cursor: null });
    };
    const code = new Promise((resolve) => child.on('close', resolve));
    expect(await text(child.stderr)).toBe('');
    expect(await code).toBe(0);
  });

  test('fails in one line when its output cannot be written', async () => {
    const full = openSync('/dev/full', 'w');
    const { NODE_OPTIONS: _, ...env } = process.env;
    const child = spawn(process.execPath, [MAIN, 'status', 'order-42', '--url', server.url], {
      env,
      stdio: ['ignore', full, 'pipe'],
    });
    const code = new Promise((resolve) => child.on('close', resolve));
    if (child.stderr === null) throw new Error('no standard error');
    expect(await text(child.stderr)).toMatch(/^millrace: cannot write to standard output: .*ENOSPC.*\n$/);
    expect(await code).toBe(1);
    closeSync(full);
  });
});
