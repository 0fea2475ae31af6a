/**
 * A message as operators see it, in JSON.
 */

import { type MessageView, REASONS, STATUSES } from '@millrace/core';
import * as z from 'zod/mini';
import { described } from './fields.ts';

export const time = (description: string) => described(z.string(), description, { format: 'date-time' });
export const count = (description: string) => described(z.number(), description, { type: 'integer', minimum: 0 });
const statusCode = { type: 'integer', minimum: 100, maximum: 999 };

export const messageViewSchema = z.object({
  messageId: z.string(),
  senderId: z.string(),
  timestamp: time('In canonical form: UTC, the fraction without trailing zeros'),
  targetUrl: described(z.string(), 'In canonical form'),
  status: z.enum(STATUSES),
  attempts: count('Attempts within the present plan'),
  maxAttempts: count('Attempts that the plan allows'),
  totalAttempts: count('Attempts over all replays'),
  replays: count('How often it was sent through a fresh plan'),
  acceptedAt: time('When it was stored'),
  updatedAt: time('When its status changed last'),
  expiresAt: time('No attempt starts at or after this time'),
  nextAttemptAt: z.nullable(
    time('When the next attempt may start or the lease of the running one ends; null at the end'),
  ),
  reason: described(z.nullable(z.enum(REASONS)), 'Why it is a dead letter'),
  lastError: z.nullable(
    z.object({
      statusCode: z.nullable(described(z.number(), 'HTTP status; null when there was no answer', statusCode)),
      message: z.string(),
      at: time('When the attempt ended'),
    }),
  ),
});

export function messageView(view: MessageView): z.output<typeof messageViewSchema> {
  const { identity, status, attempts, maxAttempts, totalAttempts, replays, reason, lastError } = view;
  const { messageId, senderId, timestamp, targetUrl } = identity;
  return {
    messageId,
    senderId,
    timestamp,
    targetUrl,
    status,
    attempts,
    maxAttempts,
    totalAttempts,
    replays,
    acceptedAt: isoTime(view.acceptedAt),
    updatedAt: isoTime(view.updatedAt),
    expiresAt: isoTime(view.expiresAt),
    nextAttemptAt: view.nextAttemptAt === null ? null : isoTime(view.nextAttemptAt),
    reason,
    lastError: lastError && {
      statusCode: lastError.statusCode,
      message: lastError.message,
      at: isoTime(lastError.at),
    },
  };
}

export function isoTime(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
