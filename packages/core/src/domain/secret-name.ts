/**
 * Names of secrets, and what they are called where secrets are kept.
 */

import { hash } from 'node:crypto';

/** Room for a prefix and an id of 128 characters. */
const NAME = /^[a-z][!-~]{0,149}$/;

export const SECRET_NAME_EXPECTED = 'a small letter and up to 149 printable ASCII characters without spaces';

export function isSecretName(name: string): boolean {
  return NAME.test(name);
}

/** Shorter than what file systems give a name, and short enough behind any prefix in Parameter Store. */
const LONGEST = 200;
const KEPT_OF_LONGER = 100;

/**
 * What a secret is called in a folder, in Parameter Store and in Secrets Manager: the name itself, but for characters
 * other than `a-z 0-9 _ -`, which are a dot and two hex digits. Different names stay different also where capitals are
 * small letters; one that gets too long ends in two dots and its hash instead, which no other does.
 */
export function encodeSecretName(name: string): string {
  const encoded = name.replaceAll(/[^a-z0-9_-]/g, (character) => `.${character.charCodeAt(0).toString(16)}`);
  if (encoded.length <= LONGEST) return encoded;
  return `${encoded.slice(0, KEPT_OF_LONGER)}..${hash('sha256', name, 'hex')}`;
}
