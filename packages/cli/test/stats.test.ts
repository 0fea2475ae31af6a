import { afterEach, describe, expect, test } from '@jest/globals';
import { runCli } from './support/run-cli.ts';
import { ok, type ScriptedServer, startScriptedServer } from './support/scripted-server.ts';

const STATS = { accepted: 1_234_567, succeeded: 1_234_000, failed: 67, waiting: 500, difference: 0 };

let server: ScriptedServer;
afterEach(() => server.close());

describe('stats', () => {
  test('prints the accounting with grouped numbers', async () => {
    server = await startScriptedServer(() => ok(STATS));
    const { code, stdout, stderr } = await runCli(['stats', '--url', server.url]);
    expect(stdout).toBe(
      [
        '             MESSAGES',
        'accepted    1,234,567',
        'succeeded   1,234,000',
        'failed             67',
        'waiting           500',
        'difference          0',
        '',
      ].join('\n'),
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(server.requests.map(({ method, path }) => `${method} ${path}`)).toEqual(['GET /stats']);
  });

  test('prints the answer and nothing else with --json', async () => {
    server = await startScriptedServer(() => ok(STATS));
    const { stdout } = await runCli(['stats', '--json', '--url', server.url]);
    expect(JSON.parse(stdout)).toEqual(STATS);
  });

  test('fails when the accounting does not add up, and still prints it', async () => {
    server = await startScriptedServer(() => ok({ ...STATS, difference: -2 }));
    const { code, stdout, stderr } = await runCli(['stats', '--json', '--url', server.url]);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toHaveProperty('difference', -2);
    expect(stderr).toBe('millrace: the accounting does not add up: the difference is -2\n');
  });
});
