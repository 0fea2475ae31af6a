/** Where the commands of keys find them: in a server that runs, or in a data folder. */

import type { Command } from 'commander';
import type { ApiClient } from '../client.ts';
import { EXIT, ExitError } from '../exit.ts';
import type { Io } from '../io.ts';
import { addClientCommand, type ClientFlags, useClient, withClient } from '../options.ts';

export interface KeyFlags extends ClientFlags {
  readonly data?: string;
}

/** Adds a command that works on keys, with `--data` beside the flags of a server. */
export function addKeyCommand(parent: Command, nameAndArguments: string): Command {
  return addClientCommand(parent, nameAndArguments).option(
    '--data <DIR>',
    'in this data folder, which no server uses, in place of a server',
  );
}

/** @param mayMake a data folder that is not there is made */
export async function withKeyClient(
  io: Io,
  flags: KeyFlags,
  { mayMake }: { readonly mayMake: boolean },
  use: (client: ApiClient) => Promise<void>,
): Promise<void> {
  if (flags.aws === true) {
    throw new ExitError(
      EXIT.usage,
      'there are no keys on AWS: IAM knows who calls, and Terraform says for which senders',
    );
  }
  if (flags.data === undefined) return withClient(io, flags, {}, use);
  if (flags.url !== undefined) throw new ExitError(EXIT.usage, '--data cannot be used with --url: it asks no server');
  if (flags.data === '') throw new ExitError(EXIT.usage, '--data must name a folder');
  const { openFolderClient } = await import('./folder-api.ts');
  const client = await openFolderClient({ folder: flags.data, clock: { now: io.now }, mayMake });
  await useClient(io, flags, client, use);
}
