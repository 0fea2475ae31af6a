/** The messages of a history. */

import { hash } from 'node:crypto';
import { canonicalUrl, type DeliveryRequest, type Entry, type Message } from '@millrace/core';
import type { History, MessagePlan, Outage } from './history.ts';

const SENDERS = ['billing', 'shop'] as const;
/** Of entries without a message. */
export const STRANGER = SENDERS[0];
const TIMESTAMP = '2026-11-22T10:00:00Z';
/** More than fits into a queue. */
const LARGE_BYTES = 270_000;

export interface SimMessage {
  /** Its `messageId`. */
  readonly name: string;
  readonly plan: MessagePlan;
  readonly senderId: string;
  readonly targetUrl: string;
}

export function messagesOf({ messages, outages }: History): readonly SimMessage[] {
  return [...messages, ...outages.flatMap(messagesDuring)].map((plan, index) => named(`m${index + 1}`, plan));
}

function messagesDuring({ at, origin, messages, everyMs, plan }: Outage): readonly MessagePlan[] {
  return Array.from({ length: messages }, (_, number) => ({
    ...{ ...plan, at: at + number * everyMs, origin, isLarge: false, answers: [] },
  }));
}

function named(name: string, plan: MessagePlan): SimMessage {
  const targetUrl = canonicalUrl(`${originOf(plan.origin)}/hooks/${plan.path + 1}`);
  return { name, plan, senderId: SENDERS[plan.sender] ?? SENDERS[0], targetUrl };
}

export function originOf(origin: number): string {
  return `https://target-${origin + 1}.example`;
}

/**
 * A message as its client posts it.
 * @param isOther with another content under the same identity
 * @param now epoch milliseconds, for when it expires
 */
export function toMessage({ name, plan, senderId, targetUrl }: SimMessage, isOther: boolean, now: number): Message {
  const text = contentOf(name, isOther);
  return {
    identity: { senderId, messageId: name, timestamp: TIMESTAMP, targetUrl },
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
  const where = { sender: 0, origin: 0, path: 0 };
  const plan = { ...where, at: 0, maxAttempts: 3, lifetimeMs: 3_600_000, isLarge: false, answers: [] };
  const { identity, request, plan: delivery } = toMessage(named(name, plan), false, now);
  return { v: 1, identity, request, round: 0, notBefore: now, ...delivery };
}
