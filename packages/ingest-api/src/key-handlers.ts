/**
 * The calls that make, list and revoke keys. They are for callers of all senders: a key says who may do what, and who
 * could say it for others could do anything.
 */

import { type Clock, excessOf, type Grant, KEY_BYTES, keyText, readKeyText, type StoredKey } from '@millrace/core';
import type { Caller, CallerHandler } from './caller.ts';
import { jsonResponse } from './json-response.ts';
import type { KeyRing } from './key-ring.ts';
import { createKeySchema, grantOf, keyView } from './key-schema.ts';
import { forbidden, notFound } from './problem-document.ts';
import type { Problem } from './problems.ts';
import { readJsonBody } from './request-body.ts';
import { validate } from './validate.ts';

export interface KeyDesk {
  readonly ring: KeyRing;
  /** So many bytes that nobody can foresee. */
  readonly randomBytes: (count: number) => Uint8Array;
}

/** `POST /keys` */
export function postKey({ ring, randomBytes }: KeyDesk, clock: Clock): CallerHandler {
  const schema = createKeySchema(() => clock.now());
  return async (c, caller, visit) => {
    assertAllSenders(caller);
    const request = validate(schema, await readJsonBody(c.req.raw, visit.grow));
    const grant = grantOf(request);
    assertWithin(grant, caller);
    for (;;) {
      const text = keyText(randomBytes(KEY_BYTES));
      const key = newKey(text, request.name, grant, clock.now());
      if (await ring.add(key))
        return jsonResponse({ ...keyView(key), key: text }, 201, { 'cache-control': 'no-store' });
    }
  };
}

/** `GET /keys` */
export function getKeys({ ring }: KeyDesk): CallerHandler {
  return async (c, caller) => {
    assertAllSenders(caller);
    return c.json({ keys: (await ring.list()).map(keyView) });
  };
}

/** `DELETE /keys/{keyId}`: the key is refused from the next request on. It stays in the list. */
export function deleteKey({ ring }: KeyDesk, clock: Clock): CallerHandler<'/:keyId'> {
  return async (c, caller) => {
    assertAllSenders(caller);
    const key = await ring.revoke(c.req.param('keyId'), clock.now());
    if (key === undefined) throw notFound('there is no key of that id');
    return c.json(keyView(key));
  };
}

function assertAllSenders({ name, senders }: Caller): void {
  if (senders === 'all') return;
  throw forbidden([], `keys are for who may act for all senders; ${name} may act for ${senders.join(', ')}`);
}

/** Where each part of a grant stands in the request. */
const PATHS: Readonly<Record<keyof Grant, string>> = {
  senders: '$.senders',
  scopes: '$.scopes',
  expiresAt: '$.expiresAt',
  limits: '$.rate, $.backlog',
};

/** A key gives no more than the one that makes it: neither senders nor scopes, neither longer nor faster. */
function assertWithin(grant: Grant, { key, name }: Caller): void {
  if (key === undefined) return;
  const problems = excessOf(grant, key).map(
    (part): Problem => ({ path: PATHS[part], message: `gives more than ${name} has` }),
  );
  if (problems.length > 0) throw forbidden(problems);
}

function newKey(text: string, name: string, grant: Grant, now: number): StoredKey {
  const reading = readKeyText(text);
  if (reading === undefined) throw new Error('a new key cannot be read');
  return { ...reading, ...grant, name, createdAt: now, revokedAt: null };
}
