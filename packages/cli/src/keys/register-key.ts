import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { registerCreate } from './create-key.ts';
import { registerList } from './list-keys.ts';
import { registerRevoke } from './revoke-key.ts';

const DESCRIPTION = [
  'Makes, lists and revokes keys, by which a server knows who calls. Commands send the one in MILLRACE_KEY.',
  '',
  'Without any key a server serves whoever is on its machine, and nobody else. From the first one on every request ' +
    'needs one, also when all are revoked. With --data the commands work on a folder while no server uses it: to make ' +
    'the first key, or one when the last that may make others is lost.',
].join('\n');

/** Adds the command `key`. */
export function registerKey(program: Command, io: Io): void {
  const command = program.command('key').summary('make, list and revoke keys').description(DESCRIPTION);
  registerCreate(command, io);
  registerList(command, io);
  registerRevoke(command, io);
}
