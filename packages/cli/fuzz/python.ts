/** Python with schemathesis, in a virtual environment that is made once for a checkout. */

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const VERSION = '4.32.5';
const CACHE = resolve(import.meta.dirname, '../../../node_modules/.cache');

/** There is no Python, or it cannot install what is needed. The message is for people. */
export class PythonError extends Error {}

/**
 * The program to start.
 *
 * @throws PythonError
 */
export async function schemathesis(): Promise<string> {
  const folder = join(CACHE, `schemathesis-${VERSION}`);
  const program = join(folder, 'bin/schemathesis');
  if (!existsSync(program)) await install(folder);
  return program;
}

async function install(folder: string): Promise<void> {
  await attempt('python3 --version', ['python3', '--version'], 'no Python answers');
  await mkdir(dirname(folder), { recursive: true });
  // Not moved into place when it is whole: its programs name the folder that they were installed for.
  await rm(folder, { recursive: true, force: true });
  try {
    await attempt('python3 -m venv', ['python3', '-m', 'venv', folder], 'Python cannot make a virtual environment');
    const pip = [join(folder, 'bin/python'), '-m', 'pip', 'install', '--quiet', `schemathesis==${VERSION}`];
    await attempt('pip install', pip, 'pip cannot install it');
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

async function attempt(what: string, [command = '', ...args]: readonly string[], sentence: string): Promise<void> {
  try {
    await run(command, args, { maxBuffer: 2 ** 26 });
  } catch (error) {
    const { stderr = '', message = '' } = error as { stderr?: string; message?: string };
    const detail = (stderr || message).trim().split('\n').at(-1);
    throw new PythonError(`the fuzzer schemathesis needs Python 3.10 or newer: ${sentence} (${what}: ${detail})`);
  }
}
