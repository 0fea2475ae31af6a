import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { addExamples, writeJson } from '../options.ts';
import { cleanText } from '../term/format.ts';
import { addKeyCommand, type KeyFlags, withKeyClient } from './key-client.ts';

/** Adds `key revoke`. */
export function registerRevoke(parent: Command, io: Io): void {
  const command = addKeyCommand(parent, 'revoke')
    .argument('<ID>', 'of the key, as key list shows it')
    .summary('refuse a key from now on')
    .description('Revokes a key: it is refused from the next request on, and stays in the list.')
    .action((id: string, flags: KeyFlags) => revokeKey(io, id, flags));
  addExamples(command, [['millrace key revoke q3ne7ht5kxw2', 'a key that is not needed, or was lost']]);
}

async function revokeKey(io: Io, id: string, flags: KeyFlags): Promise<void> {
  await withKeyClient(io, flags, { mayMake: false }, async (client) => {
    const key = await client.revokeKey(id);
    if (flags.json === true) writeJson(io, key);
    else io.stdout.write(`revoked ${cleanText(key.id)} (${cleanText(key.name)})\n`);
  });
}
