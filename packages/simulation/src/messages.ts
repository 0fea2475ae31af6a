/** The messages of a history. */

import { hash } from 'node:crypto';
import { canonicalUrl, type DeliveryRequest, type Entry, type Message } from '@millrace/core';
import type { History, MessagePlan } from './history.ts';

export const SENDER = 'billing';
const TIMESTAMP = '2026-11-22T10:00:00Z';
/** More than fits into a queue. */
const LARGE_BYTES = 270_000;

export interface SimMessage {
  /** Its `messageId`. */
  readonly name: string;
  readonly plan: MessagePlan;
  readonly targetUrl: string;
}

export function messagesOf(history: History): readonly SimMessage[] {
  return history.messages.map((plan, index) => ({ name: `m${index + 1}`, plan, targetUrl: urlOf(plan.origin) }));
}

function urlOf(origin: number): string {
  return canonicalUrl(`https://target-${origin + 1}.example/hooks`);
}

/**
 * A message as its client posts it.
 * @param isOther with another content under the same identity
 * @param now epoch milliseconds, for when it expires
 */
export function toMessage({ name, plan, targetUrl }: SimMessage, isOther: boolean, now: number): Message {
  const text = contentOf(name, isOther);
  return {
    identity: { senderId: SENDER, messageId: name, timestamp: TIMESTAMP, targetUrl },
    request: {
      method: 'POST',
      headers: [['content-type', 'text/plain']],
      body: plan.isLarge ? enlarged(text) : Buffer.from(text),
    },
    plan: { maxAttempts: plan.maxAttempts, expiresAt: now + plan.lifetimeMs },
  };
}

/** Which content a body is, wherever it stands; undefined: none that a client has posted. */
export function isOtherContent(name: string, request: Pick<DeliveryRequest, 'body' | 'payload'>): boolean | undefined {
  return [true, false].find((isOther) => isContent(contentOf(name, isOther), request));
}

function isContent(text: string, { body, payload }: Pick<DeliveryRequest, 'body' | 'payload'>): boolean {
  if (payload === undefined) return Buffer.from(text).equals(body);
  return body.length === 0 && payload.sha256 === hash('sha256', enlarged(text), 'hex');
}

function enlarged(text: string): Buffer {
  return Buffer.from(text.padEnd(LARGE_BYTES, '.'));
}

function contentOf(name: string, isOther: boolean): string {
  return `${name}${isOther ? ' with another content' : ''}`;
}

/** An entry that belongs to no message. */
export function anOrphan(name: string, now: number): Entry {
  const plan = { at: 0, origin: 0, maxAttempts: 3, lifetimeMs: 3_600_000, isLarge: false, answers: [] };
  const { identity, request, plan: delivery } = toMessage({ name, plan, targetUrl: urlOf(0) }, false, now);
  return { v: 1, identity, request, round: 0, notBefore: now, ...delivery };
}
