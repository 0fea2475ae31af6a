/** Python programs that development uses, each in a virtual environment that is made once for a checkout. */

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const CACHE = resolve(import.meta.dirname, '../node_modules/.cache');

export interface PythonNeeds {
  /** Of the environment: its folder's name begins with it. */
  readonly name: string;
  /** What needs it, for people: `the fuzzer schemathesis`. */
  readonly reader: string;
  /** The oldest Python that will do: `3.9`. */
  readonly minimum: string;
  /** As pip takes them, with exact versions. */
  readonly requirements: readonly string[];
}

/** There is no Python, or it cannot install what is needed. The message is for people. */
export class PythonError extends Error {}

/**
 * The folder with the programs of an environment: `python`, and those that were installed. Nothing is asked of pip when
 * it is there already.
 *
 * @throws PythonError
 */
export async function pythonPrograms(needs: PythonNeeds): Promise<string> {
  const digest = createHash('sha256').update(JSON.stringify(needs.requirements)).digest('hex').slice(0, 12);
  const name = `${needs.name}-${digest}`;
  if (!existsSync(join(CACHE, name))) await install(needs, name);
  return join(CACHE, name, 'bin');
}

/**
 * The environment is a link, made when what it points to is whole. That cannot be moved into place: its programs name the
 * folder that they were installed for.
 */
async function install(needs: PythonNeeds, name: string): Promise<void> {
  const [major, minor] = needs.minimum.split('.');
  const check = `import sys; sys.exit(sys.version_info < (${major}, ${minor}))`;
  await attempt(needs, ['python3', '-c', check], 'no such Python answers to python3');
  await mkdir(CACHE, { recursive: true });
  await removeLeftovers(name);
  const folder = join(CACHE, `${name}.${process.pid}`);
  await rm(folder, { recursive: true, force: true });
  try {
    await attempt(needs, ['python3', '-m', 'venv', folder], 'Python cannot make a virtual environment');
    const pip = [
      join(folder, 'bin/python'),
      '-m',
      'pip',
      'install',
      '--quiet',
      '--no-compile',
      '--disable-pip-version-check',
    ];
    await attempt(needs, [...pip, ...needs.requirements], 'pip cannot install what is needed');
    await symlink(folder, join(folder, 'link'));
    // Takes the place of a link whose folder is gone, or of one that another process has just made.
    await rename(join(folder, 'link'), join(CACHE, name));
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Removes what processes that are gone did not finish. */
async function removeLeftovers(name: string): Promise<void> {
  for (const entry of await readdir(CACHE)) {
    const pid = entry.startsWith(`${name}.`) ? Number(entry.slice(name.length + 1)) : Number.NaN;
    if (pid > 0 && !isRunning(pid)) await rm(join(CACHE, entry), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function attempt(needs: PythonNeeds, command: readonly string[], sentence: string): Promise<void> {
  const [program = '', ...args] = command;
  try {
    await run(program, args, { maxBuffer: 2 ** 26 });
  } catch (error) {
    const { stderr = '', message = '' } = error as { stderr?: string; message?: string };
    const detail = (stderr || message).trim().split('\n').at(-1);
    throw new PythonError(`${needs.reader} needs Python ${needs.minimum} or newer: ${sentence} (${detail})`);
  }
}
