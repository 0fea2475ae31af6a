/**
 * What requests other than messages must be.
 */

import { LIMITS, OVERLAP_MS, REASONS, STATUSES } from '@millrace/core';
import * as z from 'zod/mini';
import { closedObject, described, idField, instantField, oneOf, textField, urlField, wholeNumber } from './fields.ts';

/** `items` is the schema of a message, or of anything when each message is to have a result of its own. */
export function batchSchema<Item extends z.core.$ZodType>(item: Item) {
  const error = `an array of 1 to ${LIMITS.batchSize} messages`;
  const messages = z.array(item, { error }).check(z.minLength(1, { error }), z.maxLength(LIMITS.batchSize, { error }));
  return closedObject({ messages: described(messages, error) });
}

const text = (expected: string) => described(z.string({ error: expected }), expected);

/** Plain-http targets too: what was accepted once can be looked for, whatever the configuration is now. */
const anyUrl = () => urlField({ allowHttp: true });

/** Which messages, by what they have in common. */
const filter = {
  senderId: z.exactOptional(idField()),
  target: z.exactOptional(anyUrl()),
  reason: z.exactOptional(oneOf(REASONS)),
  from: z.exactOptional(instantField(({ epochMs }) => epochMs)),
  to: z.exactOptional(instantField(({ epochMs }) => epochMs)),
};

const cursor = z.exactOptional(text('the cursor of the page before'));

const MOST_LISTED = 200;
const USUALLY_LISTED = 50;

export const listQuerySchema = closedObject({
  status: z.exactOptional(oneOf(STATUSES)),
  ...filter,
  limit: z._default(numberInText(1, MOST_LISTED), USUALLY_LISTED),
  cursor,
});

export const getQuerySchema = closedObject({ senderId: z.exactOptional(idField()) });

export const replaySchema = closedObject({
  senderId: idField(),
  timestamp: z.exactOptional(instantField((instant) => instant.text)),
  targetUrl: z.exactOptional(anyUrl()),
});

/** Messages that one call replays at most, and when it does not say. */
const REPLAY_LIMIT = 1_000;

export const replayManySchema = closedObject({
  ...filter,
  dryRun: z._default(z.boolean({ error: 'true or false' }), false),
  limit: z._default(wholeNumber(1, REPLAY_LIMIT), REPLAY_LIMIT),
  cursor,
});

/** Of a path that names a sender. */
export const senderPathSchema = closedObject({ senderId: idField() });

const SECOND_MS = 1_000;

export const rotateSchema = closedObject({
  overlapSeconds: z._default(wholeNumber(0, OVERLAP_MS.most / SECOND_MS), OVERLAP_MS.usual / SECOND_MS),
});

export const targetsQuerySchema = closedObject({
  senderId: z.exactOptional(idField()),
  limit: z._default(numberInText(1, MOST_LISTED), USUALLY_LISTED),
  cursor,
});

/** An origin, with or without its slash, or a URL. */
export const targetSchema = closedObject({ senderId: idField(), target: anyUrl() });

const SHA256_EXPECTED = 'the SHA-256 of the body as 64 hexadecimal digits in small letters';

export const payloadSchema = closedObject({
  senderId: idField(),
  sha256: described(
    z.string({ error: SHA256_EXPECTED }).check(z.regex(/^[0-9a-f]{64}$/, { error: SHA256_EXPECTED })),
    SHA256_EXPECTED,
  ),
  size: described(wholeNumber(1, LIMITS.payloadBytes), `bytes of the body: 1 to ${LIMITS.payloadBytes}`),
});

/** What a URL of this server carries: only it writes them. */
export const uploadQuerySchema = closedObject({
  senderId: idField(),
  size: numberInText(1, LIMITS.payloadBytes),
  expires: numberInText(0, Number.MAX_SAFE_INTEGER),
  signature: text('the signature of the URL'),
});

/** A whole number in a query parameter. */
function numberInText(min: number, max: number) {
  const expected = `a whole number from ${min} to ${max}`;
  return textField(
    expected,
    (digits, refuse) => {
      const number = /^[0-9]{1,16}$/.test(digits) ? Number(digits) : Number.NaN;
      return number >= min && number <= max ? number : refuse(`is ${JSON.stringify(digits)}`);
    },
    { type: 'integer', minimum: min, maximum: max },
  );
}
