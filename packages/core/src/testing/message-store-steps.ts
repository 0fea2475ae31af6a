/** What tests of a message store do again and again, in one line each. */

import type { Result } from '../domain/lifecycle.ts';
import type { Message } from '../domain/message.ts';
import type { Reason } from '../domain/outcome.ts';
import type {
  AttemptError,
  ClaimResult,
  Entry,
  MessageStore,
  MessageView,
  SettleResult,
} from '../ports/message-store.ts';
import { aMessage, type MessageOverrides, uniqueId } from './factories.ts';
import type { MessageStoreHarness } from './message-store-harness.ts';

/** Milliseconds; the lease of every claim that names no other. */
export const LEASE_MS = 60_000;
export const DAY_MS = 86_400_000;
/** Milliseconds that a delivered message stays known by default. */
export const DEDUPE_MS = 7 * DAY_MS;
/** Milliseconds that a dead letter stays. */
export const FAILED_MS = 30 * DAY_MS;

export const SUCCESS: Result = { kind: 'success' };
export const ANSWER_500: AttemptError = { statusCode: 500, message: 'HTTP 500' };

export function failure(reason: Reason = 'exhausted'): Result {
  return { kind: 'failure', reason, requested: true };
}

/** @param due epoch milliseconds */
export function retry(due: number): Result {
  return { kind: 'retry', due };
}

/** The only item of a batch of one. */
export function only<T>(items: readonly T[]): T {
  const [item] = items;
  if (item === undefined || items.length > 1) throw new Error(`expected one item, got ${items.length}`);
  return item;
}

/** A message that was just accepted. */
export async function accepted(store: MessageStore, overrides: MessageOverrides = {}): Promise<Message> {
  const message = aMessage(overrides);
  const { kind } = only(await store.accept([message]));
  if (kind !== 'accepted') throw new Error(`expected the message to be accepted, was ${kind}`);
  return message;
}

/** The entry that is due now; there must be no other, but there may be copies of it. */
export async function received(h: MessageStoreHarness): Promise<Entry> {
  const entries = await h.receive(10);
  const different = new Map(entries.map((entry) => [JSON.stringify([entry.identity, entry.round]), entry]));
  return only([...different.values()]);
}

/** Accepts a message and receives its entry. */
export async function acceptedEntry(h: MessageStoreHarness, overrides: MessageOverrides = {}): Promise<Entry> {
  await accepted(h.store, overrides);
  return await received(h);
}

export async function claim(store: MessageStore, entry: Entry, token = uniqueId('token')): Promise<ClaimResult> {
  return only(await store.claim([{ entry, token, leaseMs: LEASE_MS }]));
}

/** A claim that must be won. */
export interface Attempt {
  readonly entry: Entry;
  readonly token: string;
  readonly number: number;
}

/** Claims and wins. */
export async function won(store: MessageStore, entry: Entry): Promise<Attempt> {
  const token = uniqueId('token');
  const result = await claim(store, entry, token);
  if (result.kind !== 'won') throw new Error(`expected the claim to be won, was ${result.kind}`);
  return { entry, token, number: result.attempt };
}

/** Settles an attempt; what did not succeed got a 500. */
export async function settle(
  store: MessageStore,
  { entry, token }: Attempt,
  result: Result,
  error: AttemptError | null = result.kind === 'success' ? null : ANSWER_500,
): Promise<SettleResult> {
  return only(await store.settle([{ entry, token, result, error }]));
}

/** Accepts a message and makes its first attempt; the result is the caller's. */
export async function attempted(h: MessageStoreHarness, overrides: MessageOverrides = {}): Promise<Attempt> {
  return await won(h.store, await acceptedEntry(h, overrides));
}

/** Accepts a message and ends its first attempt with a result; its entry is acknowledged. */
export async function settledWith(
  h: MessageStoreHarness,
  result: Result,
  overrides: MessageOverrides = {},
): Promise<Attempt> {
  const attempt = await attempted(h, overrides);
  const outcome = await settle(h.store, attempt, result);
  if (outcome !== 'settled') throw new Error(`expected the result to be settled, was ${outcome}`);
  await h.acknowledge([attempt.entry]);
  return attempt;
}

/** How operators see the message of an entry. */
export async function view(store: MessageStore, { identity }: Pick<Message, 'identity'>): Promise<MessageView> {
  return only(await store.get(identity));
}
