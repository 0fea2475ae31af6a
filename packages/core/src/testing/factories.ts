/** Valid data of the domain. Every value can be overridden; what a test does not name is of no concern to it. */

import type { StoredKey } from '../domain/api-key.ts';
import { webhookId } from '../domain/identity.ts';
import { LIMITS, type Message } from '../domain/message.ts';
import type { AttemptRecord } from '../ports/event-log.ts';
import type { Entry } from '../ports/message-store.ts';
import { START_TIME } from './manual-clock.ts';

let count = 0;

/** Another text on every call within a process, fit for every kind of id. */
export function uniqueId(prefix = 'id'): string {
  count += 1;
  return `${prefix}-${count}`;
}

export interface MessageOverrides
  extends Partial<Message['identity']>,
    Partial<Omit<Message['request'], 'body'>>,
    Partial<Message['plan']>,
    Pick<Message, 'traceparent'> {
  /** Text stands for its UTF-8 bytes. */
  readonly body?: string | Uint8Array;
}

/** A message with an identity of its own. By default it lives as long as it may from `START_TIME`. */
export function aMessage(overrides: MessageOverrides = {}): Message {
  const { payload, body = payload === undefined ? '{"total":12.5}' : '', traceparent } = overrides;
  return {
    identity: {
      senderId: overrides.senderId ?? 'billing',
      messageId: overrides.messageId ?? uniqueId('message'),
      timestamp: overrides.timestamp ?? '2026-11-22T10:00:00Z',
      targetUrl: overrides.targetUrl ?? 'https://partner.example/hooks',
    },
    request: {
      method: overrides.method ?? 'POST',
      headers: overrides.headers ?? [['content-type', 'application/json']],
      body: typeof body === 'string' ? new TextEncoder().encode(body) : body,
      ...(payload === undefined ? {} : { payload }),
    },
    plan: {
      maxAttempts: overrides.maxAttempts ?? LIMITS.defaultAttempts,
      expiresAt: overrides.expiresAt ?? START_TIME + LIMITS.lifetimeMs,
    },
    ...(traceparent === undefined ? {} : { traceparent }),
  };
}

export interface EntryOverrides extends MessageOverrides, Partial<Pick<Entry, 'round' | 'notBefore'>> {}

/** The entry of a message as a queue holds it. */
export function anEntry(overrides: EntryOverrides = {}): Entry {
  const { plan, ...message } = aMessage(overrides);
  const { round = 0, notBefore = START_TIME } = overrides;
  return { v: 1, ...message, round, notBefore, ...plan };
}

/** An attempt that succeeded at once. */
export function anAttemptRecord(overrides: Partial<AttemptRecord> = {}): AttemptRecord {
  const { identity } = aMessage();
  return {
    senderId: identity.senderId,
    messageId: identity.messageId,
    messageTimestamp: identity.timestamp,
    targetOrigin: 'https://partner.example',
    webhookId: webhookId(identity),
    attempt: 1,
    startedAt: START_TIME,
    statusCode: 200,
    outcome: 'success',
    reason: null,
    errorClass: null,
    connectMs: 1.5,
    firstByteMs: 20.25,
    totalMs: 21.125,
    requestBytes: 14,
    responseBytes: 2,
    worker: 'worker-1',
    ...overrides,
  };
}

/** A key of one sender, with an id of its own, that no text has. */
export function aStoredKey(overrides: Partial<StoredKey> = {}): StoredKey {
  return {
    id: uniqueId('key'),
    hash: 'ab'.repeat(32),
    name: 'the billing service',
    senders: ['billing'],
    scopes: ['send', 'read'],
    expiresAt: null,
    limits: { rate: null, backlog: null },
    createdAt: START_TIME,
    revokedAt: null,
    ...overrides,
  };
}
