/**
 * What answers are, for the contract. Errors are in problem-document.ts, messages in views.ts.
 */

import { STATUSES } from '@millrace/core';
import * as z from 'zod/mini';
import { described } from './fields.ts';
import { problemDocumentSchema, problemSchema } from './problem-document.ts';
import { targetViewSchema } from './target-views.ts';
import { count, messageViewSchema, time } from './views.ts';

const cursor = described(z.nullable(z.string()), 'Continue here; null when nothing is left');

/** Of one message that is stored. */
export const acceptedSchema = z.object({
  messageId: z.string(),
  senderId: z.string(),
  status: z.enum(STATUSES),
  duplicate: described(z.boolean(), 'Whether it was accepted before'),
});

/** Of one message of a batch. */
export const resultSchema = z.object({
  index: count('Its place in the request, from 0; blank lines do not count'),
  messageId: described(z.nullable(z.string()), 'As it was given; null when it could not be read'),
  result: z.enum(['accepted', 'duplicate', 'invalid', 'conflict', 'unavailable']),
  status: z.exactOptional(described(z.enum(STATUSES), 'Of a message that is stored')),
  problems: z.exactOptional(
    described(
      z.array(problemSchema),
      'Of an invalid message: everything that is wrong, or a sender that is not allowed',
    ),
  ),
});

const results = { results: described(z.array(resultSchema), 'One for each message, in the order of the request') };

export const resultsSchema = z.object(results);

export const batchUnavailableSchema = z.extend(problemDocumentSchema, {
  results: z.exactOptional(described(results.results, 'Left out when the request was refused before it was read')),
});

export const uploadSchema = z.object({
  payloadId: described(z.string(), 'What a message names the body by, once it is uploaded'),
  uploadUrl: described(z.string(), 'PUT the bytes here, all in one request', { format: 'uri' }),
  headers: described(z.record(z.string(), z.string()), 'What the PUT must carry, and no other headers of `x-amz-`'),
  expiresAt: time('When the PUT must have begun'),
});

export const uploadedSchema = z.object({ payloadId: z.string() });

export const messagesSchema = z.object({ messages: z.array(messageViewSchema) });

export const messagePageSchema = z.object({
  messages: described(z.array(messageViewSchema), 'Newest first; a page can hold fewer than were asked for'),
  cursor,
});

export const targetPageSchema = z.object({
  targets: described(z.array(targetViewSchema), 'A page can hold fewer than were asked for'),
  cursor,
});

export const replayedSchema = z.object({ replayed: count('Messages that go through a fresh plan') });

export const replayPageSchema = z.object({
  replayed: count('Messages that go through a fresh plan; 0 of a dry run'),
  remaining: count('FAILED messages that match and were not replayed by this call'),
  cursor,
});

export const signingSecretsSchema = z.object({
  senderId: z.string(),
  secrets: described(
    z.array(
      z.object({
        secret: described(z.string(), '`whsec_` and the base64 of its bytes, after Standard Webhooks'),
        createdAt: time('When it was made'),
        inForceUntil: z.nullable(time('When it signs for the last time; null: until it is rotated')),
      }),
    ),
    'Those that sign the requests of the sender now, newest first',
  ),
});

export const statsSchema = z.object({
  accepted: count('Ever accepted'),
  succeeded: count('Delivered'),
  failed: count('Dead letters'),
  waiting: count('On their way'),
  difference: described(z.number(), 'accepted - succeeded - failed - waiting: 0 when it adds up', { type: 'integer' }),
});

export const healthSchema = z.object({ status: z.enum(['ok', 'ready']) });

export const notReadySchema = z.extend(problemDocumentSchema, {
  parts: z.array(z.object({ part: described(z.string(), 'What does not work'), detail: z.string() })),
});
