/**
 * Keys in JSON: what is asked for, and what is shown.
 */

import { type ApiKey, type Grant, LIMITS, SCOPES } from '@millrace/core';
import * as z from 'zod/mini';
import { addFault, closedObject, described, instantField, textField, wholeNumber } from './fields.ts';
import { sendersField, sendersJson } from './senders-field.ts';
import { isoTime, time } from './views.ts';

const NAME_EXPECTED = '1 to 100 characters for people, without line breaks or other control characters';
const SCOPES_EXPECTED = `an array of some of ${SCOPES.join(', ')}, none twice`;
const EXPIRES_EXPECTED = 'an RFC 3339 date and time in the future, such as 2027-11-22T10:00:00Z';

/** A key without `operate` can change nothing: what is not asked for is not given. */
const USUAL_SCOPES = ['send', 'read'] as const;
const MOST_PER_SECOND = 1_000_000;
const MOST_WAITING = 1_000_000_000;

/** @param now epoch milliseconds */
export function createKeySchema(now: () => number) {
  return closedObject({
    name: nameField(),
    senders: sendersField(),
    scopes: z._default(scopesField(), [...USUAL_SCOPES]),
    expiresAt: z.exactOptional(
      instantField(
        ({ epochMs }, refuse) => (epochMs > now() ? epochMs : refuse('is not in the future')),
        EXPIRES_EXPECTED,
      ),
    ),
    rate: z.exactOptional(rateField()),
    backlog: z.exactOptional(
      described(wholeNumber(1, MOST_WAITING), 'Messages of its senders that may wait; more are refused with 429'),
    ),
  });
}

export type KeyRequest = z.output<ReturnType<typeof createKeySchema>>;

export function grantOf({ senders, scopes, expiresAt, rate, backlog }: KeyRequest): Grant {
  return { senders, scopes, expiresAt: expiresAt ?? null, limits: { rate: rate ?? null, backlog: backlog ?? null } };
}

function nameField() {
  return textField(
    NAME_EXPECTED,
    (text, refuse) => {
      if (text.trim() === '') return refuse('is empty');
      if (text.length > 100) return refuse(`has ${text.length} characters`);
      return /^\P{C}+$/u.test(text) ? text : refuse('holds control characters');
    },
    { minLength: 1, maxLength: 100 },
  );
}

function scopesField() {
  const list = z
    .array(z.enum(SCOPES, { error: `one of ${SCOPES.join(', ')}` }), { error: SCOPES_EXPECTED })
    .check(z.minLength(1, { error: SCOPES_EXPECTED }), (payload) => {
      if (new Set(payload.value).size < payload.value.length) addFault(payload, 'names a scope twice', SCOPES_EXPECTED);
    });
  return described(list, SCOPES_EXPECTED, { uniqueItems: true });
}

/** A batch of the largest size must fit into the burst, or it could never be let in. */
function rateField() {
  const perSecond = described(wholeNumber(1, MOST_PER_SECOND), 'Messages a second that may be handed in, on average');
  const burst = described(
    wholeNumber(LIMITS.batchSize, MOST_PER_SECOND),
    `Messages at once; when left out, as many as a second, and at least ${LIMITS.batchSize}`,
  );
  const fields = closedObject({ perSecond, burst: z.exactOptional(burst) });
  const reading = z.transform((rate: z.output<typeof fields>) => ({
    perSecond: rate.perSecond,
    burst: rate.burst ?? Math.max(LIMITS.batchSize, rate.perSecond),
  }));
  return z.pipe(fields, reading);
}

const count = (description: string) => described(z.number(), description, { type: 'integer', minimum: 1 });

export const keyViewSchema = z.object({
  id: described(z.string(), 'Public: the part of the key before its secret, by which it is revoked'),
  name: z.string(),
  senders: described(z.array(z.string()), 'Senders that it may act for; `["*"]`: all'),
  scopes: z.array(z.enum(SCOPES)),
  createdAt: time('When it was made'),
  expiresAt: described(z.nullable(time('From then on it is refused')), 'null: never'),
  revokedAt: described(z.nullable(time('Since then it is refused')), 'null: it is not revoked'),
  rate: described(
    z.nullable(z.object({ perSecond: count('Messages a second'), burst: count('Messages at once') })),
    'null: the limit of the server, if it has one',
  ),
  backlog: described(z.nullable(count('Messages that may wait')), 'null: the limit of the server, if it has one'),
});

export const newKeySchema = z.extend(keyViewSchema, {
  key: described(z.string(), 'The key itself. It is not kept, and never shown again'),
});

export const keysSchema = z.object({ keys: described(z.array(keyViewSchema), 'In the order in which they were made') });

export function keyView(key: ApiKey): z.output<typeof keyViewSchema> {
  const { id, name, senders, scopes, createdAt, expiresAt, revokedAt, limits } = key;
  return {
    id,
    name,
    senders: [...sendersJson(senders)],
    scopes: [...scopes],
    createdAt: isoTime(createdAt),
    expiresAt: expiresAt === null ? null : isoTime(expiresAt),
    revokedAt: revokedAt === null ? null : isoTime(revokedAt),
    rate: limits.rate,
    backlog: limits.backlog,
  };
}
