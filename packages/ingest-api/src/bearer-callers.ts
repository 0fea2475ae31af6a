/**
 * Callers that show a key: `authorization: Bearer mlr_…` (RFC 6750).
 *
 * While there has never been a key, whoever is on this machine may do anything. From the first key on every request needs
 * one, and it stays so when the last is revoked.
 */

import { type ApiKey, type Clock, isKeyOf, keyState, readKeyText } from '@millrace/core';
import type { Context } from 'hono';
import { ANYONE, type Caller, type CallerOf } from './caller.ts';
import type { KeyQuotas } from './key-quota.ts';
import type { KeyRing } from './key-ring.ts';
import { isLoopback } from './loopback.ts';
import { forbidden, ProblemError } from './problem-document.ts';

export interface BearerCallersDeps {
  readonly keys: Pick<KeyRing, 'isEmpty' | 'find'>;
  readonly clock: Clock;
  readonly quotas: KeyQuotas;
  /** Do only programs of this machine reach the API? Elsewhere nobody gets in without a key, even if there is none. */
  readonly isLocal: boolean;
}

export function createBearerCallers({ keys, clock, quotas, isLocal }: BearerCallersDeps): CallerOf {
  return (c) => {
    if (isLocal && keys.isEmpty()) return localCaller(c);
    const token = bearerToken(c.req.header('authorization'));
    if (token === undefined) throw unauthorized('a key is needed: authorization: Bearer mlr_…');
    const given = readKeyText(token);
    if (given === undefined) throw refused('the key is not whole: copy it again, from mlr_ to its last character');
    const key = keys.find(given.id);
    const isGenuine = isKeyOf(key, given.hash);
    if (key === undefined || !isGenuine) throw refused('it is not a key of this server');
    // Only who has the key learns what became of it.
    const state = keyState(key, clock.now());
    if (state !== 'good') throw refused(`${nameOf(key)} ${state === 'revoked' ? 'was revoked' : 'has expired'}`);
    return callerWith(key, quotas);
  };
}

function callerWith(key: ApiKey, quotas: KeyQuotas): Caller {
  const { senders, scopes } = key;
  return { name: nameOf(key), senders, scopes, key, quota: quotas.of(key) };
}

function nameOf({ id, name }: ApiKey): string {
  return `key ${id} (${name})`;
}

/**
 * A page that a browser shows can have its own name lead to this machine, and a proxy can bring the world to it: the name
 * that they ask for gives them away.
 */
function localCaller(c: Context): Caller {
  const { hostname } = new URL(c.req.url);
  if (isLoopback(hostname)) return ANYONE;
  throw forbidden([], `without keys this server answers to 127.0.0.1, [::1] and localhost only, not to ${hostname}`);
}

/** Undefined when there is none, or something else. */
function bearerToken(header = ''): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(header)?.[1];
}

const CHALLENGE = 'Bearer realm="millrace"';

/** Who shows nothing is told no error (RFC 6750 §3.1). */
function unauthorized(detail: string, challenge = CHALLENGE): ProblemError {
  return new ProblemError('forbidden', 401, { detail, headers: { 'www-authenticate': challenge } });
}

function refused(detail: string): ProblemError {
  return unauthorized(detail, `${CHALLENGE}, error="invalid_token"`);
}
