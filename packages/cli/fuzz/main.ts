/**
 * Drives a running server from its own OpenAPI document with a public fuzzer, and fails on any 500, and on any answer
 * that the document does not describe. Nothing is delivered: targets would be made up, and be anywhere.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { PythonError } from '../../../scripts/python-environment.ts';
import { runMillrace, startMillrace } from '../test/support/millrace-process.ts';
import { schemathesis } from './python.ts';

const USAGE = `Usage: fuzz:api [options]
  --examples N   requests made up for each operation and phase, about (default 100)
  --seed N       repeats a run; a run prints its seed
Needs Python 3.10 or newer; installs schemathesis into node_modules/.cache the first time.
`;

/**
 * All that it can check but one: whether a message is good depends on more than a schema can say (times, reserved headers,
 * what was accepted before). schemathesis.toml says where else the API differs from what it expects.
 */
const OPTIONS = [
  '--phases=examples,coverage,fuzzing,stateful',
  '--checks=all',
  '--exclude-checks=positive_data_acceptance',
  '--suppress-health-check=all',
  // Else it would revoke the key that it shows.
  '--exclude-operation-id=revokeKey',
  '--continue-on-failure',
  '--request-timeout=10',
  '--no-color',
];

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      examples: { type: 'string', default: '100' },
      seed: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const program = await schemathesis();
  const folder = await mkdtemp(join(tmpdir(), 'millrace-fuzz-'));
  try {
    const key = await createKey(folder);
    const server = await startMillrace({ folder, env: { MILLRACE_DELIVERY: 'off' } });
    const seed = values.seed === undefined ? [] : [`--seed=${values.seed}`];
    const config = ['--config-file', join(import.meta.dirname, 'schemathesis.toml')];
    const run = [
      ...config,
      'run',
      `${server.url}/openapi.json`,
      `--max-examples=${values.examples}`,
      '--header',
      `authorization: Bearer ${key}`,
      ...OPTIONS,
      ...seed,
    ];
    const code = await runFuzzer(program, run);
    const serverCode = await server.end('SIGTERM');
    if (serverCode !== 0) process.stderr.write(`the server ended with ${serverCode}:\n${server.stderr()}`);
    return code === 0 && serverCode === 0 ? 0 : 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Makes the key that the fuzzer shows, which may do anything. */
async function createKey(folder: string): Promise<string> {
  const scopes = ['send', 'read', 'operate'].flatMap((scope) => ['--scope', scope]);
  const flags = ['--data', folder, '--name', 'fuzzer', '--all-senders', ...scopes, '--json'];
  const { code, stdout, stderr } = await runMillrace(['key', 'create', ...flags]);
  if (code !== 0) throw new Error(`no key could be made: ${stderr}`);
  const { key }: { key: string } = JSON.parse(stdout);
  return key;
}

/** It keeps what it found in its working folder, for `schemathesis replay`. */
async function runFuzzer(program: string, args: readonly string[]): Promise<number> {
  const env = { ...process.env, SCHEMATHESIS_HOOKS: 'hooks', PYTHONPATH: import.meta.dirname };
  const cwd = dirname(program);
  const child = spawn(program, args, {
    cwd,
    env: { ...env, PYTHONDONTWRITEBYTECODE: '1' },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  await once(child, 'close');
  return child.exitCode ?? 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof PythonError)) throw error;
  process.stderr.write(`fuzz:api was not run: ${error.message}\n`);
  process.exitCode = 1;
}
