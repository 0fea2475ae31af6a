/** The secrets that a request is verified with. They never stand on the command line, where others can read them. */

import { parseSigningSecret, type SigningSecret } from '@millrace/core';
import { EXIT, ExitError } from '../exit.ts';
import type { Io } from '../io.ts';
import { readDataBytes } from '../send/read-data.ts';

const MAX_FILE_BYTES = 65_536;

/**
 * Reads the secrets of a file, or else of MILLRACE_SECRET: one or several, with white space between them.
 *
 * @throws ExitError (usage), which does not quote them
 */
export async function readSecrets(io: Io, file: string | undefined): Promise<readonly SigningSecret[]> {
  const place = file ?? 'MILLRACE_SECRET';
  const texts = (file === undefined ? (io.env['MILLRACE_SECRET'] ?? '') : await readText(io, file)).split(/\s+/);
  const given = texts.filter((text) => text !== '');
  if (given.length === 0) {
    const problem =
      file === undefined ? 'verify needs a secret: set MILLRACE_SECRET, or give --secret-file' : `${file} is empty`;
    throw new ExitError(EXIT.usage, problem);
  }
  return given.map((text, index) => {
    const secret = parseSigningSecret(text);
    if (secret !== undefined) return secret;
    const which = given.length === 1 ? 'the secret' : `secret ${index + 1}`;
    throw new ExitError(EXIT.usage, `${which} of ${place} is not whsec_ and the base64 of 24 to 64 bytes`);
  });
}

async function readText(io: Io, file: string): Promise<string> {
  const bytes = await readDataBytes(io, file === '-' ? '-' : `@${file}`, MAX_FILE_BYTES);
  return Buffer.from(bytes).toString('utf8');
}
