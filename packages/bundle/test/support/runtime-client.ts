/**
 * The official runtime client of Lambda for Node.js, `aws-lambda-ric`. It compiles when it is installed, which takes a
 * minute or more, so it is installed once for a checkout and not by `make setup`.
 */

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const VERSION = '4.0.2';
const ROOT = resolve(import.meta.dirname, '../../../..');
const CACHE = join(ROOT, 'node_modules/.cache');
const NATIVE_CLIENT = 'node_modules/aws-lambda-ric/rapid-client.node';
const INSTALL_LIMIT_MS = 15 * 60_000;

/** Commands that its compilation calls, each with its Debian package. */
const TOOLS: Readonly<Record<string, string>> = {
  cmake: 'cmake',
  make: 'make',
  'g++': 'g++',
  python3: 'python3',
  xz: 'xz-utils',
};

/** Time enough for a test hook that calls `runtimeClient`. */
export const RUNTIME_CLIENT_LIMIT_MS = INSTALL_LIMIT_MS + 60_000;

/**
 * The file to start with Node.
 *
 * @throws Error with a sentence for people when it cannot be installed
 */
export async function runtimeClient(env: Readonly<Record<string, string | undefined>>): Promise<string> {
  const folder = join(CACHE, `aws-lambda-ric-${VERSION}-${process.platform}-${process.arch}`);
  if (!existsSync(join(folder, NATIVE_CLIENT))) await install(folder, env);
  return join(folder, 'node_modules/aws-lambda-ric/index.mjs');
}

async function install(folder: string, env: Readonly<Record<string, string | undefined>>): Promise<void> {
  await installTools(env);
  await mkdir(CACHE, { recursive: true });
  const draft = await mkdtemp(join(CACHE, 'aws-lambda-ric-draft-'));
  try {
    // npm asks for it before it runs the scripts that compile.
    await writeFile(join(draft, 'package.json'), JSON.stringify({ allowScripts: { 'aws-lambda-ric': true } }));
    // The pinned Node.js compiles it, not the one that came with npm.
    const PATH = [dirname(process.execPath), env['PATH']].join(delimiter);
    const options = ['--no-audit', '--no-fund', '--no-package-lock', `aws-lambda-ric@${VERSION}`];
    const settings = { cwd: draft, env: { ...env, PATH }, timeout: INSTALL_LIMIT_MS, maxBuffer: 2 ** 26 };
    await run('npm', ['install', ...options], settings).catch((error: unknown) => {
      throw new Error(`npm could not install aws-lambda-ric, which compiles: ${lastLines(error)}`, { cause: error });
    });
    if (!existsSync(join(draft, NATIVE_CLIENT))) {
      throw new Error('aws-lambda-ric was installed without its native part: npm did not run its install scripts');
    }
    await rm(folder, { recursive: true, force: true });
    await rename(draft, folder);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function installTools(env: Readonly<Record<string, string | undefined>>): Promise<void> {
  const folders = (env['PATH'] ?? '').split(delimiter);
  const missing = Object.entries(TOOLS).filter(([tool]) => !folders.some((folder) => existsSync(join(folder, tool))));
  if (missing.length === 0) return;
  const packages = missing.map(([, name]) => name);
  try {
    await run('apt-get', ['update', '-qq'], { env });
    await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], { env, maxBuffer: 2 ** 26 });
  } catch (error) {
    const sentence = `aws-lambda-ric needs ${packages.join(', ')} to compile, and apt-get could not install it`;
    throw new Error(`${sentence}: ${lastLines(error)}`, { cause: error });
  }
}

function lastLines(error: unknown): string {
  const { stderr = '', message = String(error) } = error as { stderr?: string; message?: string };
  return (stderr || message).trim().split('\n').slice(-5).join('\n');
}
