/**
 * Secrets: texts under names, kept where nobody but Millrace reads them.
 *
 * Promises are checked on every adapter by `describeSecretStore` in `@millrace/core/testing`:
 * - what a call has answered is durable, and every later `get` shows it;
 * - a reader sees a text whole: the old one or the new one;
 * - of concurrent creators exactly one wins, and every one of them is given the winner's text.
 *
 * Any call may throw `StoreUnavailableError` (the call may have taken effect; repeating it is safe),
 * `SecretUnusableError`, or an error of the adapter that a person must mend: a permission, a folder. No error quotes a
 * text.
 */

import { isSecretName, SECRET_NAME_EXPECTED } from '../domain/secret-name.ts';
import { MillraceError } from '../errors.ts';

/** Calls throw `RangeError` for a name or a text that no secret can have. */
export interface SecretStore {
  /** The text of a secret as it is now; undefined when there is none of that name. */
  get(name: string): Promise<string | undefined>;

  /** Keeps a text under a name that is free. Returns what is kept under it: this text, or the one that was there. */
  create(name: string, text: string): Promise<string>;

  /** Afterwards the secret has this text, whether or not there was one. Of concurrent calls the last one counts. */
  replace(name: string, text: string): Promise<void>;
}

/** A secret is there and cannot be used as it is; others can. A person must mend it: the message says what and how. */
export class SecretUnusableError extends MillraceError {
  /** Of the secret. */
  readonly secretName: string;

  constructor(secretName: string, problem: string, options: ErrorOptions = {}) {
    super('secret-unusable', `the secret ${secretName} cannot be used: ${problem}`, options);
    this.secretName = secretName;
  }
}

/** Bytes of UTF-8: of a standard parameter of SSM. */
const MAX_SECRET_BYTES = 4_096;

/** @throws RangeError */
export function assertSecretName(name: string): void {
  if (!isSecretName(name)) throw new RangeError(`the name of a secret must be ${SECRET_NAME_EXPECTED}`);
}

/** @throws RangeError, which does not quote the text */
export function assertSecretText(text: string): void {
  const isFitting = text !== '' && Buffer.byteLength(text) <= MAX_SECRET_BYTES && text.isWellFormed();
  // Parameter Store takes two braces for a reference to another parameter.
  if (isFitting && !text.includes('{{')) return;
  throw new RangeError(`a secret must be 1 to ${MAX_SECRET_BYTES} bytes of Unicode text without {{`);
}
