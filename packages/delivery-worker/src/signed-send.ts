/** Finds what a request is signed with before its message is claimed. */

import { type AttemptOutcome, type Entry, SecretUnusableError, type SigningSecrets } from '@millrace/core';
import type { TimingsListener } from './exchange-timings.ts';
import type { Target } from './http-target.ts';

/** Makes the request of an entry, as the attempt of a time (epoch milliseconds). */
export type SignedSend = (deadlineMs: number, now: number, observe?: TimingsListener) => Promise<AttemptOutcome>;

export interface SigningDeps {
  readonly signing: Pick<SigningSecrets, 'secretsOf'>;
  readonly target: Pick<Target, 'send'>;
}

/**
 * Nothing is sent unsigned: a secret that a person must mend stands in the way of the messages of its sender, each a
 * dead letter that names it.
 *
 * @throws when the secrets cannot be had now: the entry is to be left to its queue
 */
export async function prepareSend(entry: Entry, { signing, target }: SigningDeps): Promise<SignedSend> {
  try {
    const secrets = await signing.secretsOf(entry.identity.senderId);
    return (deadlineMs, now, observe) =>
      target.send(entry, deadlineMs, { secrets, timestamp: Math.floor(now / 1_000) }, observe);
  } catch (error) {
    if (!(error instanceof SecretUnusableError)) throw error;
    const outcome: AttemptOutcome = { kind: 'blocked', detail: error.message };
    return () => Promise.resolve(outcome);
  }
}
