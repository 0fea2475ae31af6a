/** A small disk that can really be full: a tmpfs in a mount namespace of the process that uses it. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** With a user namespace of its own, for users who may not mount; else as root. */
const WAYS = [
  ['unshare', '-rm'],
  ['unshare', '-m'],
] as const;

const MOUNT = 'mount -t tmpfs -o size="$0" tmpfs "$1" && shift && exec "$@"';

/**
 * Commands that mount a tmpfs of that size (such as `16m`) over the folder, visible to themselves only, and become the
 * command that follows.
 */
export type MountCommand = (size: string, folder: string) => readonly string[];

/** How this machine lets a test mount; undefined when it does not. */
export async function findMountCommand(folder: string): Promise<MountCommand | undefined> {
  for (const way of WAYS) {
    const command: MountCommand = (size, mountPoint) => [...way, 'sh', '-c', MOUNT, size, mountPoint];
    if (await works(command, folder)) return command;
  }
  return undefined;
}

/** The folder as the process sees it. */
export function insideOf(pid: number, folder: string): string {
  return `/proc/${pid}/root${folder}`;
}

async function works(mount: MountCommand, folder: string): Promise<boolean> {
  const script = 'echo probe > "$0/probe" && echo ready && read -r _';
  const [command = '', ...args] = [...mount('1m', folder), 'sh', '-c', script, folder];
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  const ended = once(child, 'close').catch(() => undefined);
  const ready = once(createInterface({ input: child.stdout }), 'line').then(() => true);
  const isReady = await Promise.race([ready, ended.then(() => false)]);
  const isVisible = isReady && existsSync(`${insideOf(child.pid ?? 0, folder)}/probe`);
  child.stdin.end();
  await ended;
  return isVisible;
}
